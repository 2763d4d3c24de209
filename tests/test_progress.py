"""Progress, and interruption: by an exception of the callable's, by Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from conftest import points

import lanner
from lanner import WrongTypeError


class StopError(Exception):
    pass


def test_callable_is_told_of_all_work(graph, rng):
    index = lanner.Index(16, graph=graph)
    calls = []
    index.add(rng.standard_normal((3000, 16)), progress=lambda *call: calls.append(call))
    assert calls[-1] == (3000, 3000)
    assert {total for _, total in calls} == {3000}
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    calls.clear()
    index.upsert(points(10)[:, [0] * 16], range(10), progress=lambda *call: calls.append(call))
    assert calls[-1] == (10, 10)


@pytest.mark.parametrize("method", ["add", "upsert"])
def test_exception_of_the_callable_stops_the_work_and_changes_nothing(method, graph, rng):
    index = lanner.Index(16, graph=graph)
    index.add(rng.standard_normal((500, 16)))
    before = index.to_bytes()

    def stop(done: int, total: int) -> None:
        raise StopError(f"at {done} of {total}")

    ids = range(600, 3600) if method == "add" else range(400, 3400)
    with pytest.raises(StopError, match="of 3000"):
        getattr(index, method)(rng.standard_normal((3000, 16)), ids, progress=stop)
    assert len(index) == 500
    assert index.to_bytes() == before
    index.validate()
    getattr(index, method)(rng.standard_normal((3000, 16)), ids)
    assert len(index) == (3500 if method == "add" else 3400)
    index.validate()


@pytest.mark.skipif(sys.platform == "win32", reason="no signal can be sent to this process")
@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_stops_a_build_and_changes_nothing(threads, rng):
    index = lanner.Index(64, ef_construction=500)
    index.add(rng.standard_normal((300, 64)))
    before = index.to_bytes()
    rows = rng.standard_normal((100_000, 64))
    # Long enough for the interrupt to come in its middle on any machine: tens of seconds.
    killer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
    # A process started in the background of a shell ignores the signal unless told otherwise.
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    killer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            index.add(rows, threads=threads)
    finally:
        killer.join()
        signal.signal(signal.SIGINT, usual)
    assert index.to_bytes() == before
    index.validate()
    assert index.search(rows[:3], k=5).counts.tolist() == [5, 5, 5]


@pytest.mark.skipif(sys.platform == "win32", reason="no signal can be sent to this process")
@pytest.mark.parametrize("exact", [True, False])
def test_ctrl_c_stops_a_large_search(exact, rng):
    index = lanner.Index(64, "l2", M=8, ef_construction=20)
    index.add(rng.standard_normal((20_000, 64)).astype(np.float32))
    queries = rng.standard_normal((200_000, 64)).astype(np.float32)
    index.search_stats(reset=True)
    killer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)
    killer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            index.search(queries, k=5, exact=exact, ef=None if exact else 100, threads=2)
    finally:
        killer.join()
        signal.signal(signal.SIGINT, usual)
    # A search that ran to its end is counted; this one did not.
    assert index.search_stats()["queries"] == 0
    assert index.search(queries[:2], k=5).counts.tolist() == [5, 5]


def test_plain_lines_when_no_bar_is_installed(monkeypatch, capsys):
    for name in ("rich", "rich.console", "rich.progress", "tqdm"):
        monkeypatch.setitem(sys.modules, name, None)
    lanner.Index(4, "l2").add(points(10), progress=True)
    assert "adding: 10 of 10\n" in capsys.readouterr().err


def test_bar_of_rich(capsys):
    pytest.importorskip("rich")
    lanner.Index(4, "l2").add(points(10), progress=True)
    captured = capsys.readouterr()
    assert "10/10" in captured.err
    assert captured.out == ""


def test_bar_of_tqdm_when_rich_is_not_installed(monkeypatch, capsys):
    made = []

    class Bar:
        def __init__(self, **options):
            self.n, self.total, self.closed = 0, None, False
            made.append(self)

        def update(self, count):
            self.n += count

        def close(self):
            self.closed = True

    for name in ("rich", "rich.console", "rich.progress"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "tqdm", type(sys)("tqdm"))
    monkeypatch.setattr(sys.modules["tqdm"], "tqdm", Bar, raising=False)
    lanner.Index(4, "l2").add(points(10), progress=True)
    (bar,) = made
    assert (bar.n, bar.total, bar.closed) == (10, 10, True)
    assert capsys.readouterr().err == ""


def test_no_progress_prints_nothing(capfd):
    for progress in (None, False):
        lanner.Index(4, "l2").add(points(10), progress=progress)
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


@pytest.mark.parametrize("wrong", [1, "yes"])
def test_progress_that_cannot_be(wrong):
    index = lanner.Index(4, "l2")
    with pytest.raises(WrongTypeError, match="progress must be True, False or a callable"):
        index.add(points(10), progress=wrong)
    assert len(index) == 0


def test_other_threads_run_while_an_index_is_built(rng):
    index = lanner.Index(64, ef_construction=300)
    rows = rng.standard_normal((4000, 64)).astype(np.float32)
    counted = 0
    done = threading.Event()

    def count() -> None:
        nonlocal counted
        while not done.is_set():
            counted += 1
            time.sleep(0.001)

    counter = threading.Thread(target=count)
    counter.start()
    began = counted
    index.add(rows, threads=1)
    ran = counted - began
    done.set()
    counter.join()
    assert ran > 10


USE = """
import numpy as np
import lanner

index = lanner.Index(16, "l2")
index.add(np.random.default_rng(0).standard_normal((2000, 16)))
errors = []

def use(done, total):
    try:
        {call}
    except lanner.Error as error:
        errors.append(error)

index.add(np.zeros((500, 16)), progress=use)
assert len(index) == 2500
index.validate()
print(*set(map(str, errors)))
"""


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("index.search(np.zeros(16)), index.get([0]), len(index), repr(index), list(index)", ""),
        ("index.add(np.zeros((1, 16)))", "changed by this very thread"),
        ("index.remove([0])", "changed by this very thread"),
        ("index.to_bytes()", ""),
        ("index.save('a.lanner')", ""),
        ("index.validate()", ""),
    ],
)
def test_callable_that_uses_the_index_is_answered(call, message, tmp_path):
    # In a process of its own: what waits for itself would wait for ever. An error is an answer.
    code = USE.format(call=call)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert message in done.stdout
