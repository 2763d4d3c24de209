"""Progress of long work: a bar, plain lines, or a callable of the user's."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from lanner._core import WrongTypeError

Report = Callable[[int, int], object]
Progress = bool | Report | None

_SECONDS_BETWEEN_LINES = 1.0


@contextmanager
def reporting(progress: Progress, label: str) -> Iterator[Report | None]:
    """Yield a callable of ``(done, total)``, or None where nothing is to be reported.

    True shows the bar of rich if that is installed, else that of tqdm, else lines on standard
    error.
    """
    if progress is None or progress is False:
        yield None
    elif progress is True:
        with _best_bar(label) as report:
            yield report
    elif callable(progress):
        yield progress
    else:
        raise WrongTypeError(
            f"progress must be True, False or a callable, got {type(progress).__name__}"
        )


@contextmanager
def _best_bar(label: str) -> Iterator[Report]:
    for bar in (_rich_bar, _tqdm_bar):
        try:
            made = bar(label)
        except ImportError:
            continue
        report, close = made
        try:
            yield report
        finally:
            close()
        return
    yield _lines(label)


def _rich_bar(label: str) -> tuple[Report, Callable[[], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Progress(
        *columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(stderr=True)
    )
    task = bar.add_task(label, total=None)
    bar.start()
    return lambda done, total: bar.update(task, completed=done, total=total), bar.stop


def _tqdm_bar(label: str) -> tuple[Report, Callable[[], None]]:
    from tqdm import tqdm

    bar: Any = tqdm(desc=label, unit=" vectors")

    def report(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return report, bar.close


def _lines(label: str) -> Report:
    shown_at = -_SECONDS_BETWEEN_LINES

    def report(done: int, total: int) -> None:
        nonlocal shown_at
        now = time.monotonic()
        if done >= total or now - shown_at >= _SECONDS_BETWEEN_LINES:
            shown_at = now
            sys.stderr.write(f"{label}: {done} of {total}\n")
            sys.stderr.flush()

    return report
