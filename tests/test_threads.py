"""Many threads: the same index bit for bit on any number, and searches beside one writer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import reference

import lanner


@pytest.mark.parametrize(
    ("metric", "dtype"),
    [
        ("cosine", "float32"),
        ("l2", "uint8"),
        ("ip", "float32"),
        ("snr_item", "bfloat16"),
        ("jaccard", "bits"),
    ],
)
def test_saved_files_are_the_same_on_any_number_of_threads(metric, dtype, tmp_path, rng):
    rows = reference.random_vectors(rng, metric, dtype, 3000, 24)
    more = reference.random_vectors(rng, metric, dtype, 700, 24)
    files = []
    for threads in (1, 2, 5):
        index = lanner.Index(24, metric, dtype, seed=3, M=8, ef_construction=60)
        index.add(rows[:10], threads=threads)
        index.add(rows[10:], threads=threads)
        index.remove(range(0, 900, 2), threads=threads)
        index.upsert(more[:400], range(850, 1250), threads=threads)
        index.add(more[400:], threads=threads)
        path = tmp_path / f"{threads}.lanner"
        index.save(path)
        files.append(path.read_bytes())
    assert files[0] == files[1] == files[2]


def test_progress_does_not_change_the_index(rng):
    rows = rng.standard_normal((2000, 16))
    plain, watched = lanner.Index(16), lanner.Index(16)
    plain.add(rows)
    watched.add(rows, progress=lambda done, total: None, threads=3)
    assert plain.to_bytes() == watched.to_bytes()


def test_seed_changes_the_graph_and_nothing_else(rng):
    rows = rng.standard_normal((2000, 16))
    one, other = lanner.Index(16, seed=1), lanner.Index(16, seed=2)
    one.add(rows)
    other.add(rows)
    assert one.to_bytes() != other.to_bytes()
    assert one.get(one.ids).tobytes() == other.get(one.ids).tobytes()


@pytest.mark.parametrize("exact", [False, True])
def test_results_are_the_same_on_any_number_of_threads(exact, rng):
    index = lanner.Index(32)
    index.add(rng.standard_normal((3000, 32)))
    queries = rng.standard_normal((100, 32))
    one = index.search(queries, k=10, exact=exact, threads=1)
    for threads in (2, 5):
        other = index.search(queries, k=10, exact=exact, threads=threads)
        assert other.ids.tobytes() == one.ids.tobytes()
        assert other.distances.tobytes() == one.distances.tobytes()


def run_beside(searching: Callable[[], None], writing: Callable[[], None]) -> None:
    """Run `searching` again and again in three threads while `writing` runs in this one."""
    done = threading.Event()
    errors: list[BaseException] = []
    rounds = [0, 0, 0]

    def loop(number: int) -> None:
        try:
            while not done.is_set() or not rounds[number]:
                searching()
                rounds[number] += 1
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=loop, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    try:
        writing()
    finally:
        done.set()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]
    assert min(rounds) > 0


def test_searches_beside_an_add_see_what_was_there_before_and_what_was_added(graph, rng):
    # Batches lie apart; once the add of one has returned, all of it is found.
    index = lanner.Index(8, "l2", graph=graph)
    index.add(np.zeros((50, 8)))
    returned = [0]

    def search() -> None:
        known = returned[-1]
        for batch in (0, known // 2, known):
            hits = index.search(np.full(8, 10.0 * batch), k=50, exact=True)
            assert hits.ids.tolist() == list(range(50 * batch, 50 * batch + 50))
            assert (hits.distances == 0).all()

    def add() -> None:
        for batch in range(1, 60):
            index.add(np.full((50, 8), 10.0 * batch), threads=2)
            returned.append(batch)

    run_beside(search, add)
    assert len(index) == 50 * 60
    index.validate()


def test_removed_item_never_returned_while_searching(graph, rng):
    index = lanner.Index(16, graph=graph)
    rows = rng.standard_normal((2000, 16))
    index.add(rows)
    queries = rng.standard_normal((5, 16))
    removed: list[int] = []

    def search() -> None:
        gone = set(removed)
        hits = index.search(queries, k=20)
        assert gone.isdisjoint(hits.ids.ravel().tolist())
        assert (np.diff(hits.distances, axis=1) >= 0).all()
        assert (hits.counts == 20).all()

    def remove() -> None:
        order = np.random.default_rng(1).permutation(2000)[:1500].tolist()
        for start in range(0, 1500, 50):
            index.remove(order[start : start + 50])
            removed.extend(order[start : start + 50])

    run_beside(search, remove)
    assert len(index) == 500
    index.validate()


def test_searches_beside_upserts_return_a_vector_that_was_there(graph, rng):
    index = lanner.Index(8, "l2", graph=graph)
    index.add(np.zeros((200, 8)))

    def search() -> None:
        hits = index.search(np.zeros(8), k=200, exact=True)
        assert hits.counts == 200
        # Every version of an item has all features alike: a torn one would not be of this form.
        values = np.sqrt(hits.distances / 8)
        assert np.allclose(values, np.round(values))

    def upsert() -> None:
        for version in range(1, 40):
            index.upsert(np.full((100, 8), float(version)), range(0, 200, 2))

    run_beside(search, upsert)
    index.validate()


def test_saving_beside_searches_and_reading_beside_writes(tmp_path: Path, rng):
    index = lanner.Index(8)
    index.add(rng.standard_normal((500, 8)))

    def read() -> None:
        size = len(index)
        assert len(list(index)) >= size
        assert f"dim={index.dim}" in repr(index)
        assert index.memory()["total"] > 0
        assert 3 in index
        assert index.get([3]).shape == (1, 8)
        assert index.search_by_id(3, k=3).counts == 3
        assert len(index.search_radius(rng.standard_normal(8), 0.5)) >= 0

    def write() -> None:
        for turn in range(10):
            index.add(rng.standard_normal((50, 8)))
            index.save(tmp_path / f"{turn}.lanner")

    rng = np.random.default_rng(5)
    run_beside(read, write)
    for turn in range(10):
        assert len(lanner.open(tmp_path / f"{turn}.lanner", verify=True)) == 550 + 50 * turn


def test_writers_take_turns(graph, rng):
    index = lanner.Index(8, graph=graph)
    rows = rng.standard_normal((4, 10, 20, 8))
    errors: list[BaseException] = []

    def add(writer: int) -> None:
        try:
            for batch in range(10):
                index.add(
                    rows[writer, batch],
                    range(1000 * writer + 20 * batch, 1000 * writer + 20 * batch + 20),
                )
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=add, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(index) == 800
    index.validate()
    for writer in range(4):
        np.testing.assert_array_equal(
            index.get(range(1000 * writer, 1000 * writer + 200)),
            rows[writer].reshape(200, 8).astype(np.float32),
        )


@pytest.mark.parametrize("search", ["search", "search_by_id", "search_radius"])
def test_attributes_of_hits_are_of_the_state_that_was_searched(search, graph, rng):
    rows = rng.standard_normal((400, 16)).astype(np.float32)
    index = lanner.Index(16, "l2", graph=graph)
    index.add(rows, attributes={"year": [2020] * 400})
    done = threading.Event()

    def change() -> None:
        while not done.is_set():
            for year in (2010, 2020):
                index.update_attributes(range(0, 400, 2), {"year": [year] * 200})
            index.remove(range(1, 400, 8))
            index.add(rows[1::8], range(1, 400, 8), attributes={"year": [2020] * 50})

    writer = threading.Thread(target=change)
    writer.start()
    ask = {"filter": "year == 2020", "attributes": ["year"]}
    try:
        for i in range(600):
            if search == "search":
                found = index.search(rows[i % 100 : i % 100 + 3], 20, **ask)
            elif search == "search_by_id":
                found = index.search_by_id([2 * (i % 100), 3 + 8 * (i % 40)], 20, **ask)
            else:
                found = index.search_radius(rows[i % 100 : i % 100 + 3], 25, **ask)
            for each in found:
                assert len(each) > 0
                assert [int(year) for year in each.attributes["year"]] == [2020] * len(each)
    finally:
        done.set()
        writer.join()
