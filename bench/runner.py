"""A run: every piece of work in a process of its own, one after the other, each once."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from bench import filters, machine, methods, records, sets, worker
from bench.dataset import BIT_METRICS, DEPTH, DataSet
from bench.report import head

# What each suite asks a method to take part in.
TAKES = {
    "plain": "plain",
    "build": "plain",
    "memory": "plain",
    "exact": "exact",
    "filtered": "filtered",
    "hashing": "hashing",
}
SUITES = (*TAKES, "kernels")
STATUS = {0: "ok", worker.UNABLE: "unable", worker.MISSING: "missing"}
# Of what a process printed, so much is kept: its first words and its last.
DETAIL = 2000


@dataclasses.dataclass(frozen=True)
class Options:
    """What to run, and how."""

    suite: str
    data: tuple[str, ...]
    methods: tuple[str, ...]  # none: all of the suite
    out: pathlib.Path
    k: tuple[int, ...] = (10,)
    threads: int = 1
    build_threads: int = 2
    rounds: int = 1
    grid: int | None = None  # so many build parameters a method at most
    seconds: float = 1.0  # to measure at least, each figure
    time_limit: float = 1800.0
    retry: bool = False  # what failed, crashed or took too long
    cache: pathlib.Path = pathlib.Path(tempfile.gettempdir()) / "lanner-bench"
    lock: pathlib.Path | None = None


@dataclasses.dataclass(frozen=True)
class Task:
    """One piece of work."""

    key: str
    suite: str
    data: str
    method: str
    build_parameters: dict[str, Any]
    round: int
    build_threads: int


def _wanted(options: Options) -> list[str]:
    """The methods asked for, or all of the suite."""
    known = methods.all_methods()
    fitting = sorted(name for name in known if TAKES[options.suite] in known[name].suites)
    for name in options.methods:
        if name not in known:
            raise SystemExit(f"no method {name!r}; there are {', '.join(sorted(known))}")
        if name not in fitting:
            raise SystemExit(
                f"{name!r} takes no part in the suite {options.suite!r}; "
                f"those that do are {', '.join(fitting)}"
            )
    return [name for name in fitting if not options.methods or name in options.methods]


def check(options: Options, loaded: dict[str, DataSet]) -> None:
    """Refuse what cannot be measured before anything is."""
    for name, data in loaded.items():
        if options.suite == "hashing" and data.metric not in BIT_METRICS:
            raise SystemExit(
                f"the suite 'hashing' is of binary codes, and {name!r} has metric {data.metric!r}; "
                "there are papers-64bit, papers-256bit, papers-1024bit, and files of codes"
            )
        most = min(DEPTH, len(data.base))
        if max(options.k) > most:
            raise SystemExit(f"--k must be at most {most} on {name!r}, got {max(options.k)}")


def plan(options: Options, loaded: dict[str, DataSet]) -> list[Task]:
    """All work of a run, in the order of doing: round by round, so that drift hits all alike."""
    tasks = []
    if options.suite == "kernels":
        for turn in range(options.rounds):
            key = records.key("kernels", "", "kernels", {}, (), 1, turn)
            tasks.append(Task(key, "kernels", "", "kernels", {}, turn, 1))
        return tasks
    wanted = _wanted(options)
    known = methods.all_methods()
    grids: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for data_name, data in loaded.items():
        for name in wanted:
            if data.metric in known[name].metrics:
                grids[data_name, name] = known[name]().grid(data)[: options.grid]
    counts = (1, options.build_threads) if options.suite == "build" else (options.build_threads,)
    for turn in range(options.rounds):
        for (data_name, name), grid in grids.items():
            for parameters in grid:
                for threads in dict.fromkeys(counts):
                    key = records.key(
                        options.suite, data_name, name, parameters, options.k, options.threads, turn
                    )
                    key += f"|build_threads={threads}"
                    tasks.append(
                        Task(key, options.suite, data_name, name, parameters, turn, threads)
                    )
    return tasks


@contextlib.contextmanager
def _locked(path: pathlib.Path | None) -> Iterator[None]:
    """Hold a file's lock, so that of several runs on a machine one measures at a time."""
    if path is None:
        yield
        return
    import fcntl

    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a worker and whatever it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _detail(said: bytes) -> str:
    text = said.decode(errors="replace").strip()
    if len(text) <= DETAIL:
        return text
    return text[: DETAIL // 4] + "\n...\n" + text[-DETAIL * 3 // 4 :]


def do(task: Task, options: Options) -> records.Record:
    """Run one piece of work and gather what it wrote, however it ended."""
    known = methods.all_methods()
    package = known[task.method].package if task.method in known else "lanner"
    request = {
        "suite": task.suite,
        "data": task.data,
        "method": task.method,
        "build_parameters": task.build_parameters,
        "build_threads": task.build_threads,
        "k": options.k,
        "threads": options.threads,
        "seconds": options.seconds,
        "cache": str(options.cache),
    }
    path = os.pathsep.join(filter(None, (str(machine.ROOT), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "PYTHONPATH": path,
    }
    with (
        tempfile.TemporaryDirectory(prefix="lanner-bench-") as folder,
        tempfile.TemporaryFile() as said,
        _locked(options.lock),
    ):
        results = pathlib.Path(folder) / "results.jsonl"
        # What a library leaves behind when it is ended goes with the folder.
        environment |= {"TMPDIR": folder, "TEMP": folder, "TMP": folder}
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", json.dumps(request), str(results)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code = process.wait(options.time_limit)
            status = STATUS.get(code, "crashed" if code < 0 else "failed")
        except subprocess.TimeoutExpired:
            status = "timeout"
        finally:
            _kill(process)
        lines = results.read_bytes().splitlines(keepends=True) if results.exists() else []
        said.seek(0)
        detail = _detail(said.read())
    gathered = [json.loads(line) for line in lines if line.endswith(b"\n")]
    if status == "ok" and not any("done" in line for line in gathered):
        # Some libraries end the process with status 0 where they do not like the machine.
        status, detail = (
            "crashed",
            detail or "the process ended with status 0 before its work was done",
        )
    if status == "crashed" and process.returncode < 0:
        detail = f"ended by {signal.Signals(-process.returncode).name}\n{detail}"
    if status == "missing":
        detail += f"; pip install {package}"
    if status == "timeout":
        detail = f"ended after {options.time_limit:.0f} s\n{detail}"
    record: records.Record = {
        "format": records.FORMAT,
        "key": task.key,
        "suite": task.suite,
        "status": status,
        "detail": "" if status == "ok" else detail,
        "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "revision": machine.revision(),
        "machine": machine.describe(),
        "control": [line["control"] for line in gathered if "control" in line],
        "data": {"name": task.data},
        "method": task.method,
        "library": {"name": package, "version": machine.version(package)},
        "build_parameters": task.build_parameters,
        "threads": options.threads,
        "seconds": options.seconds,
        "round": task.round,
        "build": None,
        "points": [line["point"] for line in gathered if "point" in line],
        "filtered": [line["filtered"] for line in gathered if "filtered" in line],
        "kernels": [each for line in gathered for each in line.get("kernels", ())],
    }
    for line in gathered:
        record |= {name: line[name] for name in ("data", "build") if name in line}
    record["data"]["name"] = task.data
    return record


def _is_done(
    record: records.Record, task: Task, options: Options, loaded: dict[str, DataSet]
) -> bool:
    """Whether a record still holds: of the same data, library and effort."""
    if record["status"] == "missing" or (
        options.retry and record["status"] not in ("ok", "unable")
    ):
        return False
    data = loaded.get(task.data)
    fingerprint = record["data"].get("fingerprint")
    package = record["library"]["name"]
    return (
        (data is None or fingerprint in (None, data.fingerprint()))
        and record["library"]["version"] == machine.version(package)
        and (package != "lanner" or record["machine"].get("installed") == machine.installed())
        and record.get("seconds") == options.seconds
    )


def warnings_before(loaded: dict[str, DataSet]) -> list[str]:
    """What is better known before anything is measured."""
    told = [head.toy_words(name, len(data.base)) for name, data in loaded.items()]
    own = machine.installed()
    if own is not None and own["differs"]:
        told.append(head.differs_words(own["differs"]))
    return [each for each in told if each]


def run(options: Options, say: Callable[[str], None]) -> int:
    """Do what is not done yet; the number of pieces that did not end well, or 1 where none did."""
    before = {}
    if options.out.exists():
        before = {record["key"]: record for record in records.read([options.out])}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with open(options.out, "a"):
        pass  # What cannot be written is better known before anything is measured.
    loaded = {}
    if options.suite != "kernels":
        _wanted(options)
        loaded = {name: sets.load(name).with_truth(options.cache) for name in options.data}
        check(options, loaded)
        if options.suite == "filtered":
            for data in loaded.values():
                # Kept in the cache, lest it counts as the time of the first method.
                filters.of(data, max(options.k), options.cache)
    for warning in warnings_before(loaded):
        say(f"warning: {warning}")
    tasks = plan(options, loaded)
    failures = good = 0
    for number, task in enumerate(tasks, 1):
        words = (task.suite, task.data, task.method, task.build_parameters or "")
        head = f"[{number}/{len(tasks)}] " + " ".join(str(word) for word in words if word)
        record = before.get(task.key)
        if record is not None and _is_done(record, task, options, loaded):
            say(f"{head}: done before ({record['status']})")
        else:
            record = do(task, options)
            records.append(options.out, record)
            say(f"{head}: {_summary(record)}")
        failures += record["status"] not in ("ok", "missing", "unable")
        good += record["status"] == "ok"
    return failures or int(good == 0)


def _summary(record: records.Record) -> str:
    if record["status"] != "ok":
        last = record["detail"].strip().splitlines()[-1:] or [""]
        return f"{record['status']}: {last[0]}"
    said = []
    if record["build"]:
        threads = record["build"]["threads"]
        said.append(f"built in {record['build']['seconds']:.1f} s with {threads} threads")
    best = [
        (point["one"]["rate"], point["recall"][str(point["k"])])
        for point in record["points"]
        if point["recall"].get(str(point["k"]), 0) >= 0.95
    ]
    if best:
        rate, recall = max(best)
        said.append(f"{rate:,.0f} queries/s one a call at recall {recall:.3f}")
    if record["filtered"]:
        said.append(f"{len(record['filtered'])} groups of filtered queries")
    if record["kernels"]:
        said.append(f"{len(record['kernels'])} kernels")
    return ", ".join(said)
