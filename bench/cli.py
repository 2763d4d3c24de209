"""The command line: ``run``, ``report``, ``compare``, ``list``."""

from __future__ import annotations

import argparse
import pathlib
import signal
import sys
import tempfile

from bench import machine, methods, records, runner, sets


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    top = argparse.ArgumentParser(
        prog="python -m bench", description="lanner beside its peers, on the same work, in one run."
    )
    commands = top.add_subparsers(dest="command", required=True)

    run = commands.add_parser(
        "run", help="measure; what the file of results holds already is not run again"
    )
    run.add_argument("--suite", choices=runner.SUITES, default="plain")
    run.add_argument("--data", nargs="+", default=["demo"], metavar="NAME", help="names or paths")
    run.add_argument(
        "--methods",
        nargs="+",
        default=["all"],
        metavar="NAME",
        help="of `list`; all (the default): those of the suite",
    )
    run.add_argument("--out", type=pathlib.Path, default=pathlib.Path("results.jsonl"))
    run.add_argument("--k", type=int, nargs="+", default=[10], help="neighbours asked for; 10")
    run.add_argument("--threads", type=int, default=1, help="of one more batch, beside 1 and 2")
    run.add_argument("--build-threads", type=int, default=2)
    run.add_argument("--rounds", type=int, default=1, help="do all of it so often; medians count")
    run.add_argument("--grid", type=int, help="build parameters a method at most; default: all")
    run.add_argument("--seconds", type=float, default=1.0, help="to measure at least, each figure")
    run.add_argument(
        "--time-limit", type=float, default=1800.0, help="seconds a piece of work; 1800"
    )
    run.add_argument(
        "--retry", action="store_true", help="run again what failed, crashed or took too long"
    )
    run.add_argument(
        "--cache",
        type=pathlib.Path,
        default=pathlib.Path(tempfile.gettempdir()) / "lanner-bench",
        help="where exact answers are kept",
    )
    run.add_argument(
        "--lock", type=pathlib.Path, help="measure only while holding this file's lock"
    )

    report = commands.add_parser("report", help="a page, pictures and a Markdown table of results")
    report.add_argument("results", type=pathlib.Path, nargs="+")
    report.add_argument("--out", type=pathlib.Path, default=pathlib.Path("report"))

    compare = commands.add_parser("compare", help="what changed between two files of results")
    compare.add_argument("before", type=pathlib.Path)
    compare.add_argument("after", type=pathlib.Path)

    commands.add_parser("list", help="the data sets and methods, and which of them are here")
    return top


def _list() -> None:
    print("data sets (or the path of a file):")
    for name, source in sorted(sets.sources().items()):
        print(f"  {name:24} {'' if source.present() else 'not here: '}{source.about}")
    print("methods:")
    for name, method in sorted(methods.all_methods().items()):
        version = machine.version(method.package)
        state = (
            f"{method.package} {version}" if version else f"not here: pip install {method.package}"
        )
        print(f"  {name:24} {', '.join(sorted(method.suites)):20} {state}")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit status."""
    try:
        return _main(parser().parse_args(arguments))
    except OSError as error:
        raise SystemExit(str(error)) from None


def _main(args: argparse.Namespace) -> int:
    if args.command == "list":
        _list()
        return 0
    if args.command == "run":
        for name, value in (
            ("--k", min(args.k)),
            ("--rounds", args.rounds),
            ("--threads", args.threads),
            ("--build-threads", args.build_threads),
            ("--grid", 1 if args.grid is None else args.grid),
        ):
            if value < 1:
                raise SystemExit(f"{name} must be 1 or more, got {value}")
        for name, value in (("--seconds", args.seconds), ("--time-limit", args.time_limit)):
            if not value > 0:
                raise SystemExit(f"{name} must be more than 0, got {value}")
        options = runner.Options(
            suite=args.suite,
            data=tuple(args.data),
            methods=() if args.methods == ["all"] else tuple(args.methods),
            out=args.out,
            k=tuple(args.k),
            threads=args.threads,
            build_threads=args.build_threads,
            rounds=args.rounds,
            grid=args.grid,
            seconds=args.seconds,
            time_limit=args.time_limit,
            retry=args.retry,
            cache=args.cache,
            lock=args.lock,
        )
        # An ended run takes its worker with it.
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        try:
            return 1 if runner.run(options, lambda line: print(line, flush=True)) else 0
        except KeyboardInterrupt:
            print("stopped; the same command goes on from here", file=sys.stderr)
            return 130
    paths = args.results if args.command == "report" else [args.before, args.after]
    for path in paths:
        if not path.is_file():
            raise SystemExit(f"there is no file {path}")
    if args.command == "report":
        from bench import report

        found = records.read(args.results)
        if not found:
            raise SystemExit(f"no results in {', '.join(map(str, args.results))}")
        for path in report.write(found, args.out):
            print(path)
        return 0
    from bench import compare

    print(compare.compare(records.read([args.before]), records.read([args.after])), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
