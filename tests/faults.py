"""Writes files while one system call after another fails, or is the last that its process makes.

To be run with the library of faults.c before the C library. Arguments: a folder and what to do:
``save``, ``journal``, ``broken``, ``close``, ``shared``, ``lost``, ``unread``, or ``kills`` or
``threads`` and a number. Prints how many cases there were; an assertion is a defect.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from fault_tools import (
    FAIL,
    FAIL_ON,
    KILL_BEFORE,
    KILLS,
    arm,
    calls,
    in_child,
    make,
    rows,
    table,
    then,
)
from thread_faults import (
    lost_syncs,
    saves_beside_a_lost_sync,
    shared_syncs,
    thread_kills,
    unread_file,
)

import lanner

Operation = Callable[[lanner.Index], Any]


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

        said, ended = in_child(write, chance.uniform(0, 0.03))
        assert ended == signal.SIGKILL, "a writer ended by itself"
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
        "beside": lambda: saves_beside_a_lost_sync(folder),
        "threads": lambda: thread_kills(folder, int(sys.argv[3])),
        "kills": lambda: random_kills(folder, int(sys.argv[3])),
    }
    print(sum(1 for _ in cases[what]()), "cases")


if __name__ == "__main__":
    main()
