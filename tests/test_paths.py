"""Names of files: what they lead to, who has them, and what must not take their place."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

import lanner
from lanner import FileFormatError, StorageError, hashing, quantization

ROWS = np.eye(4, dtype=np.float32)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and modes of POSIX")


def saved(path: Path, ids: list[int]) -> None:
    """Write an index of these ids."""
    index = lanner.Index(4, "l2")
    index.add(ROWS[: len(ids)], ids)
    index.save(path)


def ids_of(path: Path) -> list[int]:
    with lanner.open(path, durable=True) as index:
        return sorted(index.ids.tolist())


def test_a_durable_index_stays_where_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        saved(tmp_path / name / "x.lanner", [1] if name == "a" else [7])
    monkeypatch.chdir(tmp_path / "a")
    with lanner.open("x.lanner", durable=True) as index:
        monkeypatch.chdir(tmp_path / "b")
        index.add(ROWS[:1], [2])
        index.save(tmp_path / "a" / "x.lanner")  # a checkpoint
        index.add(ROWS[:1], [3])
    assert ids_of(tmp_path / "a" / "x.lanner") == [1, 2, 3]
    assert ids_of(tmp_path / "b" / "x.lanner") == [7]


def test_a_link_to_a_folder_may_come_to_lead_elsewhere(tmp_path: Path) -> None:
    for name in ("r1", "r2"):
        (tmp_path / name).mkdir()
        saved(tmp_path / name / "x.lanner", [1] if name == "r1" else [7])
    link = tmp_path / "current"
    link.symlink_to("r1", target_is_directory=True)
    with lanner.open(link / "x.lanner", durable=True) as index:
        link.unlink()
        link.symlink_to("r2", target_is_directory=True)
        index.add(ROWS[:1], [2])
        index.save(tmp_path / "r1" / "x.lanner")
        index.save(link / "x.lanner")  # another file by now: a copy
        index.add(ROWS[:1], [3])
    assert ids_of(tmp_path / "r1" / "x.lanner") == [1, 2, 3]
    assert ids_of(tmp_path / "r2" / "x.lanner") == [1, 2]


@pytest.mark.parametrize("damage", ["version", "bytes", "header of the file"])
def test_a_file_whose_journal_cannot_be_read_is_not_replaced(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "x.lanner"
    saved(path, [1])
    with lanner.open(path, durable=True) as index:
        index.add(ROWS[:1], [2])
    journal = tmp_path / "x.lanner.journal"
    damaged = path if damage.startswith("header") else journal
    data = bytearray(damaged.read_bytes())
    data[0 if damage == "bytes" else 8] ^= 1
    damaged.write_bytes(data)
    before = path.read_bytes()
    with pytest.raises(StorageError, match="may have changes that are in its journal alone"):
        saved(path, [5])
    assert path.read_bytes() == before
    journal.unlink()
    saved(path, [5])
    assert ids_of(path) == [5]


def test_codes_and_hashes_are_not_saved_over_what_a_writer_has(tmp_path: Path) -> None:
    path = tmp_path / "x.lanner"
    saved(path, [1])
    rows = np.random.default_rng(0).standard_normal((300, 8), dtype=np.float32)
    binary = quantization.Binary().fit(rows)
    with lanner.open(path, durable=True) as index:
        index.add(ROWS[:1], [2])
        for each in (binary, hashing.ITQ(bits=8).fit(rows)):
            with pytest.raises(StorageError, match="is open with durable=True"):
                each.save(path)
    with pytest.raises(StorageError, match="changes that are in its journal alone"):
        binary.save(path)
    assert ids_of(path) == [1, 2]


def test_a_hard_link_is_a_file_of_its_own(tmp_path: Path) -> None:
    path, backup = tmp_path / "x.lanner", tmp_path / "backup.lanner"
    saved(path, [1])
    backup.hardlink_to(path)
    with lanner.open(path, durable=True) as index:
        index.add(ROWS[:1], [2])
        index.save(backup)
        assert lanner.open(backup).ids.tolist() == [1, 2]
    assert ids_of(path) == [1, 2]


def test_a_lock_writes_over_nothing(tmp_path: Path) -> None:
    path, lock = tmp_path / "x.lanner", tmp_path / "x.lanner.lock"
    saved(path, [1])
    precious = tmp_path / "precious.txt"
    precious.write_text("kept")
    lock.symlink_to(precious)
    for work in (lambda: lanner.open(path, durable=True), lambda: saved(path, [2])):
        with pytest.raises(StorageError, match="cannot open"):
            work()
    lock.unlink()
    lock.write_text("a file of somebody else's")
    assert ids_of(path) == [1]
    assert precious.read_text() == "kept"
    assert lock.read_text() == "a file of somebody else's"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_closed_index_is_free_while_a_forked_child_lives(tmp_path: Path) -> None:
    path = tmp_path / "x.lanner"
    saved(path, [1])
    index = lanner.open(path, durable=True)
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.write(ready[1], b".")
        os.read(go[0], 1)
        os._exit(0)
    try:
        os.read(ready[0], 1)
        index.close()
        assert ids_of(path) == [1]
    finally:
        os.write(go[1], b".")
        os.waitpid(child, 0)


def test_a_link_that_leads_nowhere_yet_stays_a_link(tmp_path: Path) -> None:
    link = tmp_path / "x.lanner"
    link.symlink_to("new.lanner")
    saved(link, [1])
    assert link.is_symlink()
    assert ids_of(tmp_path / "new.lanner") == [1]


def test_a_checkpoint_does_not_pass_damage_off_as_sound(tmp_path: Path) -> None:
    path = tmp_path / "x.lanner"
    index = lanner.Index(16, "l2")
    index.add(np.random.default_rng(0).random((500, 16), dtype=np.float32))
    index.save(path)
    sections = {each["name"]: each for each in lanner.verify(path)["sections"]}
    data = bytearray(path.read_bytes())
    data[sections["vectors"]["offset"] + 40] ^= 0x20
    path.write_bytes(data)
    with lanner.open(path, durable=True) as writer:
        writer.add(np.ones((1, 16), np.float32), [1000])
        with pytest.raises(FileFormatError, match="vectors"):
            writer.save(path)
        writer.remove([1000])  # changes go on
    with pytest.raises(FileFormatError, match="vectors"):
        lanner.verify(path)
