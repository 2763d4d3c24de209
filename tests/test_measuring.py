"""Recall against a truth found elsewhere, and how queries without a filter are answered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import lanner
from lanner import InvalidArgumentError, WrongTypeError

DIM = 48


def drawn(names: bool = False) -> tuple[Any, Any, Any, Any]:
    """Return rows, ids, queries, and the ids of the 20 nearest rows of each, by NumPy."""
    rng = np.random.default_rng(3)
    rows = rng.normal(size=(1500, DIM)).astype(np.float32)
    queries = rng.normal(size=(40, DIM)).astype(np.float32)
    distances = ((queries[:, None].astype(float) - rows[None]) ** 2).sum(axis=2)
    nearest = np.argsort(distances, axis=1)[:, :20]
    if not names:
        return rows, np.arange(1500) + 7, queries, nearest + 7
    ids = [f"n{i}" for i in range(1500)]
    return rows, ids, queries, np.array(ids, dtype=object)[nearest]


@pytest.mark.parametrize("names", [False, True])
@pytest.mark.parametrize("graph", ["hnsw", None])
def test_recall_of_codes_alone_is_measured_against_the_truth(names: bool, graph: Any) -> None:
    rows, ids, queries, truth = drawn(names)
    index = lanner.Index(DIM, "l2", codec="Binary1", keep=None, graph=graph)
    index.add(rows, ids)
    found = index.search(queries, 10, exact=True).ids.tolist()
    share = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(found, truth[:, :10], strict=True)])
    measured = index.measure_recall(queries, 10, truth=truth, recall=1)
    assert measured == pytest.approx(share, abs=1e-12)
    assert 0.2 < measured < 0.9
    # Against its own codes, an exact search of them has missed nothing.
    assert index.measure_recall(queries, 10, recall=1) == 1
    forms = [truth.tolist(), tuple(map(tuple, truth.tolist())), truth[:, :10], truth[:, ::1]]
    forms += [truth.astype(str)] if names else [truth.astype(np.int32), truth.astype(np.uint64)]
    for form in forms:
        assert index.measure_recall(queries, 10, truth=form, recall=1) == measured
    one = index.measure_recall(queries[0], 10, truth=truth[0], recall=1)
    assert one == len(set(found[0]) & set(truth[0, :10])) / 10


def test_recall_of_an_index_with_its_vectors_is_1_against_the_truth() -> None:
    rows, ids, queries, truth = drawn()
    index = lanner.Index(DIM, "l2", graph=None)
    index.add(rows, ids)
    assert index.measure_recall(queries, 20, truth=truth) == 1
    assert index.measure_recall(queries, 20, truth=truth[:, ::-1]) == 1
    assert index.measure_recall(queries, 5, truth=truth[:, ::-1]) < 0.5
    assert index.measure_recall(queries, 10, truth=truth[:, 10:]) == 0


def test_the_truth_is_that_of_the_filter() -> None:
    rows, ids, queries, truth = drawn()
    index = lanner.Index(DIM, "l2", graph=None)
    index.add(rows, ids)
    second = [row[1::2] for row in truth.tolist()]
    filters = [set(row) for row in second]
    assert index.measure_recall(queries, 10, truth=second, filter=filters) == 1
    refused = f"truth row 0 must name items that satisfy the filter, got {min(truth[0, ::2])}, "
    with pytest.raises(InvalidArgumentError, match=refused):
        index.measure_recall(queries, 20, truth=truth, filter=filters)
    third = [*second[:3], truth[3, :10].tolist(), *second[4:]]
    with pytest.raises(InvalidArgumentError, match=r"truth row 3 must name .* which does not"):
        index.measure_recall(queries, 10, truth=third, filter=filters)


@pytest.mark.parametrize("names", [False, True])
def test_a_truth_that_one_filter_excludes_is_refused(names: bool) -> None:
    rows, ids, queries, truth = drawn(names)
    index = lanner.Index(DIM, "l2", graph=None)
    index.add(rows, ids, attributes={"even": np.arange(1500) % 2 == 0})
    even = index.ids_where("even")
    mask = np.arange(1500) % 2 == 0
    first = [int(each[1:]) if names else each - 7 for each in truth[:, 0]]
    row = next(row for row, number in enumerate(first) if number % 2)
    for filter in ("even", mask, set(even.tolist()), even):
        nearest = index.search(queries, 5, filter=filter)
        assert index.measure_recall(queries, 5, truth=nearest, filter=filter) == 1
        with pytest.raises(InvalidArgumentError, match=f"truth row {row} must .*, got"):
            index.measure_recall(queries, 1, truth=truth, filter=filter)


PLACE = "truth row 3, column 4"


def with_id(truth: Any, row: int, column: int, id: Any) -> Any:
    """Return the truth with another id in one place."""
    rows = truth.tolist()
    rows[row][column] = id
    return rows


@pytest.mark.parametrize("names", [False, True])
def test_empty_places_of_a_truth_are_nothing_to_find(names: bool) -> None:
    rows, ids, queries, _ = drawn(names)
    exact = lanner.Index(DIM, "l2", graph=None)
    exact.add(rows, ids)
    codes = lanner.Index(DIM, "l2", codec="Binary1", keep=None, graph=None)
    codes.add(rows, ids)
    # So many items satisfy each filter; of the first, none.
    matches = [row % 17 for row in range(len(queries))]
    filters = [set(list(ids)[:count]) for count in matches]
    truth = exact.search(queries, 12, filter=filters)
    assert truth.counts.tolist() == [min(count, 12) for count in matches]
    assert exact.measure_recall(queries, 10, truth=truth, filter=filters) == 1
    near = exact.search(queries, 400, filter=set(list(ids)[:500]))
    near.counts[:] = matches  # the places after these are as if empty
    found = codes.search(queries, 10)
    shared = [
        len({*a.ids.tolist()} & {*b.ids[:10].tolist()}) for a, b in zip(found, near, strict=True)
    ]
    share = sum(shared) / sum(min(count, 10) for count in matches)
    assert 0 < share < 1
    kept = np.arange(400) < np.array(matches)[:, None]
    padded = np.where(kept, near.ids, None if names else -1)
    forms: list[Any] = [near, padded, padded.tolist(), np.where(kept, near.ids, None)]
    forms.append(np.where(kept, near.ids, "").astype(str) if names else padded.astype(np.int32))
    for form in forms:
        assert codes.measure_recall(queries, 10, truth=form) == share
    five = codes.measure_recall(queries[5], 10, truth=near[5:6])
    assert five == shared[5] / 5
    assert five == codes.measure_recall(queries[5], 10, truth=padded[5])
    assert exact.measure_recall(queries[5], 4, truth=exact.search(queries[5], 9)) == 1
    with pytest.raises(InvalidArgumentError, match="must name ids, got empty places alone"):
        codes.measure_recall(queries[:1], 10, truth=near[:1])


@pytest.mark.parametrize("id", [-1, ""])
def test_what_is_an_id_is_no_empty_place_but_hits_tell(id: Any) -> None:
    index = lanner.Index(2, "l2", graph=None)
    index.add([[0, 0], [1, 0], [2, 0]], [5, id, 7] if id == -1 else ["a", id, "b"])
    first = index.ids.tolist()[0]
    assert index.measure_recall([[0, 0]], 2, truth=[[first, id]]) == 1
    assert index.measure_recall([[2, 0]], 2, truth=[[first, id]]) == 0.5
    hits = index.search([[0, 0]], 3, filter={id, first})
    assert index.measure_recall([[2, 0]], 3, truth=hits) == 1
    if id == -1:
        with pytest.raises(InvalidArgumentError, match=r"repeat an id, .*; Hits tell it from an"):
            index.measure_recall([[2, 0]], 3, truth=hits.ids)


@pytest.mark.parametrize(
    ("truth", "error", "message"),
    [
        (lambda t: t[:39], InvalidArgumentError, r"for each of 40 queries, got shape \(39, 20\)"),
        (lambda t: t[:, :9], InvalidArgumentError, r"at least 10 ids .* got shape \(40, 9\)"),
        (lambda t: t[0], InvalidArgumentError, r"got shape \(20,\)"),
        (lambda t: [*t[:39].tolist(), [1]], InvalidArgumentError, r"got shape \(40,\)"),
        (lambda t: t[None], InvalidArgumentError, r"got shape \(1, 40, 20\)"),
        (lambda t: with_id(t, 3, 4, 6), InvalidArgumentError, f"{PLACE} must be an id .*, got 6$"),
        (lambda t: with_id(t, 3, 4, 2**80), InvalidArgumentError, f"{PLACE} must be an id in the"),
        (lambda t: with_id(t, 3, 4, "7"), WrongTypeError, f"{PLACE} must be int as .*, got str$"),
        (lambda t: with_id(t, 3, 4, 7.0), WrongTypeError, f"{PLACE} must be int as .*, got float$"),
        (lambda t: with_id(t, 3, 4, True), WrongTypeError, f"{PLACE} must be int as .* got bool$"),
        (lambda t: with_id(t, 3, 4, b"7"), WrongTypeError, f"{PLACE} must be .*int.from_bytes"),
        (lambda t: with_id(t, 3, 4, t[3, 1]), InvalidArgumentError, f"{PLACE} must not repeat an"),
        (lambda t: with_id(t, 3, 3, -1), InvalidArgumentError, f"{PLACE} must be empty, as one be"),
        (lambda t: np.full_like(t, -1), InvalidArgumentError, "must name ids, got empty places"),
        (lambda t: t.astype(str), WrongTypeError, "column 0 must be int as ids in .*, got str"),
        (lambda t: t + 0.5, WrongTypeError, "truth must be integers or str, got float64"),
        (lambda t: t > 700, WrongTypeError, "truth must be integers or str, got bool"),
    ],
)
def test_truth_that_cannot_be_is_refused(truth: Any, error: type[Exception], message: str) -> None:
    rows, ids, queries, known = drawn()
    index = lanner.Index(DIM, "l2", graph=None)
    index.add(rows, ids)
    with pytest.raises(error, match=message):
        index.measure_recall(queries, 10, truth=truth(known))


def test_an_unfiltered_walk_is_explained() -> None:
    rng = np.random.default_rng(6)
    index = lanner.Index(24, "l2", codec=None)
    index.add(rng.normal(size=(12000, 24)))
    query = rng.normal(size=24).astype(np.float32)
    for width in (20, 100):
        index.search_stats(reset=True)
        hits = index.search(query, 5, ef=width)
        done = index.search_stats(reset=True)
        told = index.explain(query, k=5, ef=width)
        assert (told.plan, told.filtered, told.fell_back) == ("walk", False, False)
        assert (told.items, told.matches, told.hits) == (12000, 12000, len(hits))
        assert told.measured.distances == done["distances"]
        assert told.measured.hops == done["hops"] >= width
        assert told.measured.lists == told.measured.hops
        assert told.resolve_nanoseconds == 0
        walk, scan = told.options
        assert (walk.plan, walk.why_not, walk.predicted) == ("walk", "", told.predicted)
        assert scan.plan == "scan"
        assert scan.why_not.endswith(f"16 items for each of the {width} candidates of a walk")
        assert scan.predicted.distances == 12000
        assert scan.predicted.nanoseconds > 0
        assert 0.4 < told.predicted.distances / told.measured.distances < 2.5
    first, *_, last = repr(told).split("\n")
    assert first == "walk: 12000 items, 5 hits"
    assert last.startswith("  not scan: there are more than")
    assert "filter" not in repr(told)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"exact": True}, "nothing less than a look at every item finds what was asked for"),
        ({"recall": 1.0}, "nothing less than a look at every item finds what was asked for"),
        ({"ef": 500}, "there are at most 16 items for each of the 500 candidates of a walk"),
    ],
)
def test_an_unfiltered_scan_is_explained(how: dict[str, Any], why: str) -> None:
    rng = np.random.default_rng(6)
    index = lanner.Index(24, "l2", codec=None)
    index.add(rng.normal(size=(3000, 24)))
    told = index.explain(rng.normal(size=24), **how)
    assert (told.plan, told.measured.distances, told.measured.hops) == ("scan", 3000, 0)
    assert (told.hits, told.predicted.distances) == (10, 3000)
    assert [each.why_not for each in told.options] == ["", why]
    assert told.options[1].predicted.hops > 0


def test_an_index_without_a_graph_and_one_without_items_are_explained() -> None:
    index = lanner.Index(DIM, "l2", graph=None, codec="SQ8")
    told = index.explain(np.zeros(DIM))
    assert (told.plan, told.items, told.hits, len(told.options)) == ("empty", 0, 0, 1)
    index.add(np.random.default_rng(1).normal(size=(900, DIM)))
    told = index.explain(np.zeros(DIM), k=3)
    assert (told.plan, told.hits, told.filtered, len(told.options)) == ("scan", 3, False, 1)
    assert told.measured.distances >= 900
    assert index.explain(np.zeros(DIM), {}, 3).filtered
    with pytest.raises(InvalidArgumentError, match="query must be one vector"):
        index.explain(np.zeros((2, DIM)))


def test_a_look_at_everything_is_explained_by_costs_that_can_be(papers: Any) -> None:
    index = lanner.Index(384)
    index.add(papers.vectors[:1000])
    told = index.explain(papers.queries[0], recall=1)
    assert told.plan == "scan"
    assert [each.plan for each in told.options] == ["scan", "walk"]
    assert 0 < told.options[1].predicted.hops < 1100
    assert told.options[1].predicted.distances < 100_000
