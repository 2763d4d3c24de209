"""One piece of work in a process of its own: ``python -m bench.worker TASK RESULTS``.

TASK is JSON; results are written as they come to the file RESULTS, one JSON line each:
``{"build": ...}``, ``{"point": ...}``, ``{"filtered": ...}``, ``{"kernels": ...}``, and
``{"done": ...}`` at the end. What a process wrote before it died is kept.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import json
import pathlib
import sys
import traceback
from typing import Any

from bench import filtered, filters, machine, measure, methods, sets
from bench.method import NotHereError

# Exit status of a worker whose method says that it cannot do the work, and of one whose package is
# missing.
UNABLE = 43
MISSING = 44


class MissingError(Exception):
    """The package is not installed."""


class Results:
    """The file that results are appended to."""

    def __init__(self, path: pathlib.Path):
        self.path = path

    def add(self, **line: Any) -> None:
        """Write a line now."""
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def work(task: dict[str, Any], results: Results) -> None:
    """Do the work."""
    results.add(control=machine.control(task["seconds"] / 3))
    if task["suite"] == "kernels":
        from bench import kernels

        results.add(kernels=kernels.best_level_figures())
        results.add(control=machine.control(task["seconds"] / 3))
        results.add(done=True)
        return
    method = methods.make(task["method"])
    try:
        importlib.import_module(method.module)
    except ModuleNotFoundError as error:
        raise MissingError(str(error)) from None
    cache = pathlib.Path(task["cache"])
    data = sets.load(task["data"]).with_truth(cache)
    results.add(data=data.describe())
    if data.metric not in method.metrics:
        raise NotHereError(f"{method.name} has no metric {data.metric}")
    suite, ks, seconds = task["suite"], tuple(task["k"]), task["seconds"]
    parameters = task["build_parameters"]
    method.rehearse(data)
    given = dataclasses.replace(data, base=method.convert(data, data.base))
    threads = task["build_threads"]
    build = functools.partial(method.build, given, threads, **parameters)
    if suite == "filtered":
        admitted = filters.of(data, max(ks), cache)
        columns = data.read_attributes()
        build = functools.partial(method.build_filtered, given, columns, threads, **parameters)
    built = measure.build(build, threads)
    results.add(build=built)
    results.add(control=machine.control(seconds / 3))
    if suite in ("plain", "exact", "hashing"):
        measure.warm_up(method, data, parameters, ks[0], seconds)
        batches = tuple(sorted({task["threads"], 1, 2}))
        for point in measure.sweep(method, data, parameters, ks, batches, seconds):
            results.add(point=point)
    elif suite == "filtered":
        for group in filtered.sweep(method, data, admitted, parameters, ks, seconds):
            results.add(filtered=group)
    if suite not in ("build", "filtered"):
        # Last, for what was opened from a file may search otherwise than what was built.
        setting = method.sweep(data, parameters, ks[0])[0]
        first = method.convert(data, data.queries[:1])[0]
        results.add(build=built | measure.disk(method, first, ks[0], setting))
    results.add(control=machine.control(task["seconds"] / 3))
    results.add(done=True)


def main() -> None:
    """Run, and say by the exit status how it went."""
    task, results = json.loads(sys.argv[1]), Results(pathlib.Path(sys.argv[2]))
    try:
        work(task, results)
    except MissingError as error:
        print(error, file=sys.stderr)
        sys.exit(MISSING)
    except NotHereError as error:
        print(error, file=sys.stderr)
        sys.exit(UNABLE)
    except Exception:
        traceback.print_exc()
        sys.exit(1)


if __name__ == "__main__":
    main()
