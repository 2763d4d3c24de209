"""Attributes and filters of an index: any changes and conditions, held against brute force."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import reference
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

import lanner
from lanner import InvalidArgumentError, NotFoundError, WrongTypeError, col

DIM = 8
NAMES = ["year", "score", "open", "seen", "kind", "tags", "codes"]
SCHEMA = {
    "year": "int64",
    "score": "float64",
    "open": "bool",
    "seen": "timestamp",
    "kind": "string",
    "tags": "list[string]",
    "codes": "list[int64]",
}
WORDS = ["", "a", "ab", "abc", "b", "\u00e9t\u00e9"]
MOMENTS = [np.datetime64(f"20{year}-02-03T04:05:06.789", "us") for year in range(18, 23)]
Row = dict[str, Any]
seeds = st.integers(0, 2**32 - 1)


def draw_rows(rng: np.random.Generator, count: int) -> list[Row]:
    """Return rows of few distinct values, one in six a null."""

    def one() -> Row:
        row: Row = {
            "year": int(rng.integers(-3, 4)),
            "score": float(rng.choice([-1.5, 0.0, 0.5, 1.0, 2.0])),
            "open": bool(rng.integers(2)),
            "seen": MOMENTS[rng.integers(len(MOMENTS))],
            "kind": WORDS[rng.integers(len(WORDS))],
            "tags": [WORDS[place] for place in rng.integers(len(WORDS), size=rng.integers(4))],
            "codes": rng.integers(-2, 3, size=rng.integers(4)).tolist(),
        }
        return {name: None if rng.random() < 1 / 6 else value for name, value in row.items()}

    return [one() for _ in range(count)]


def table(rows: list[Row]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in NAMES}


def draw_value(rng: np.random.Generator, name: str) -> Any:
    value = None
    while value is None:
        value = draw_rows(rng, 1)[0][name]
    return value


def draw_filter(rng: np.random.Generator, ids: list[Any], depth: int) -> tuple[Any, Any]:
    """Return an expression and the function of (id, row) that it should be."""
    if depth > 0 and rng.random() < 0.7:
        left, left_holds = draw_filter(rng, ids, depth - 1)
        right, right_holds = draw_filter(rng, ids, depth - 1)
        kind = rng.integers(3)
        if kind == 0:
            return left & right, lambda i, r: left_holds(i, r) and right_holds(i, r)
        if kind == 1:
            return left | right, lambda i, r: left_holds(i, r) or right_holds(i, r)
        return ~left, lambda i, r: not left_holds(i, r)
    if ids and rng.random() < 0.1:
        some = [ids[place] for place in rng.integers(len(ids), size=rng.integers(4))]
        return col.id.isin(some), lambda i, r: i in some
    name = NAMES[rng.integers(len(NAMES))]
    column = col(name)
    if rng.random() < 0.15:
        return column.is_null(), lambda i, r: r[name] is None
    if name in ("tags", "codes"):
        return draw_list_filter(rng, name)
    value, other = draw_value(rng, name), draw_value(rng, name)
    choices: list[tuple[Any, Any]] = [
        (column == value, lambda x: x == value),
        (column != value, lambda x: x != value),
        (column.isin([value, other]), lambda x: x in (value, other)),
    ]
    if name != "open":
        choices += [
            (column < value, lambda x: x < value),
            (column <= value, lambda x: x <= value),
            (column > value, lambda x: x > value),
            (column >= value, lambda x: x >= value),
            (column.between(value, other), lambda x: value <= x <= other),
        ]
    if name == "kind":
        choices.append((column.startswith(value), lambda x: x.startswith(value)))
    expression, holds = choices[rng.integers(len(choices))]
    return expression, lambda i, r: r[name] is not None and holds(r[name])


def draw_list_filter(rng: np.random.Generator, name: str) -> tuple[Any, Any]:
    pool = WORDS if name == "tags" else list(range(-2, 3))
    some = [pool[place] for place in rng.integers(len(pool), size=rng.integers(3))]
    value = pool[rng.integers(len(pool))]
    expression, holds = [
        (col(name).contains(value), lambda x: value in x),
        (col(name).contains_any(some), lambda x: any(each in x for each in some)),
        (col(name).contains_all(some), lambda x: all(each in x for each in some)),
    ][rng.integers(3)]
    return expression, lambda i, r: r[name] is not None and holds(r[name])


class FilteredIndex(RuleBasedStateMachine):
    """An index with attributes, and its model: a dictionary from id to vector and row.

    Vectors are of few small whole numbers, so that equal ones, which share a node, abound.
    """

    index: lanner.Index
    vectors: dict[Any, np.ndarray]
    rows: dict[Any, Row]

    @initialize(
        graph=st.sampled_from(["hnsw", "hnsw", None]),
        metric=st.sampled_from(["l2", "cosine", "ip"]),
        names=st.booleans(),
        codec=st.sampled_from([None, "SQ8", "SQ4"]),
        given=st.booleans(),
    )
    def begin(
        self, graph: str | None, metric: str, names: bool, codec: str | None, given: bool
    ) -> None:
        self.names, self.metric = names, metric
        schema = lanner.Schema(SCHEMA)
        self.index = lanner.Index(
            DIM, metric, graph=graph, codec=codec, schema=schema if given else None
        )
        self.vectors, self.rows = {}, {}
        if not given:
            # A first row of values says what the columns are.
            rows = draw_rows(np.random.default_rng(5), 500)
            row = next(each for each in rows if None not in each.values() and each["codes"])
            assert row["tags"]
            self.put([self.id_of(0)], self.draw(0, 1), [row], upsert=False)
        assert self.index.schema == schema

    def id_of(self, number: int) -> Any:
        return str(number) if self.names else number

    def draw(self, seed: int, count: int) -> np.ndarray:
        return np.random.default_rng(seed).integers(-2, 2, (count, DIM)).astype(np.float32)

    def new_ids(self, seed: int, count: int) -> list[Any]:
        numbers = np.random.default_rng(seed).permutation(10**6)[: count + len(self.rows)]
        return [
            self.id_of(int(each)) for each in numbers if self.id_of(int(each)) not in self.rows
        ][:count]

    def some_ids(self, seed: int, count: int) -> list[Any]:
        ids = sorted(self.rows)
        return [ids[place] for place in np.random.default_rng(seed).permutation(len(ids))[:count]]

    def put(self, ids: list[Any], vectors: np.ndarray, rows: list[Row], upsert: bool) -> None:
        if upsert:
            self.index.upsert(vectors, ids, attributes=table(rows))
        else:
            self.index.add(vectors, ids, attributes=table(rows))
        self.vectors.update(zip(ids, vectors, strict=True))
        self.rows.update(zip(ids, rows, strict=True))

    @rule(seed=seeds, count=st.integers(1, 60))
    def add(self, seed: int, count: int) -> None:
        ids = self.new_ids(seed, count)
        rows = draw_rows(np.random.default_rng(seed), len(ids))
        self.put(ids, self.draw(seed, len(ids)), rows, upsert=False)

    @rule(seed=seeds, count=st.integers(1, 5))
    def add_without_attributes(self, seed: int, count: int) -> None:
        ids, vectors = self.new_ids(seed, count), self.draw(seed, count)
        self.index.add(vectors, ids)
        self.vectors.update(zip(ids, vectors, strict=True))
        self.rows.update((id, dict.fromkeys(NAMES)) for id in ids)

    @rule(seed=seeds, count=st.integers(1, 15))
    def upsert(self, seed: int, count: int) -> None:
        ids = self.some_ids(seed, count) + self.new_ids(seed, count // 2)
        rows = draw_rows(np.random.default_rng(seed), len(ids))
        if ids:
            self.put(ids, self.draw(seed, len(ids)), rows, upsert=True)

    @precondition(lambda self: self.rows)
    @rule(seed=seeds, count=st.integers(1, 15))
    def upsert_of_vectors_keeps_attributes(self, seed: int, count: int) -> None:
        ids = self.some_ids(seed, count)
        vectors = self.draw(seed, len(ids))
        self.index.upsert(vectors, ids)
        self.vectors.update(zip(ids, vectors, strict=True))

    @precondition(lambda self: self.rows)
    @rule(seed=seeds, count=st.integers(1, 15), name=st.sampled_from(NAMES))
    def update_one_column(self, seed: int, count: int, name: str) -> None:
        ids = self.some_ids(seed, count)
        values = [row[name] for row in draw_rows(np.random.default_rng(seed), len(ids))]
        self.index.update_attributes(ids, {name: values})
        for id, value in zip(ids, values, strict=True):
            self.rows[id] = {**self.rows[id], name: value}

    @rule(seed=seeds, count=st.integers(1, 40))
    def remove(self, seed: int, count: int) -> None:
        ids = self.some_ids(seed, count)
        self.index.remove(ids)
        for id in ids:
            del self.vectors[id], self.rows[id]

    @precondition(lambda self: self.rows)
    @rule(seed=seeds)
    def what_fails_changes_nothing(self, seed: int) -> None:
        ids = self.new_ids(seed, 3)
        rows = draw_rows(np.random.default_rng(seed), 3)
        before = self.index.to_bytes()
        with pytest.raises((InvalidArgumentError, WrongTypeError)):
            self.index.add(self.draw(seed, 3), ids, attributes={**table(rows), "year": ["x"] * 3})
        mixed = ids[:2] + self.some_ids(seed, 1)
        with pytest.raises(InvalidArgumentError):
            self.index.add(self.draw(seed, 3), mixed, attributes=table(rows))
        with pytest.raises(NotFoundError):
            self.index.update_attributes(self.some_ids(seed, 1) + ids[:1], {"year": [1, 2]})
        assert self.index.to_bytes() == before

    @rule(seed=seeds, k=st.integers(1, 30), depth=st.integers(0, 4), exact=st.booleans())
    def search(self, seed: int, k: int, depth: int, exact: bool) -> None:
        rng = np.random.default_rng(seed)
        queries = self.draw(seed, 3)
        filters, matching = [], []
        for _ in queries:
            expression, holds = draw_filter(rng, sorted(self.rows), depth)
            filters.append(expression)
            matching.append([id for id, row in self.rows.items() if holds(id, row)])
            assert self.index.count(expression) == len(matching[-1]), expression
        for query, expression, ids in zip(queries, filters, matching, strict=True):
            self.check(self.index.search(query, k, filter=expression, exact=exact), query, k, ids)
            explained = self.index.explain(query, expression, k)
            assert (explained.matches, explained.hits) == (len(ids), min(k, len(ids)))
        each = self.index.search(queries, k, filter=filters, exact=exact)
        for query, hits, ids in zip(queries, each, matching, strict=True):
            self.check(hits, query, k, ids)
        same = self.index.search(queries, k, filter=filters[0])
        for query, hits in zip(queries, same, strict=True):
            self.check(hits, query, k, matching[0])

    def check(self, hits: lanner.Hits, query: np.ndarray, k: int, matching: list[Any]) -> None:
        found = hits.ids[: hits.counts].tolist()
        assert len(found) == min(k, len(matching))
        assert set(found) <= set(matching)
        assert len(set(found)) == len(found)
        if found:
            vectors = np.stack([self.vectors[id] for id in found])
            true = reference.distances(query[None], vectors, self.metric)[0]
            np.testing.assert_allclose(hits.distances[: hits.counts], true, atol=1e-4)

    @precondition(lambda self: self.rows)
    @rule(seed=seeds)
    def search_by_id_and_radius(self, seed: int) -> None:
        (id,) = self.some_ids(seed, 1)
        rng = np.random.default_rng(seed)
        expression, holds = draw_filter(rng, sorted(self.rows), 2)
        matching = [each for each, row in self.rows.items() if holds(each, row)]
        others = [each for each in matching if each != id]
        hits = self.index.search_by_id(id, 5, filter=expression)
        self.check(hits, self.vectors[id], 5, others)
        near = self.index.search_radius(self.vectors[id], 1e9, filter=expression, exact=True)
        assert sorted(near.ids.tolist()) == sorted(matching)

    @rule(how=st.sampled_from(["bytes", "copy"]))
    def go_through(self, how: str) -> None:
        before = self.index.to_bytes()
        self.index = (
            lanner.Index.from_bytes(before) if how == "bytes" else copy.deepcopy(self.index)
        )
        assert self.index.to_bytes() == before

    @invariant()
    def attributes_come_back(self) -> None:
        ids = list(self.rows)
        if not ids:
            return
        vectors, attributes = self.index.get(ids, attributes=True)
        np.testing.assert_array_equal(vectors, np.stack(list(self.vectors.values())))
        assert list(attributes) == NAMES
        for name in NAMES:
            for value, row in zip(attributes[name], self.rows.values(), strict=True):
                want = row[name]
                if want is None:
                    assert value is None or value != value
                elif name in ("tags", "codes"):
                    assert list(value) == want
                else:
                    assert value == want
        for hit in self.index.search(np.zeros(DIM) + 1, 3, attributes=["kind"]):
            assert hit


TestFilteredIndex = FilteredIndex.TestCase


@pytest.mark.parametrize("form", ["columns", "rows"])
def test_a_null_inside_a_list_is_named_by_column_and_row(form: str) -> None:
    index = lanner.Index(2, "l2")
    index.add(np.eye(2), attributes={"tags": [["a"], None]})
    bad: Any = {"tags": [["b"], ["a", None]]}
    if form == "rows":
        bad = [{"tags": each} for each in bad["tags"]]
    message = r"attributes\['tags'\] must have lists of str .*, got None inside the list in row 1"
    before = index.to_bytes()
    for change in (
        lambda: index.add(np.eye(2), attributes=bad),
        lambda: index.upsert(np.eye(2), [0, 1], attributes=bad),
        lambda: index.update_attributes([0, 1], bad),
    ):
        with pytest.raises(WrongTypeError, match=message + ": leave it out"):
            change()
    assert index.to_bytes() == before


def two_columns(**options: Any) -> lanner.Index:
    index = lanner.Index(2, "l2", **options)
    index.add(np.eye(2), [0, 1], attributes={"year": [1, 2], "min_price": [0.5, 1.5]})
    return index


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("yaer", "year"),
        ("yeer", "year"),
        ("years", "year"),
        ("Year", "year"),
        ("min_prise", "min_price"),
        ("minPrice", "min_price"),
        ("min price", "min_price"),
        ("mni_price", None),
        ("max_price", None),
        ("min_price_2", None),
        ("year2", None),
        ("month", None),
        ("yr", None),
        ("", None),
        ("y" * 2000, None),
    ],
)
def test_a_new_column_of_nearly_the_name_of_another_is_warned_of(
    name: str, near: str | None
) -> None:
    index = two_columns()
    ids = iter(range(10, 20))
    changes = [
        lambda: index.add(np.eye(2), [next(ids), next(ids)], attributes={name: [1, 2]}),
        lambda: index.upsert(np.eye(2), [0, 1], attributes={name: [1, 2]}),
        lambda: index.update_attributes([0, 1], {name: [1, 2]}),
    ]
    for change in changes:
        index = two_columns()
        if not name:
            with pytest.raises(InvalidArgumentError, match="must have a name"):
                change()
        elif near is None:
            change()  # a warning would be an error
            assert dict(index.schema)[name] == "int64"
        else:
            before = index.to_bytes()
            message = f"attributes have '{name}', which makes a new column, and not '{near}'"
            with pytest.raises(lanner.NewColumnWarning, match=message):
                change()
            assert index.to_bytes() == before
            with pytest.warns(lanner.NewColumnWarning) as warned:
                change()
            assert [each.filename for each in warned] == [__file__]
            assert dict(index.schema)[name] == "int64"
            change()  # it is there now


def test_the_nearest_name_is_named() -> None:
    index = lanner.Index(2, "l2")
    index.add(np.eye(2), attributes={"category": [1, 2], "categories": [1, 2], "catalogue": [1, 2]})
    with pytest.warns(lanner.NewColumnWarning, match="and not 'categories'"):
        index.update_attributes([0], {"categoriess": [1]})
    with pytest.warns(lanner.NewColumnWarning) as warned:
        index.update_attributes([0], {"catgory": [1], "catalog": [2], "other": [3]})
    assert ["'category'" in str(each.message) for each in warned] == [True, False]
    assert "'catalogue'" in str(warned[1].message)


def test_a_table_that_has_both_names_means_both() -> None:
    index = two_columns()
    index.add(np.eye(2), attributes={"year": [1, 2], "years": [3, 4]})
    assert list(index.schema) == ["year", "min_price", "years"]


def test_a_first_table_is_not_warned_of() -> None:
    index = lanner.Index(2, "l2")
    index.add(np.eye(2), attributes={"year": [1, 2], "yaer": [1, 2]})
    assert list(index.schema) == ["year", "yaer"]


@pytest.mark.parametrize("through", ["itself", "bytes", "compact"])
def test_a_schema_that_was_given_refuses_other_columns_without_a_warning(through: str) -> None:
    index = two_columns(schema={"year": "int64", "min_price": "float64"})
    if through == "bytes":
        index = lanner.Index.from_bytes(index.to_bytes())
    elif through == "compact":
        index.compact()
    before = index.to_bytes()
    for change in (
        lambda: index.add(np.eye(2), attributes={"yaer": [1, 2]}),
        lambda: index.upsert(np.eye(2), [0, 1], attributes={"yaer": [1, 2]}),
        lambda: index.update_attributes([0, 1], {"yaer": [1, 2]}),
    ):
        with pytest.raises(InvalidArgumentError, match="'yaer' is not in the schema; its columns"):
            change()
    assert index.to_bytes() == before


@pytest.mark.parametrize("names", [False, True])
def test_hits_within_a_radius_bring_attributes(names: bool) -> None:
    rng = np.random.default_rng(4)
    rows = draw_rows(rng, 60)
    index = lanner.Index(DIM, "l2", schema=SCHEMA)
    vectors = rng.normal(size=(60, DIM)).astype(np.float32)
    index.add(vectors, [f"n{i}" for i in range(60)] if names else None, attributes=table(rows))
    queries = np.concatenate([vectors[:3], np.full((1, DIM), 1e3, np.float32)])
    plain = index.search_radius(queries, 9.0, filter="year >= 0")
    assert plain.attributes is None
    assert plain[0].attributes is None
    hits = index.search_radius(queries, 9.0, filter="year >= 0", attributes=True)
    assert hits.attributes is not None
    assert list(hits.attributes) == NAMES
    assert hits.ids.tolist() == plain.ids.tolist()
    assert 4 < len(hits.ids) < 4 * 60
    _, wanted = index.get(hits.ids, attributes=True)
    for name in NAMES:
        np.testing.assert_array_equal(hits.attributes[name], wanted[name])
    for place, each in enumerate(hits):
        begin, end = hits.offsets[place : place + 2]
        assert each.attributes is not None
        assert each.attributes["year"].tolist() == wanted["year"][begin:end].tolist()
    assert len(hits[3]) == 0
    alone = index.search_radius(queries[1], 9.0, filter="year >= 0", attributes=["kind", "year"])
    assert alone.attributes is not None
    assert list(alone.attributes) == ["kind", "year"]
    assert alone.attributes["year"].tolist() == hits[1].attributes["year"].tolist()
    nothing = index.search_radius(queries[3], 9.0, attributes="year")
    assert nothing.attributes is not None
    assert nothing.attributes["year"].shape == (0,)
    with pytest.raises(lanner.Error, match="no column 'month'"):
        index.search_radius(queries, 9.0, attributes="month")
    with pytest.raises(InvalidArgumentError, match="got none"):
        index.search_radius(queries, 9.0, attributes=[])


def test_a_column_named_id_is_warned_of_once_it_comes():
    index = lanner.Index(2, graph=None)
    with pytest.warns(lanner.NewColumnWarning, match="column 'id', which filters take") as warned:
        index.add(np.eye(2), [5, 6], attributes={"id": [7, 8]})
    assert warned[0].filename == __file__
    assert (index.count("id == 5"), index.count("`id` == 7")) == (1, 1)
    index.add(np.eye(2), [15, 16], attributes={"id": [7, 8]})  # it is there now
    lanner.Index(2, graph=None, schema={"id": "int64"}).add(np.eye(2), attributes={"id": [7, 8]})


def test_attributes_of_one_item_are_values_of_python() -> None:
    index = lanner.Index(2, "l2", graph=None)
    when = np.datetime64("2024-05-06T07:08:09", "us")
    item: dict[str, Any] = {"year": 2020, "score": 0.5, "open": True, "note": "ü", "when": when}
    item |= {"tags": ["a", "b"], "pages": [1, 2]}
    index.add(np.eye(2), [5, 6], attributes=[item, dict.fromkeys(item)])
    vector, got = index.get(5, attributes=True)
    assert vector.tolist() == [1, 0]
    assert got == item
    kinds = [int, float, bool, str, np.datetime64, list, list]
    assert list(map(type, got.values())) == kinds
    assert set(map(type, got["pages"])) == {int}
    nulls = index.get(6, attributes=["year", "score", "open", "note", "when", "tags"])[1]
    assert [nulls[each] for each in ("year", "open", "note", "tags")] == [None] * 4
    assert type(nulls["score"]) is float
    assert np.isnan(nulls["score"])
    assert np.isnat(nulls["when"])
    columns = index.get([5], attributes=True)[1]
    assert columns["year"].dtype == np.int64
    assert columns["when"].dtype == "M8[us]"


@pytest.mark.parametrize("form", ["dict", "rows", "frame", "arrow"])
def test_a_column_of_nothing_but_nulls_comes_with_its_first_value(form: str) -> None:
    def table(year: list[Any], note: list[Any]) -> Any:
        columns = {"year": year, "note": note}
        if form == "rows":
            return [{"year": a, "note": b} for a, b in zip(year, note, strict=True)]
        if form == "frame":
            return pytest.importorskip("pandas").DataFrame(columns)
        return columns if form == "dict" else pytest.importorskip("pyarrow").table(columns)

    index = lanner.Index(2, "l2", graph=None)
    index.add(np.eye(2), [0, 1], attributes=table([1, 2], [None, None]))
    assert dict(index.schema) == {"year": "int64"}
    with pytest.raises(InvalidArgumentError, match="there is no column 'note'; there are 'year'"):
        index.count("note is None")
    index.upsert(np.eye(2), [0, 1], attributes=table([3, 4], [None, None]))
    index.add(np.eye(2), [2, 3], attributes=table([5, 6], [None, "x"]))
    assert dict(index.schema) == {"year": "int64", "note": "string"}
    assert index.ids_where("note is None").tolist() == [0, 1, 2]
    assert index.get([0, 3], attributes="note")[1]["note"].tolist() == [None, "x"]
    with pytest.raises(WrongTypeError, match=r"'note'.* string, got int64"):
        index.add(np.eye(2), [4, 5], attributes=table([7, 8], [1, 2]))
    # Once it is there, nulls are nulls of it.
    index.update_attributes([3], {"note": [None]})
    assert index.count("note is None") == 4


@pytest.mark.parametrize("note", [[None], [None] * 3, []])
def test_a_column_of_nulls_has_a_value_a_row(note: list[None]) -> None:
    index = lanner.Index(2, "l2", graph=None)
    with pytest.raises(InvalidArgumentError, match=r"\['note'\] must have 2 rows, got"):
        index.add(np.eye(2), attributes={"note": note})
    assert len(index) == 0


def test_a_column_of_nulls_that_no_schema_declares_is_refused() -> None:
    index = two_columns(schema={"year": "int64", "min_price": "float64"})
    index.add(np.eye(2), attributes={"year": [None, None]})
    with pytest.raises(InvalidArgumentError, match=r"lanner.Schema\({'note': 'string'}\)"):
        index.add(np.eye(2), attributes={"note": [None, None]})
    with pytest.raises(InvalidArgumentError, match=r"lanner.Schema\({'note': 'string'}\)"):
        lanner.hashing.Codes(np.zeros((1, 1), np.uint8), attributes={"note": [None]})


def test_a_slip_for_a_column_is_seen_where_all_is_null() -> None:
    index = two_columns()
    changes = [
        lambda: index.add(np.eye(2), [10, 11], attributes={"yaer": [None, None]}),
        lambda: index.add(np.eye(2), [12, 13], attributes=[{"yaer": None}, {}]),
        lambda: index.upsert(np.eye(2), [0, 1], attributes={"yaer": [None] * 2, "x": [1, 2]}),
    ]
    message = "attributes have 'yaer', which holds no value yet, and not 'year', which the index"
    for change in changes:
        with pytest.warns(lanner.NewColumnWarning, match=message) as warned:
            change()
        assert [each.filename for each in warned] == [__file__]
    assert "yaer" not in index.schema
    # Beside the column itself, and of another name, it is none.
    index.add(np.eye(2), attributes={"yaer": [None, None], "year": [1, 2], "month": [None, None]})


def test_null_is_not_set_in_a_column_that_is_not_there() -> None:
    index = two_columns()
    before = index.to_bytes()
    message = (
        r"^attributes\['yaer'\] holds nothing but nulls, and there is no column 'yaer'; there are "
        r"'year', 'min_price'; did you mean 'year'\?$"
    )
    for table in ({"yaer": [None]}, [{"yaer": None}], {"year": [5], "yaer": [None]}):
        with pytest.raises(InvalidArgumentError, match=message):
            index.update_attributes([0], table)
    with pytest.raises(InvalidArgumentError, match=r"there is no column 'month'; .*'min_price'$"):
        index.update_attributes([0, 1], {"month": [None, None]})
    with pytest.raises(InvalidArgumentError, match="must be text of UTF-8"):
        index.update_attributes([0], {"\ud800": [None]})
    assert index.to_bytes() == before
    index.update_attributes([], {"month": []})
    index.update_attributes([0], {"year": [None]})
    assert index.ids_where("year is None").tolist() == [0]
    bare = lanner.Index(2, "l2", graph=None)
    bare.add(np.eye(2))
    with pytest.raises(InvalidArgumentError, match="this index has no attributes"):
        bare.update_attributes([0], {"year": [None]})
