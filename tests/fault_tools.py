"""What programs that run with the library of faults.c before the C library have in common."""

from __future__ import annotations

import ctypes
import os
import pickle
import signal
import time
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

import lanner

FAIL, KILL_BEFORE, KILL_AFTER, KILL_HALFWAY, FAIL_ON = 1, 2, 3, 4, 5
KILLS = (KILL_BEFORE, KILL_AFTER, KILL_HALFWAY)
DIM = 8


def arm(at: int, mode: int) -> None:
    ctypes.CDLL(None).faults_arm(at, mode)


def then(at: int, mode: int) -> None:
    ctypes.CDLL(None).faults_then(at, mode)


def calls() -> int:
    return int(ctypes.CDLL(None).faults_calls())


class Watch(ctypes.Structure):
    """What is known of syncs; see faults.c."""

    _fields_ = [(name, ctypes.c_longlong) for name in ("syncs", "node", "end")]


def watch() -> Watch:
    start = ctypes.CDLL(None).faults_watch
    start.restype = ctypes.POINTER(Watch)
    return start().contents  # type: ignore[no-any-return]


def make_syncs(*, slow: int = 0, refused: bool = False, next_refused: bool = False) -> None:
    ctypes.CDLL(None).faults_slow(slow)
    ctypes.CDLL(None).faults_refuse_syncs(2 if next_refused else int(refused))


def rows(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, DIM)).astype(np.float32)


def table(seed: int, count: int) -> dict[str, list[Any]]:
    rng = np.random.default_rng(seed)
    return {
        "year": [int(year) for year in rng.integers(1990, 2030, count)],
        "score": [None if value < 0.2 else float(value) for value in rng.random(count)],
        "open": [bool(value < 0.5) for value in rng.random(count)],
        "name": [f"näme {value}" for value in rng.integers(0, 9, count)],
        "tags": [["a", "b", "c"][: int(value)] for value in rng.integers(0, 4, count)],
        "numbers": [list(range(int(value))) for value in rng.integers(0, 3, count)],
    }


def make(count: int = 60) -> lanner.Index:
    index = lanner.Index(DIM, "l2", M=4, codec="SQ8")
    index.add(rows(1, count), range(count), attributes=table(1, count), threads=1)
    index.remove(range(5), threads=1)
    return index


def in_child(
    work: Callable[[Callable[[Any], None]], None], kill_after: float | None = None
) -> tuple[list[Any], int]:
    """Return what a forked child told before its end, and the signal that ended it, or 0.

    With ``kill_after``, that is what it is sent after so many seconds.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)

        def tell(what: Any) -> None:
            data = pickle.dumps(what)
            os.write(writing, len(data).to_bytes(4, "little") + data)

        status = 1
        try:
            work(tell)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    said = heard(reading)
    _, status = os.waitpid(child, 0)
    assert not os.WIFEXITED(status) or os.WEXITSTATUS(status) == 0, said
    return said, os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def heard(reading: int) -> list[Any]:
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    said, at = [], 0
    while at + 4 <= len(data):
        size = int.from_bytes(data[at : at + 4], "little")
        said.append(pickle.loads(data[at + 4 : at + 4 + size]))
        at += 4 + size
    return said
