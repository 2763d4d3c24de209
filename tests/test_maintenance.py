"""What keeps an index sound: removal that repairs, validation that proves it, compaction."""

from __future__ import annotations

import struct
import threading
from pathlib import Path

import numpy as np
import plain_reader
import pytest
import reference
from conftest import points

import lanner
from lanner import FileFormatError, ReadOnlyError


def turned_over(index: lanner.Index, rows: np.ndarray, turns: int, chunk: int) -> np.ndarray:
    """Exchange the rows of an index, half of all, and return which it holds in the end."""
    rng = np.random.default_rng(5)
    inside, outside = np.arange(len(rows) // 2), np.arange(len(rows) // 2, len(rows))
    for _ in range(turns * len(inside) // chunk):
        rng.shuffle(inside)
        rng.shuffle(outside)
        index.remove(inside[:chunk])
        index.add(rows[outside[:chunk]], outside[:chunk])
        inside[:chunk], outside[:chunk] = outside[:chunk].copy(), inside[:chunk].copy()
    return np.sort(inside)


@pytest.mark.parametrize("codec", ["auto", None])
def test_turnovers_leave_recall_memory_and_file_of_a_fresh_build(papers, codec):
    rows = papers.vectors
    index = lanner.Index(384, codec=codec)
    index.add(rows[: len(rows) // 2], range(len(rows) // 2))
    ids = turned_over(index, rows, 5, 100)
    fresh = lanner.Index(384, codec=codec)
    fresh.add(rows[ids], ids)
    figures, others = index.validate(), fresh.validate()
    assert figures["nodes"] == figures["reachable"] == len(ids)
    # Choosing neighbours anew at each removal left two thirds of the edges, and cost recall 0.03.
    assert figures["edges"] > 0.9 * others["edges"]
    for ef in (20, 40, 80):
        mine, theirs = (each.measure_recall(papers.queries, ef=ef) for each in (index, fresh))
        assert mine > theirs - 0.012, ef  # 0.005, and twice the standard error of the difference
    assert len(index.to_bytes()) < 1.05 * len(fresh.to_bytes())
    assert index.memory()["total"] < 1.05 * fresh.memory()["total"]


def test_thousands_of_equal_vectors_come_and_go(rng):
    rows = rng.standard_normal((1000, 16)).astype(np.float32)
    index = lanner.Index(16, "l2", M=8)
    index.add(rows, range(1000))
    same = rng.standard_normal(16).astype(np.float32)
    index.add(np.tile(same, (4000, 1)), range(1000, 5000))
    for begin in range(1000, 4000, 500):
        index.remove(range(begin, begin + 500))
        index.upsert(np.tile(same, (300, 1)), range(begin + 4000, begin + 4300))
        index.upsert(rows[:50] + 1, range(50))
        index.upsert(rows[:50], range(50))
        figures = index.validate()
        assert figures["reachable"] == len(index)
    assert (index.search(same, k=2000).distances == 0).all()
    others = index.search(rows, k=1, ef=60)
    assert np.mean(others.ids.ravel() == np.arange(1000)) > 0.99


@pytest.mark.parametrize("far", [0.01, 1.0])
def test_items_that_move_are_found_where_they_are(far, rng):
    rows = rng.standard_normal((2000, 16)).astype(np.float32)
    index = lanner.Index(16, "l2")
    index.add(rows)
    for _ in range(5):
        moved = rng.permutation(2000)[:400]
        drawn = rng.standard_normal((400, 16)).astype(np.float32)
        # A little, or anywhere.
        rows[moved] = drawn if far == 1 else rows[moved] + far * drawn
        index.upsert(rows[moved], moved)
    index.validate()
    fresh = lanner.Index(16, "l2")
    fresh.add(rows)
    for ef in (20, 100):
        mine, theirs = (
            np.mean(each.search(rows, k=1, ef=ef).ids.ravel() == np.arange(2000))
            for each in (index, fresh)
        )
        assert mine > theirs - 0.01


@pytest.mark.parametrize(
    ("metric", "dtype"), reference.SPACES, ids=["-".join(each) for each in reference.SPACES]
)
def test_compacted_index_is_that_of_a_build_from_what_it_holds(metric, dtype, graph, rng):
    rows = reference.random_vectors(rng, metric, dtype, 700, 24)
    index = lanner.Index(24, metric, dtype, graph=graph, seed=3)
    years = [year if year % 5 else None for year in range(700)]
    index.add(rows, range(700), attributes={"year": years, "tags": [[str(y)] for y in range(700)]})
    index.remove(range(600))
    whole = len(index.to_bytes())
    index.compact()
    index.validate()
    fresh = lanner.Index(24, metric, dtype, graph=graph, seed=3)
    fresh.add(
        rows[600:],
        range(600, 700),
        attributes={"year": years[600:], "tags": [[str(y)] for y in range(600, 700)]},
    )
    assert index.to_bytes() == fresh.to_bytes()
    assert len(index.to_bytes()) < whole / 3
    index.add(rows[:50])
    assert index.count("year < 620") == 16


@pytest.mark.parametrize("codec", ["SQ8", "SQ4"])
def test_compacting_codes_alone_keeps_what_they_stand_for(codec, rng):
    index = lanner.Index(24, codec=codec, keep=None)
    index.add(rng.standard_normal((600, 24)), [f"item {row}" for row in range(600)])
    index.remove([f"item {row}" for row in range(0, 600, 2)])
    ids = sorted(index)
    before = index.get(ids)
    for _ in range(5):
        index.compact()
    # A step of the codes is some hundredths or, of 4 bits, tenths.
    np.testing.assert_allclose(index.get(ids), before, atol=1e-4 if codec == "SQ8" else 2e-3)
    assert sorted(index) == ids
    index.validate()


def test_compacting_nothing(graph):
    index = lanner.Index(4, "l2", graph=graph, schema={"year": "int64"})
    index.compact()
    index.add(points(3), attributes={"year": [1, 2, 3]})
    index.remove([0, 1, 2])
    index.compact()
    assert len(index) == 0
    assert dict(index.schema) == {"year": "int64"}
    with pytest.raises(lanner.InvalidArgumentError):
        index.add(points(1), attributes={"other": [1]})
    assert index.add(points(2)).tolist() == [3, 4]


def test_compaction_that_is_stopped_changes_nothing(rng):
    index = lanner.Index(16)
    index.add(rng.standard_normal((3000, 16)))
    index.remove(range(2000))
    before = index.to_bytes()

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.compact(progress=stop)
    assert index.to_bytes() == before


def test_searches_go_on_beside_compaction(rng):
    index = lanner.Index(16)
    rows = rng.standard_normal((3000, 16)).astype(np.float32)
    index.add(rows)
    index.remove(range(0, 3000, 2))
    done, errors = threading.Event(), []

    def search() -> None:
        while not done.is_set():
            found = index.search(rows[1:400:2], k=1, ef=60).ids.ravel()
            if np.mean(found == np.arange(1, 400, 2)) < 0.98:
                errors.append(found)

    thread = threading.Thread(target=search)
    thread.start()
    for _ in range(4):
        index.compact()
    done.set()
    thread.join()
    assert not errors


def test_read_only_index_is_not_compacted(tmp_path: Path):
    index = lanner.Index(4, "l2")
    index.add(points(5))
    index.save(tmp_path / "a")
    with pytest.raises(ReadOnlyError):
        lanner.open(tmp_path / "a").compact()


# What validate() proves


def without_edges_to(slot: int, whole: bytes, sections: dict, links: int) -> bytes:
    """Return a file whose checksums are right and in whose graph nobody points at a slot."""
    data = bytearray(whole)
    ground = sections["graph.ground"]
    for place in range(ground["length"] // (8 * links)):
        at = ground["offset"] + place * 8 * links
        block = [each for each in struct.unpack_from(f"<{2 * links}I", data, at) if each != slot]
        struct.pack_into(f"<{2 * links}I", data, at, *(block + [place] * (2 * links - len(block))))
    return plain_reader.sealed(data)


def test_validate_finds_an_item_that_nobody_leads_to(tmp_path, rng):
    index = lanner.Index(8, "l2", M=4)
    index.add(rng.standard_normal((200, 8)))
    path = tmp_path / "a.lanner"
    index.save(path)
    sections = {each["name"]: each for each in lanner.verify(path)["sections"]}
    (entry,) = struct.unpack_from("<I", path.read_bytes(), sections["config"]["offset"] + 56)
    slot = 7 if entry != 7 else 8
    path.write_bytes(without_edges_to(slot, path.read_bytes(), sections, 4))
    damaged = lanner.open(path, verify=True)
    with pytest.raises(FileFormatError, match="of 200 items only 199 are reached"):
        damaged.validate()
    assert index.validate()["reachable"] == 200


@pytest.mark.parametrize("name", ["vectors", "ids", "ids.table", "live", "graph.ground"])
def test_validate_finds_what_checksums_do_not_tell(name, tmp_path, rng):
    index = lanner.Index(8, "cosine", M=4)
    index.add(rng.standard_normal((50, 8)), range(7, 57))
    path = tmp_path / "a.lanner"
    index.save(path)
    sections = {each["name"]: each for each in lanner.verify(path)["sections"]}
    data = bytearray(path.read_bytes())
    data[sections[name]["offset"] + 2] ^= 0x55
    path.write_bytes(plain_reader.sealed(data))
    with pytest.raises(FileFormatError):
        lanner.open(path).validate()


@pytest.mark.parametrize(("seed", "dim", "M"), [(61, 8, 4), (66, 1, 16), (70, 1, 16), (5, 2, 2)])
def test_single_changes_leave_every_item_reached(seed: int, dim: int, M: int) -> None:
    # Under ip, and of values that repeat: who is dropped from a full list is in few others.
    rng = np.random.default_rng(seed)
    index = lanner.Index(dim, "ip", M=M)

    def rows(count: int) -> np.ndarray:
        if rng.random() < 0.5:
            return rng.integers(-3, 4, (count, dim)).astype(np.float32)
        return rng.standard_normal((count, dim)).astype(np.float32)

    for _ in range(20):
        index.add(rows(int(rng.choice([20, 300]))))
        for _ in range(5):
            index.add(rows(1))
            index.validate()
        index.remove(rng.choice(index.ids, 3, replace=False))
        index.validate()
