"""``python -m bench.regress``: 0 if nothing rose, 1 if something did, 2 without valgrind."""

from __future__ import annotations

import argparse
import json
import pathlib
import sys

from bench.regress import counting, workloads


def main(arguments: list[str] | None = None) -> int:
    """Count, save, compare; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.regress",
        description="Instructions of small fixed runs, counted by valgrind.",
    )
    parser.add_argument("--save", type=pathlib.Path, help="write the counts to this file")
    parser.add_argument("--against", type=pathlib.Path, help="compare with this file")
    parser.add_argument("--tolerance", type=float, default=2.0, help="percent; default 2")
    parser.add_argument("--only", nargs="+", choices=workloads.WORKLOADS, metavar="RUN")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the files of callgrind")
    args = parser.parse_args(arguments)
    before = counting.read(args.against) if args.against else None
    if args.keep:
        args.keep.mkdir(parents=True, exist_ok=True)
    try:
        after = counting.count(args.only or workloads.WORKLOADS, args.keep)
    except counting.NoValgrindError as error:
        print(error, file=sys.stderr)
        return 2
    if args.save:
        args.save.write_text(json.dumps(after, indent=2) + "\n")
    if before is not None:
        table, worse = counting.compare(before, after, args.tolerance)
        print(table)
        return 1 if worse else 0
    for name, number in after["counts"].items():
        print(f"{name:12} {number:>15,}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
