"""Writes files while one system call after another fails, or is the last that its process makes.

To be run with the library of faults.c before the C library. Arguments: a folder and what to do:
``save``, ``journal``, ``broken``, ``close``, ``shared``, ``lost``, ``unread``, or ``kills`` or
``threads`` and a number. Prints how many cases there were; an assertion is a defect.
"""

from __future__ import annotations

import ctypes
import os
import pickle
import random
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lanner

FAIL, KILL_BEFORE, KILL_AFTER, KILL_HALFWAY, FAIL_ON = 1, 2, 3, 4, 5
KILLS = (KILL_BEFORE, KILL_AFTER, KILL_HALFWAY)
DIM = 8

Operation = Callable[[lanner.Index], Any]


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


def make_syncs(*, slow: int = 0, refused: bool = False) -> None:
    ctypes.CDLL(None).faults_slow(slow)
    ctypes.CDLL(None).faults_refuse_syncs(int(refused))


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


def in_child(work: Callable[[Callable[[Any], None]], None]) -> tuple[list[Any], int]:
    """Return what a forked child told before its end, and the signal that ended it, or 0."""
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


def save_faults(folder: Path) -> Iterator[None]:
    path = folder / "a.lanner"
    old, new = make(60), make(90)
    before, after = old.to_bytes(), new.to_bytes()
    for mode in (FAIL, FAIL_ON, *KILLS):
        for at in range(1, 1000):
            for each in folder.iterdir():
                each.unlink()
            path.write_bytes(before)

            def save(tell: Callable[[Any], None], at: int = at, mode: int = mode) -> None:
                arm(at, mode)
                try:
                    new.save(path)
                    tell("saved")
                except lanner.StorageError as error:
                    tell("refused" if str(path) in str(error) else str(error))
                tell(calls())

            said, ended = in_child(save)
            there = path.read_bytes()
            assert there in (before, after)
            assert len(lanner.open(path, verify=True)) in (len(old), len(new))
            if not ended:
                assert os.listdir(folder) == ["a.lanner"], os.listdir(folder)
                assert said[0] == "refused" or there == after
                if said[1] < at:
                    break
            yield
        else:
            raise AssertionError("save makes more calls than anybody thought")


def operations(path: Path) -> list[Operation]:
    return [
        lambda index: index.add(rows(2, 20), range(100, 120), attributes=table(2, 20)),
        lambda index: index.upsert(rows(3, 5), [7, 101, 300, 8, 301]),
        lambda index: index.remove([10, 11, 12, 102, 7]),
        lambda index: index.update_attributes(
            [20, 103], {"year": [1, None], "tags": [["z"], None]}
        ),
        lambda index: index.save(path),
        lambda index: index.add(rows(4, 3)),
        lambda index: index.remove([13, 104]),
        lambda index: index.compact(),
        lambda index: index.add(rows(5, 300), attributes=table(5, 300)),
    ]


def journal_faults(folder: Path) -> Iterator[None]:
    path = folder / "a.lanner"
    base = make()
    before = base.to_bytes()
    every = operations(path)

    def state_after(done: tuple[int, ...]) -> bytes:
        if done not in known:
            index = lanner.Index.from_bytes(state_after(done[:-1]))
            if done[-1] != 4:
                every[done[-1]](index)
            known[done] = index.to_bytes()
        return known[done]

    known: dict[tuple[int, ...], bytes] = {(): before}
    for mode in (FAIL, *KILLS):
        for at in range(1, 1000):
            for each in folder.iterdir():
                each.unlink()
            path.write_bytes(before)

            def write(tell: Callable[[Any], None], at: int = at, mode: int = mode) -> None:
                arm(at, mode)
                done: tuple[int, ...] = ()
                try:
                    index = lanner.open(path, durable=True)
                except lanner.StorageError:
                    tell(calls())
                    return
                for number, operation in enumerate(every):
                    try:
                        operation(index)
                        done = (*done, number)
                        tell(("done", number))
                    except (lanner.StorageError, lanner.NotFoundError):
                        pass  # of what an earlier call failed to add, there is nothing to remove
                    assert index.to_bytes() == state_after(done)
                tell(calls())

            said, ended = in_child(write)
            done = tuple(what[1] for what in said if isinstance(what, tuple))
            possible = [state_after(done)]
            following = len(done)
            if ended and following < len(every):
                possible.append(state_after((*done, following)))
            # Others see what was last written.
            lanner.open(path, verify=True).validate()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                index = lanner.open(path, durable=True)
            assert index.to_bytes() in possible, (mode, at, done)
            index.validate()
            index.close()
            if not ended and said[-1] < at:
                break
            yield
        else:
            raise AssertionError("these changes make more calls than anybody thought")


def broken_faults(folder: Path) -> Iterator[None]:
    """Let one call fail, and a later one be the last: the journal may be of no use in between."""
    path, elsewhere = folder / "a.lanner", folder / "b.lanner"
    base = make()
    before = base.to_bytes()
    every: list[Operation] = [
        lambda index: index.add(rows(2, 20), range(100, 120)),
        lambda index: index.remove([10, 11]),
        lambda index: index.save(elsewhere),
        lambda index: index.save(path),
        lambda index: index.upsert(rows(3, 2), [12, 300]),
    ]
    saves = (2, 3)

    def state_after(done: tuple[int, ...]) -> bytes:
        if done not in known:
            index = lanner.Index.from_bytes(before)
            for number in done:
                every[number](index)
            known[done] = index.to_bytes()
        return known[done]

    known: dict[tuple[int, ...], bytes] = {(): before}
    for at in range(1, 1000):
        for last in range(at + 1, 1000):
            for each in folder.iterdir():
                each.unlink()
            path.write_bytes(before)

            def write(tell: Callable[[Any], None], at: int = at, last: int = last) -> None:
                try:
                    index = lanner.open(path, durable=True)
                except lanner.StorageError:
                    return
                arm(at, FAIL)
                then(last, KILL_BEFORE)
                for number, operation in enumerate(every):
                    tell(("tried", number))
                    try:
                        operation(index)
                        tell(("done", number))
                    except lanner.StorageError as error:
                        tell(("refused", number, str(error)))
                tell(calls())

            said, ended = in_child(write)
            done = tuple(what[1] for what in said if isinstance(what, tuple) and what[0] == "done")
            tried = [what[1] for what in said if isinstance(what, tuple) and what[0] == "tried"]
            refused = [what for what in said if isinstance(what, tuple) and what[0] == "refused"]
            assert len(refused) <= 2, refused
            changes = tuple(number for number in done if number not in saves)
            possible = [state_after(changes)]
            # Of a refused change nobody knows what the disk holds of it before one succeeds.
            for number in tried:
                if number not in done and number not in saves:
                    possible.append(state_after((*changes, number)))
            if 2 in done:
                copy = lanner.open(elsewhere, verify=True).to_bytes()
                assert copy == state_after(tuple(number for number in changes if number < 2))
            lanner.open(path, verify=True).validate()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                index = lanner.open(path, durable=True)
            assert index.to_bytes() in possible, (at, last, said)
            index.close()
            yield
            if not ended:
                break
        if not ended and said[-1] < at:
            break
    else:
        raise AssertionError("these changes make more calls than anybody thought")


def close_faults(folder: Path) -> Iterator[None]:
    path, elsewhere = folder / "a.lanner", folder / "b.lanner"
    before = make().to_bytes()
    # The first call is the sync, and the others write the file instead.
    for sync, first, second in (
        ("batch", FAIL, FAIL),
        ("batch", FAIL_ON, FAIL),
        ("always", FAIL_ON, FAIL),
    ):
        for at in range(2, 1000):
            for each in folder.iterdir():
                each.unlink()
            path.write_bytes(before)
            index = lanner.open(path, durable=True, sync=sync)
            index.add(rows(2, 20), range(100, 120))
            whole = index.to_bytes()
            arm(1, first)
            then(at, second)
            failures = []
            for _ in range(2):
                try:
                    index.close()
                except lanner.StorageError as error:
                    failures.append(str(error))
            used = calls()
            arm(0, 0)
            # Who was told of a failure once is not told otherwise the next time.
            assert len(failures) in (0, 2), failures
            assert index.to_bytes() == whole
            index.save(elsewhere)
            assert elsewhere.read_bytes() == whole
            with lanner.open(path, durable=True) as again:
                assert again.to_bytes() == whole, (sync, at)
                again.remove([100])
            yield
            if used < at:
                break


def random_operation(number: int, path: Path) -> Operation:
    def change(index: lanner.Index) -> None:
        rng = np.random.default_rng(number)
        ids = sorted(index)
        some = [ids[place] for place in rng.permutation(len(ids))[:3]]
        kind = number % 6
        if kind in (0, 1) or len(ids) < 40:
            index.add(rows(number, 3), attributes=table(number, 3))
        elif kind == 2:
            index.upsert(rows(number, 3), [*some[:2], -number])
        elif kind == 3:
            index.update_attributes(some, {"year": [number, 5, None]})
        elif kind == 4 and number % 7 == 0:
            index.save(path)
        else:
            index.remove(some)

    return change


def random_kills(folder: Path, count: int) -> Iterator[None]:
    path = folder / "a.lanner"
    model = make()
    model.save(path)
    chance = random.Random(9)
    number = 0
    for turn in range(count):
        sync = "batch" if turn % 2 else "always"

        def write(tell: Callable[[Any], None], number: int = number, sync: str = sync) -> None:
            # So short a journal that the file is written anew at any time.
            index = lanner.open(path, durable=True, sync=sync, journal_bytes=2000)
            tell("open")
            while True:
                random_operation(number, path)(index)
                tell(number)
                number += 1

        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)

            def tell(what: Any, writing: int = writing) -> None:
                data = pickle.dumps(what)
                os.write(writing, len(data).to_bytes(4, "little") + data)

            try:
                write(tell)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        os.close(writing)
        time.sleep(chance.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "a writer ended by itself"
        said = heard(reading)
        for acknowledged in said[1:]:
            assert acknowledged == number
            random_operation(number, folder / "copy")(model)
            number += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            index = lanner.open(path, durable=True)
        found = index.to_bytes()
        if found != model.to_bytes():
            random_operation(number, folder / "copy")(model)
            number += 1
            assert found == model.to_bytes(), f"turn {turn}, change {number}"
        index.validate()
        index.close()
        # What killed processes were writing is gone.
        names = {f"a.lanner{end}" for end in ("", ".journal", ".lock")}
        assert set(os.listdir(folder)) <= {*names, "copy"}
        yield
    print(number, "changes")


# Several threads that change one index

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

        def write(tell: Callable[[Any], None], size: int | None = size) -> None:
            index = lanner.open(path, durable=True, journal_bytes=size)
            make_syncs(slow=300)
            workers = [
                threading.Thread(
                    target=work_of, args=(index, thread, done[thread], lambda *what: tell(what))
                )
                for thread in range(THREADS)
            ]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()

        reading, writing = os.pipe()
        known.node = known.end = 0
        child = os.fork()
        if child == 0:
            os.close(reading)

            def tell(what: Any, writing: int = writing) -> None:
                data = pickle.dumps(what)
                os.write(writing, len(data).to_bytes(4, "little") + data)

            try:
                write(tell)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        os.close(writing)
        time.sleep(chance.uniform(0, 0.06))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "a writer ended by itself"
        for thread, number in heard(reading):
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


def in_threads(work: Callable[[int], None]) -> None:
    workers = [threading.Thread(target=work, args=(thread,)) for thread in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


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

        in_threads(work)
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

        workers = [threading.Thread(target=work, args=(thread,)) for thread in range(THREADS)]
        for worker in workers:
            worker.start()
        time.sleep(chance.uniform(0, 0.1))
        make_syncs(slow=2000, refused=True)
        for worker in workers:
            worker.join()
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


def main() -> None:
    folder = Path(sys.argv[1])
    what = sys.argv[2]
    cases = {
        "save": lambda: save_faults(folder),
        "journal": lambda: journal_faults(folder),
        "broken": lambda: broken_faults(folder),
        "close": lambda: close_faults(folder),
        "shared": lambda: shared_syncs(folder),
        "lost": lambda: lost_syncs(folder),
        "unread": lambda: unread_file(folder),
        "threads": lambda: thread_kills(folder, int(sys.argv[3])),
        "kills": lambda: random_kills(folder, int(sys.argv[3])),
    }
    print(sum(1 for _ in cases[what]()), "cases")


if __name__ == "__main__":
    main()
