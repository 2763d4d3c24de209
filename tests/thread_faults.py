"""Cases of faults.py in which several threads change one durable index."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fault_tools import DIM, in_child, make, make_syncs, rows, watch

import lanner

THREADS = 4


def thread_operation(thread: int, number: int) -> tuple[str, int, np.ndarray]:
    """What a thread does as its nth change: each brings about a state that there was not before."""
    first = thread * 1_000_000
    row = rows(first + number, 1)
    step = number % 5
    if step == 3:
        return "upsert", first + number - 2, row
    if step == 4:
        return "remove", first + number - 3, row
    return "add", first + number, row


def do(index: lanner.Index, operation: tuple[str, int, np.ndarray]) -> None:
    kind, item, row = operation
    if kind == "remove":
        index.remove([item])
    else:
        getattr(index, kind)(row, [item])


def thread_state(thread: int, done: int) -> dict[int, bytes]:
    state: dict[int, bytes] = {}
    for number in range(done):
        kind, item, row = thread_operation(thread, number)
        if kind == "remove":
            del state[item]
        else:
            state[item] = row.tobytes()
    return state


def states_of(index: lanner.Index) -> list[dict[int, bytes]]:
    found: list[dict[int, bytes]] = [{} for _ in range(THREADS)]
    for item in index:
        found[item // 1_000_000][item] = index.get([item]).tobytes()
    return found


def work_of(
    index: lanner.Index, thread: int, number: int, tell: Callable[[int, int], None]
) -> None:
    while True:
        do(index, thread_operation(thread, number))
        number += 1
        tell(thread, number)


@contextmanager
def at_work(work: Callable[[int], None]) -> Iterator[None]:
    """Have each thread do its work meanwhile; all are through with it afterwards."""
    workers = [threading.Thread(target=work, args=(thread,)) for thread in range(THREADS)]
    for worker in workers:
        worker.start()
    yield
    for worker in workers:
        worker.join()


def change_in_threads(
    path: Path, size: int | None, done: list[int], tell: Callable[[Any], None]
) -> None:
    """Open the index and go on from what each thread had done, until killed."""
    index = lanner.open(path, durable=True, journal_bytes=size)
    make_syncs(slow=300)
    with at_work(lambda thread: work_of(index, thread, done[thread], lambda *what: tell(what))):
        pass


def thread_kills(folder: Path, count: int) -> Iterator[None]:
    """Kill a process in which threads change an index; every other time, the power fails too."""
    path = folder / "a.lanner"
    journal = folder / "a.lanner.journal"
    lanner.Index(DIM, "l2", M=4).save(path)
    chance = random.Random(11)
    done = [0] * THREADS
    known = watch()
    cut = in_flight = 0
    for turn in range(count):
        # On some turns, so short a journal that the file is written anew at any time.
        size = 2000 if turn % 3 == 0 else None
        known.node = known.end = 0
        said, ended = in_child(
            partial(change_in_threads, path, size, done), chance.uniform(0, 0.06)
        )
        assert ended == signal.SIGKILL, "a writer ended by itself"
        for thread, number in said:
            assert number == done[thread] + 1
            done[thread] = number
        there = journal.stat() if journal.exists() else None
        # Nothing says that the disk has more than what was synced.
        if turn % 2 and there and there.st_ino == known.node and there.st_size > known.end:
            os.truncate(journal, known.end)
            cut += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            index = lanner.open(path, durable=True)
        for thread, state in enumerate(states_of(index)):
            if state != thread_state(thread, done[thread]):
                done[thread] += 1
                in_flight += 1
                assert state == thread_state(thread, done[thread]), f"turn {turn}, thread {thread}"
        index.validate()
        index.close()
        yield
    print(sum(done), "changes,", in_flight, "of them in flight;", cut, "journals cut")


def shared_syncs(folder: Path) -> Iterator[None]:
    """Threads that change an index share syncs, and one alone has its own."""
    path = folder / "a.lanner"
    each = 25
    lanner.Index(DIM, "l2", M=4).save(path)
    known = watch()
    with lanner.open(path, durable=True) as index:
        make_syncs(slow=20_000)
        before = known.syncs
        for number in range(5):
            do(index, thread_operation(0, number))
        assert known.syncs - before == 5
        index.remove(list(index))
        before = known.syncs

        def work(thread: int) -> None:
            for number in range(each):
                do(index, thread_operation(thread, number))

        with at_work(work):
            pass
        used = known.syncs - before
        print(used, "syncs of", THREADS * each, "changes")
        assert each <= used < 0.75 * THREADS * each
        make_syncs()
    with lanner.open(path, durable=True) as index:
        assert states_of(index) == [thread_state(thread, each) for thread in range(THREADS)]
    yield


def lost_syncs(folder: Path) -> Iterator[None]:
    """A sync that fails fails for every call whose record was in it, and none of them was done."""
    path, elsewhere = folder / "a.lanner", folder / "b.lanner"
    chance = random.Random(5)
    watch()
    for turn in range(20):
        for each in folder.iterdir():
            each.unlink()
        lanner.Index(DIM, "l2", M=4, codec="SQ8" if turn % 2 else None).save(path)
        index = lanner.open(path, durable=True)
        make_syncs(slow=2000)
        done = [0] * THREADS
        failed: list[str] = []

        def work(
            thread: int,
            index: lanner.Index = index,
            done: list[int] = done,
            failed: list[str] = failed,
        ) -> None:
            def tell(thread: int, number: int) -> None:
                done[thread] = number

            try:
                work_of(index, thread, 0, tell)
            except lanner.StorageError as error:
                failed.append(str(error))

        with at_work(work):
            time.sleep(chance.uniform(0, 0.1))
            make_syncs(slow=2000, refused=True)
        make_syncs()
        assert len(failed) == THREADS
        assert all("journal" in why for why in failed), failed
        acknowledged = [thread_state(thread, done[thread]) for thread in range(THREADS)]
        assert states_of(index) == acknowledged
        index.validate()
        with pytest.raises(lanner.StorageError, match="could not be written to before"):
            index.add(rows(1, 1), [9_000_000])
        whole = index.to_bytes()
        index.save(elsewhere)
        assert elsewhere.read_bytes() == whole
        if turn % 3 == 0:
            index.save(path)
            do(index, thread_operation(0, done[0]))
            acknowledged[0] = thread_state(0, done[0] + 1)
            whole = index.to_bytes()
        index.close()
        with lanner.open(path, durable=True) as again:
            assert states_of(again) == acknowledged
            assert again.to_bytes() == whole
        yield


def saves_beside_a_lost_sync(folder: Path) -> Iterator[None]:
    """What is saved while a sync fails has none of the changes that it was for."""
    path = folder / "a.lanner"
    watch()
    for target in (path, folder / "b.lanner", None):
        for each in folder.iterdir():
            each.unlink()
        make().save(path)
        index = lanner.open(path, durable=True)
        index.remove([7])
        whole = index.to_bytes()
        failed: list[str] = []

        def work(thread: int, index: lanner.Index = index, failed: list[str] = failed) -> None:
            if thread > 0:
                return
            try:
                index.add(rows(1, 1), [5000])
            except lanner.StorageError as error:
                failed.append(str(error))

        make_syncs(slow=200_000, next_refused=True)
        with at_work(work):
            while 5000 not in index:
                time.sleep(0.001)
            if target is None:
                assert index.to_bytes() == whole
            else:
                index.save(target)
        make_syncs()
        assert len(failed) == 1
        assert index.to_bytes() == whole
        if target is not None:
            assert target.read_bytes() == whole
        index.save(path)
        index.remove([8])
        index.close()
        with lanner.open(path, durable=True) as again:
            assert 8 not in again
            assert 5000 not in again
        yield


def unread_file(folder: Path) -> Iterator[None]:
    """Where what is on the disk cannot be read, the index goes back to it once it can."""
    path, away = folder / "a.lanner", folder / "away"
    make().save(path)
    watch()
    index = lanner.open(path, durable=True)
    index.remove([7])
    whole = index.to_bytes()
    path.rename(away)
    make_syncs(refused=True)
    for change in (lambda: index.remove([8]), lambda: index.remove([9]), index.to_bytes):
        with pytest.raises(lanner.StorageError, match="cannot be read back"):
            change()
    make_syncs()
    away.rename(path)
    assert index.to_bytes() == whole
    index.save(path)
    index.remove([8])
    index.close()
    with lanner.open(path, durable=True) as again:
        assert 7 not in again
        assert 8 not in again
        assert 9 in again
    yield
