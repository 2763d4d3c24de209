"""The index as a collection: making one, adding, replacing, removing, reading back."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from conftest import points

import lanner
from lanner import InvalidArgumentError, NotFoundError, WrongTypeError


def state(index: lanner.Index) -> bytes:
    return index.to_bytes()


# Making one


def test_defaults():
    index = lanner.Index(384)
    assert (index.dim, index.metric, index.dtype, index.graph) == (384, "cosine", "float32", "hnsw")
    assert (index.M, index.ef_construction, index.seed) == (16, 128, 0)
    assert (len(index), index.id_kind, index.read_only) == (0, None, False)
    assert list(index) == []
    assert "M: 'int' = 16, ef_construction: 'int' = 128" in str(inspect.signature(lanner.Index))


def test_parameters_are_kept():
    index = lanner.Index(
        dim=np.int32(5), metric="ip", dtype=np.float16, M=7, ef_construction=33, seed=2**64 - 1
    )
    assert (index.dim, index.metric, index.dtype) == (5, "ip", "float16")
    assert (index.M, index.ef_construction, index.seed) == (7, 33, 2**64 - 1)


def test_exact_index_has_no_graph_parameters():
    index = lanner.Index(3, graph=None)
    assert (index.graph, index.M, index.ef_construction) == (None, None, None)
    for name, value in (("M", 16), ("M", 8), ("ef_construction", 128)):
        with pytest.raises(InvalidArgumentError, match=f"{name} is a parameter of the graph"):
            lanner.Index(3, graph=None, **{name: value})


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"dim": 0}, InvalidArgumentError, "dim must be at least 1, got 0"),
        ({"dim": -3}, InvalidArgumentError, "dim must be at least 1, got -3"),
        ({"dim": 2**31}, InvalidArgumentError, "dim must be at most"),
        ({"dim": 3.0}, WrongTypeError, "dim must be an integer, got float"),
        ({"dim": True}, WrongTypeError, "dim must be an integer, got True"),
        ({"dim": "3"}, WrongTypeError, "dim must be an integer, got str"),
        (
            {"metric": "euclid"},
            InvalidArgumentError,
            "metric must be one of l2, cosine, .* 'euclid'",
        ),
        ({"metric": None}, WrongTypeError, "metric must be a str"),
        ({"dtype": "float64"}, InvalidArgumentError, "dtype must be one of float32, .* 'float64'"),
        ({"dtype": "nonsense"}, InvalidArgumentError, "dtype must be one of"),
        ({"dtype": 5}, WrongTypeError, "dtype must be a name or a NumPy dtype"),
        (
            {"dtype": "bits"},
            InvalidArgumentError,
            "metric must be one of hamming, jaccard for dtype",
        ),
        (
            {"metric": "hamming"},
            InvalidArgumentError,
            "metric must be one of l2, .* for dtype float32",
        ),
        ({"graph": "nsg"}, InvalidArgumentError, "graph must be 'hnsw' or None, got 'nsg'"),
        ({"graph": False}, InvalidArgumentError, "graph must be 'hnsw' or None, got False"),
        ({"M": 1}, InvalidArgumentError, "M must be at least 2, got 1"),
        ({"M": 2.5}, WrongTypeError, "M must be an integer"),
        ({"M": 2**31 - 1}, InvalidArgumentError, "M must be"),
        ({"ef_construction": 0}, InvalidArgumentError, "ef_construction must be at least 1"),
        ({"seed": -1}, InvalidArgumentError, "seed must be at least 0"),
        ({"seed": 2**64}, InvalidArgumentError, "seed must be at most"),
    ],
)
def test_what_cannot_be_an_index_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        lanner.Index(**{"dim": 3, **arguments})


@pytest.mark.parametrize("name", ["filter", "recall", "max_elements"])
def test_no_parameter_is_accepted_and_ignored(name):
    with pytest.raises(TypeError, match=name):
        lanner.Index(3, **{name: None})


def test_errors_are_those_of_python_too():
    for error, builtin in (
        (lanner.InvalidArgumentError, ValueError),
        (lanner.WrongTypeError, TypeError),
        (lanner.NotFoundError, KeyError),
        (lanner.ReadOnlyError, PermissionError),
        (lanner.StorageError, OSError),
        (lanner.FileFormatError, ValueError),
    ):
        assert issubclass(error, (lanner.Error, builtin))
        assert issubclass(error, lanner.Error)


def test_repr_says_what_the_index_is(graph):
    index = lanner.Index(4, "l2", "float16", graph=graph)
    index.add(points(100))
    text = repr(index)
    for part in ("size=100", "dim=4", "metric='l2'", "dtype='float16'", "memory=", "isa="):
        assert part in text
    assert lanner.isa().active in text
    assert ("M=16, ef_construction=128" if graph else "graph=None") in text


def test_memory_counts_vectors(graph):
    index = lanner.Index(128, graph=graph)
    empty = index.memory()["total"]
    index.add(np.random.default_rng(0).standard_normal((1000, 128)))
    memory = index.memory()
    assert memory["vectors"] >= 1000 * 128 * 4
    assert memory["total"] >= empty + 1000 * 128 * 4
    assert memory["total"] >= sum(memory[part] for part in ("vectors", "graph", "ids"))
    assert (memory["graph"] > 0) == (graph is not None)


# Adding


def test_ids_are_generated_when_not_given(graph):
    index = lanner.Index(4, "l2", graph=graph)
    first = index.add(points(5))
    assert first.dtype == np.int64
    assert first.tolist() == [0, 1, 2, 3, 4]
    index.add(points(1), [1000])
    more = index.add(points(3))
    assert len(set(more.tolist()) | set(first.tolist()) | {1000}) == 9
    assert sorted(index) == sorted([*first.tolist(), 1000, *more.tolist()])


def test_generated_ids_are_not_those_of_removed_items(make_points):
    index = make_points(5)
    index.remove([4])
    assert index.add(points(1)).tolist() != [4]


def test_string_ids_are_not_generated():
    index = lanner.Index(4, "l2")
    index.add(points(1), ["a"])
    with pytest.raises((WrongTypeError, InvalidArgumentError), match="ids"):
        index.add(points(1))


@pytest.mark.parametrize(("first", "second"), [([1], ["a"]), (["a"], [1])])
def test_kinds_of_ids_do_not_mix(first, second):
    index = lanner.Index(4, "l2")
    index.add(points(1), first)
    assert index.id_kind == ("int" if first == [1] else "str")
    with pytest.raises(WrongTypeError, match="id"):
        index.add(points(1), second)
    with pytest.raises((WrongTypeError, NotFoundError)):
        index.get(second)
    with pytest.raises((WrongTypeError, NotFoundError)):
        index.remove(second)
    assert second[0] not in index
    assert len(index) == 1


@pytest.mark.parametrize("ids", [[3, 1, 3], ["c", "a", "c"]])
@pytest.mark.parametrize("method", ["add", "upsert"])
def test_id_twice_in_a_batch_is_refused_naming_it(ids, method, graph):
    index = lanner.Index(4, "l2", graph=graph)
    with pytest.raises(InvalidArgumentError, match=str(ids[0])):
        getattr(index, method)(points(3), ids)
    assert len(index) == 0


@pytest.mark.parametrize("ids", [[7, 8], ["seven", "eight"]])
def test_existing_id_is_refused_naming_it(ids, graph):
    index = lanner.Index(4, "l2", graph=graph)
    index.add(points(1), ids[:1])
    with pytest.raises(InvalidArgumentError, match=str(ids[0])):
        index.add(points(2), ids[::-1])
    assert list(index) == ids[:1]


def test_extreme_ids(graph):
    ids = [2**63 - 1, -(2**63), 0, -2]
    index = lanner.Index(4, "l2", graph=graph)
    index.add(points(4), ids)
    assert index.search(points(4), k=1).ids.ravel().tolist() == ids
    with pytest.raises(InvalidArgumentError, match="ids"):
        index.add(points(1))  # no integer follows the largest
    assert len(index) == 4


def test_all_of_a_batch_or_none(make_points):
    bad_row = points(6) + 100
    bad_row[5, 2] = np.nan
    index = make_points(20)
    before = state(index)
    attempts = [
        lambda: index.add(bad_row),
        lambda: index.upsert(bad_row, range(6)),
        lambda: index.add(points(3), [100, 101, 5]),
        lambda: index.add(points(3), [100, 101, 100]),
        lambda: index.add(points(3), [100, 101]),
        lambda: index.add(points(3), ["a", "b", "c"]),
        lambda: index.add(points(3), [100, 101, 102], threads=0),
        lambda: index.remove([1, 2, 99]),
        lambda: index.remove([1, 2, 1]),
    ]
    for attempt in attempts:
        with pytest.raises(lanner.Error):
            attempt()
        assert state(index) == before
    assert len(index) == 20
    index.validate()


def test_nothing_is_of_either_kind(graph):
    for ids in ([1], ["a"]):
        index = lanner.Index(4, "l2", graph=graph)
        index.add([], [])
        assert index.id_kind is None
        index.add(points(1), ids)
        assert index.add([], []).shape == (0,)
        index.upsert(np.empty((0, 4)), [])
        index.remove([])
        assert index.get([]).shape == (0, 4)
        assert index.search_by_id([], k=3).ids.shape == (0, 3)
        assert list(index) == ids


def test_minus_one_is_an_id_like_others(make_points):
    index = make_points(2)
    index.add(points(1) - 1, [-1])
    hits = index.search(points(1)[0], k=5)
    assert hits.ids.tolist() == [0, 1, -1, -1, -1]
    assert hits.counts == 3
    assert [id for id, _ in hits] == [0, 1, -1]


# Replacing


def test_upsert_adds_and_replaces(make_points):
    index = make_points(10)
    assert index.upsert(points(2) + 50, [3, 77]) is None
    assert len(index) == 11
    np.testing.assert_array_equal(index.get([3, 77]), points(2) + 50)
    hits = index.search([3, 0, 0, 0], k=11)
    assert hits.ids[0] in (2, 4)
    assert hits.ids.tolist().count(3) == 1
    assert index.search(points(1)[0] + 50, k=1).ids.tolist() == [3]
    index.validate()


def test_upsert_needs_ids(make_points):
    with pytest.raises(WrongTypeError, match="upsert needs ids"):
        make_points(1).upsert(points(1), None)


# Removing


def test_removed_item_never_comes_back(graph, rng):
    index = lanner.Index(8, graph=graph)
    rows = rng.standard_normal((3000, 8))
    index.add(rows)
    gone = set(range(0, 3000, 3))
    index.remove(sorted(gone))
    assert len(index) == 3000 - len(gone)
    assert gone.isdisjoint(index)
    for exact in (False, True):
        hits = index.search(rows, k=50, exact=exact)
        assert gone.isdisjoint(hits.ids.ravel().tolist())
        assert (hits.counts == 50).all()
    assert all(id not in index for id in gone)
    with pytest.raises(NotFoundError, match="3"):
        index.get([1, 3])
    index.validate()


@pytest.mark.parametrize("ids", [[1, 99], 99])
def test_unknown_id_is_an_error_that_names_it(make_points, ids):
    index = make_points(10)
    for call in (index.get, index.remove, index.search_by_id):
        with pytest.raises(NotFoundError, match="99"):
            call(ids)
    assert len(index) == 10


def test_all_can_be_removed_and_added_again(make_points):
    index = make_points(50)
    index.remove(range(50))
    assert len(index) == 0
    assert list(index) == []
    assert index.search(points(1)[0], k=3).counts == 0
    index.add(points(50), range(50))
    assert index.search(points(50), k=1).ids.ravel().tolist() == list(range(50))
    index.validate()


def test_slots_of_removed_items_are_used_again(graph, rng):
    index = lanner.Index(64, graph=graph)
    index.add(rng.standard_normal((2000, 64)), range(2000))
    for turn in range(1, 6):
        index.remove(range((turn - 1) * 2000, turn * 2000 - 500))
        index.add(rng.standard_normal((1500, 64)), range(turn * 2000, turn * 2000 + 1500))
        index.remove(range(turn * 2000 - 500, turn * 2000))
        index.add(rng.standard_normal((500, 64)), range(turn * 2000 + 1500, turn * 2000 + 2000))
        if turn == 1:
            memory = index.memory()
    assert len(index) == 2000
    assert index.memory()["vectors"] == memory["vectors"]
    assert index.memory()["graph"] <= 1.1 * memory["graph"]
    index.validate()


@pytest.mark.parametrize("links", [2, 3, 16])
def test_every_item_stays_within_reach(links):
    for seed in range(30):
        rng = np.random.default_rng(seed)
        count = int(rng.integers(20, 400))
        index = lanner.Index(9, "l2", M=links, ef_construction=40)
        index.add(rng.integers(-2, 2, (count, 9)))
        changed = rng.permutation(count)[: int(rng.integers(1, count))]
        index.upsert(rng.integers(-2, 2, (len(changed), 9)), changed)
        index.remove(rng.permutation(count)[: count // 3])
        index.add(rng.integers(-2, 2, (count // 4, 9)))
        figures = index.validate()
        assert figures["reachable"] == figures["nodes"] == len(index), f"seed {seed}"


# Reading


def test_get_returns_what_was_put_in(graph, rng):
    rows = rng.standard_normal((30, 8)).astype(np.float32) * 100
    index = lanner.Index(8, "cosine", graph=graph)
    ids = index.add(rows)
    assert index.get(ids).tobytes() == rows.tobytes()
    assert index.get(ids[::-1]).tobytes() == rows[::-1].tobytes()
    assert index.get(ids[[4, 4]]).tobytes() == rows[[4, 4]].tobytes()
    one = index.get(int(ids[3]))
    assert one.shape == (8,)
    assert one.tobytes() == rows[3].tobytes()
    assert index.get([]).shape == (0, 8)


@pytest.mark.parametrize("id", [5, np.int16(5), np.uint64(5), np.array(5)])
def test_one_id(make_points, id):
    index = make_points(10)
    np.testing.assert_array_equal(index.get(id), [5, 0, 0, 0])
    assert index.search_by_id(id, k=2).ids.tolist() == [4, 6]
    index.remove(id)
    assert 5 not in index


def test_contains():
    numbers, names = lanner.Index(4, "l2"), lanner.Index(4, "l2")
    assert 0 not in numbers
    assert "a" not in numbers
    numbers.add(points(2))
    names.add(points(2), ["a", "b"])
    assert 1 in numbers
    assert np.int8(1) in numbers
    assert np.uint64(2**63) not in numbers
    assert 2**70 not in numbers
    assert "a" in names
    assert np.str_("a") in names
    assert "c" not in names
    assert "\ud800" not in names
    for wrong in (1.0, None, b"a", True, (1,)):
        with pytest.raises(WrongTypeError, match="an id must be an integer or a str"):
            wrong in numbers  # noqa: B015


def test_iteration_is_over_the_ids_of_the_moment_it_began(make_points):
    index = make_points(5)
    seen = []
    for id in index:
        assert type(id) is int
        seen.append(id)
        index.remove([id])
    assert sorted(seen) == [0, 1, 2, 3, 4]
    assert len(index) == 0


def test_ids(make_points):
    index = make_points(4)
    assert index.ids.dtype == np.int64
    assert sorted(index.ids.tolist()) == [0, 1, 2, 3]


# Threads


@pytest.mark.parametrize(
    ("threads", "error"),
    [(0, InvalidArgumentError), (-1, InvalidArgumentError), (10**6, InvalidArgumentError)]
    + [(wrong, WrongTypeError) for wrong in (1.5, True, "2")],
)
def test_threads_are_at_least_one(make_points, threads, error):
    index = make_points(3)
    calls = [
        lambda: index.add(points(1), threads=threads),
        lambda: index.upsert(points(1), [1], threads=threads),
        lambda: index.remove([1], threads=threads),
        lambda: index.search(points(1), threads=threads),
        lambda: index.search(points(1)[0], threads=threads),
        lambda: index.search_by_id([1], threads=threads),
        lambda: index.search_radius(points(1), 1.0, threads=threads),
        lambda: index.measure_recall(points(1), 1, threads=threads),
        lambda: lanner.set_threads(threads),
    ]
    for call in calls:
        with pytest.raises(error, match="threads must be"):
            call()


def test_set_threads_is_the_default(monkeypatch):
    from lanner import _core

    before = _core.default_threads()
    try:
        lanner.set_threads(3)
        assert _core.default_threads() == 3
    finally:
        lanner.set_threads(before)
