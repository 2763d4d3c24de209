"""Filters: expressions, strings and dicts make one tree, and mistakes are named where they are."""

from __future__ import annotations

import datetime as dt
import enum
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lanner
from lanner import InvalidArgumentError, WrongTypeError, _core, col, filters

INT64 = st.integers(-(2**63), 2**63 - 1)
TIMES = st.integers(-(2**63) + 1, 2**63 - 1).map(_core.Timestamp)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.one_of(st.booleans(), INT64, st.floats(allow_nan=False), TEXT, TIMES)
NAMES = st.one_of(
    st.sampled_from(
        ["year", "tags", "id", "col", "timestamp", "not", "None", "odd name", "é", "ﬁ"]
    ),
    TEXT.filter(bool),
)
COMPARISONS = ["==", "!=", "<", "<=", ">", ">="]


def leaves() -> st.SearchStrategy[filters.Filter]:
    def make(op: str, name: str, values: list[Any]) -> filters.Filter:
        return filters.Filter(op, name, tuple(values))

    several = st.lists(VALUES, max_size=4)
    return st.one_of(
        st.builds(
            make,
            st.sampled_from([*COMPARISONS, "contains"]),
            NAMES,
            st.lists(VALUES, min_size=1, max_size=1),
        ),
        st.builds(make, st.just("between"), NAMES, st.lists(VALUES, min_size=2, max_size=2)),
        st.builds(make, st.sampled_from(["in", "contains_any", "contains_all"]), NAMES, several),
        st.builds(make, st.just("startswith"), NAMES, st.lists(TEXT, min_size=1, max_size=1)),
        st.builds(make, st.just("is_null"), NAMES, st.just([])),
        st.one_of(st.lists(INT64), st.lists(TEXT, min_size=1)).map(col.id.isin),
    )


TREES = st.recursive(
    leaves(),
    lambda inner: st.one_of(
        inner.map(lambda each: ~each),
        st.tuples(inner, inner).map(lambda pair: pair[0] & pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] | pair[1]),
        st.sampled_from([filters.parse("True"), filters.parse("False")]),
    ),
    max_leaves=12,
)


@given(TREES)
def test_what_repr_shows_reads_back_as_the_same_tree(tree: filters.Filter) -> None:
    read = filters.parse(repr(tree))
    assert read.core == tree.core
    assert hash(read) == hash(tree)
    assert repr(read) == repr(tree)


@given(TREES)
def test_pickles_are_equal(tree: filters.Filter) -> None:
    assert pickle.loads(pickle.dumps(tree)) == tree
    assert pickle.loads(pickle.dumps(tree.core)) == tree.core


@given(TREES, TREES)
def test_equal_trees_are_those_that_look_the_same(
    one: filters.Filter, other: filters.Filter
) -> None:
    same = repr(one).replace("-0.0", "0.0") == repr(other).replace("-0.0", "0.0")
    assert (one == other) == same


SAME = [
    (col("year") >= 2020, "year >= 2020", {"year": {"$gte": 2020}}),
    (col.year >= 2020, "2020 <= year", {"year": {"$gte": 2020}}),
    ((col.a >= 1) & (col.a < 5), "1 <= a < 5", {"a": {"$gte": 1, "$lt": 5}}),
    (col.a != "x", "a != 'x'", {"a": {"$ne": "x"}}),
    (col.a == "x", "'x' == a", {"a": "x"}),
    (col.a > -1.5, "-1.5 < a", {"a": {"$gt": -1.5}}),
    (col.a <= 1, "a <= +1", {"a": {"$lte": 1}}),
    (col.a.isin(["x", "y"]), "a in ('x', 'y')", {"a": {"$in": ["x", "y"]}}),
    (col.a.isin(()), "a in []", {"a": {"$in": []}}),
    (col.a.not_in([1]), "a not in {1}", {"a": {"$nin": [1]}}),
    (col.t.contains("x"), "'x' in t", {"t": {"$contains": "x"}}),
    (col.t.contains_any([1]), "t.contains_any([1])", {"t": {"$contains_any": [1]}}),
    (col.t.contains_all([1]), "t.contains_all((1,))", {"t": {"$all": [1]}}),
    (~(col.t.contains(1) | col.t.is_null()), "1 not in t", {"t": {"$not_contains": 1}}),
    (col.a.startswith("cs."), "a.startswith('cs.')", {"a": {"$startswith": "cs."}}),
    (col.a.between(1, 2), "a.between(1, 2)", {"a": {"$between": [1, 2]}}),
    (col.a.is_null(), "a is None", {"a": None}),
    (col.a.is_null(), "a.is_null()", {"a": {"$exists": False}}),
    (~col.a.is_null(), "a is not None", {"a": {"$ne": None}}),
    (~col.done, "not done", {"$not": {"done": True}}),
    (~(col.a > 1), "not a > 1", {"a": {"$not": {"$gt": 1}}}),
    (col.a.isin([1]) | col("id").isin([1]), "a in [1] or col('id') in [1]", None),
    (col.id.isin([1, 2]), "id in [1, 2]", {"id": {"$in": [1, 2]}}),
    (col.id == "a", "id == 'a'", {"id": "a"}),
    (~col.id.isin([7]), "id != 7", {"id": {"$nin": [7]}}),
    (col("odd name") == True, "`odd name`", {"odd name": True}),  # noqa: E712
    (
        (col.a > 1) | (col.b > 1) | (col.c > 1),
        "a > 1 or (b > 1 or c > 1)",
        {"$or": [{"a": {"$gt": 1}}, {"$or": [{"b": {"$gt": 1}}, {"c": {"$gt": 1}}]}]},
    ),
    (~((col.a == 1) | (col.b == 2)), "not (a == 1 or b == 2)", {"$nor": [{"a": 1}, {"b": 2}]}),
    (col.t == dt.datetime(2020, 1, 2), "t == timestamp('2020-01-02')", {"t": dt.date(2020, 1, 2)}),
    (filters.parse("True"), "True", {}),
    (filters.parse("False"), "False", {"$or": []}),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "text", "mapping"), SAME, ids=[each[1] for each in SAME])
def test_three_forms_are_one_tree(tree: filters.Filter, text: str, mapping: Any) -> None:
    core = filters.to_filter(tree)
    assert filters.to_filter(text) == core
    if mapping is not None:
        assert filters.to_filter(mapping) == core


def test_the_example_of_the_issue() -> None:
    text = "year >= 2020 and ('cs.IR' in tags or category == 'cs.CL') and not has_comment"
    tree = (col("year") >= 2020) & (col.tags.contains("cs.IR") | (col.category == "cs.CL"))
    assert filters.parse(text) == tree & ~col.has_comment
    assert repr(filters.parse(text)) == text + " == True"


NOT_A_TIME = np.datetime64("NaT")


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


ONE_HOUR_EAST = dt.timezone(dt.timedelta(hours=1))
NOON = _core.Timestamp(1_577_880_000_000_000)


@pytest.mark.parametrize(
    ("given_value", "kept"),
    [
        (np.int8(3), 3),
        (np.uint64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.array(4), 4),
        (Color.RED, "red"),
        (Level.HIGH, 3),
        (dt.datetime(2020, 1, 1, 12), NOON),
        (dt.datetime(2020, 1, 1, 13, tzinfo=ONE_HOUR_EAST), NOON),
        (dt.date(1970, 1, 2), _core.Timestamp(86_400_000_000)),
        (np.datetime64("1969-12-31T23:59:59.9999999"), _core.Timestamp(-1)),
        (float("inf"), float("inf")),
    ],
)
def test_values_are_taken_as_the_core_has_them(given_value: object, kept: object) -> None:
    values = (col.a == given_value).core.values
    assert values == (kept,)
    assert type(values[0]) is type(kept)


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("2020-01-01T12:00:00", 0),
        ("2020-01-01T12:00:00.000000Z", 0),
        ("2020-01-01 14:30+02:30", 0),
        ("2020-01-01T09:30:00-0230", 0),
        ("2020-01-01T12:00:00.000001", 1),
        ("2020-01-01t12:00:00.00000100000000000000", 1),
        ("2020-01-01T12:00+00", 0),
    ],
)
def test_times_of_iso_8601_are_read_with_their_zone(text: str, microseconds: int) -> None:
    value = filters.parse(f"t > timestamp({text!r})").core.values[0]
    assert value == _core.Timestamp(NOON.microseconds + microseconds)


@pytest.mark.parametrize(
    "value",
    [float("nan"), np.float32("nan"), 2**63, -(2**63) - 1, np.uint64(2**63), "\ud800", NOT_A_TIME],
)
def test_values_without_a_place_in_an_order_are_refused(value: object) -> None:
    with pytest.raises(InvalidArgumentError, match="column 'a'"):
        col.a.isin([1, value])


@pytest.mark.parametrize("value", [None, object(), 1j, b"a", [1], col.b, np.timedelta64(1, "s")])
def test_values_of_other_types_are_refused(value: object) -> None:
    with pytest.raises(WrongTypeError, match="column 'a'"):
        col.a == value  # noqa: B015


def test_python_s_own_words_are_refused_where_they_would_lie() -> None:
    tree = col.a > 1
    for misuse in [
        lambda: tree and tree,
        lambda: not tree,
        lambda: 1 < col.a < 3,
        lambda: "a" in col.a,
        lambda: 1 in col.id,
        lambda: col.a > 1 & col.b,
        lambda: bool(col.a),
        lambda: list(col.a),  # type: ignore[call-overload]
    ]:
        with pytest.raises(TypeError):
            misuse()


def test_numpy_scalars_on_the_left_leave_the_comparison_to_the_column() -> None:
    assert (np.int64(3) < col.a) == (col.a > 3)
    assert (np.float64(3) == col.a) == (col.a == 3.0)


# The text, the place of the mark, and a word of the message.
MISTAKES = [
    ("year = 3", 5, "'=' is written =="),
    ("year >> 3", 0, "expected a condition"),
    ("a == b", 5, "got a column"),
    ("a > 1 and x == None", 15, "is None"),
    ("é > 1 and x == None", 15, "is None"),
    ("`odd n` > 1 and x == None", 21, "is None"),
    ("  a in 3", 2, "'in' takes"),
    ("a is 3", 5, "write == instead"),
    ("1 < 2", 4, "expected a column"),
    ("f(3) == 2", 0, "no function f"),
    ("a.b > 2", 0, "expected a value|expected a column"),
    ("a.lower()", 0, "no method lower"),
    ("a.between(1)", 0, "takes 2 values"),
    ("a.isin(1)", 0, "list of values"),
    ("a.startswith(prefix='x')", 0, "named arguments"),
    ("id < 3", 0, "ids take"),
    ("id in [1, 'a']", 6, "all integers or all str"),
    ("a > 9223372036854775808", 4, "fit int64"),
    ("a > 1e400 and a == b'x'", 19, "expected a value"),
    ("a > 1 # years", 6, "comments"),
    ("a > `b", 4, "nothing closes"),
    ("(a > 1) & (b > 1)", 0, "'and' and 'or'"),
    ("~a", 0, "'not'"),
    *[
        (f"t > timestamp({text!r})", 14, "ISO 8601")
        for text in ("soon", "now", "NaT", "20240506", "300000-01-01", "2024-05-06T07:08.5", "")
    ],
    *[
        (f"t > timestamp({text!r})", 14, f"such as '2024-01-31' .*, got {text!r}")
        for text in ("2024", "2024-05", "2024-05-06T07", " 2024-05-06", "2024-05-06T07:08 Z")
    ],
    ("t > timestamp('2024-05-06T07:08:09.1234567')", 14, "whole microseconds, got '2024"),
    ("f'{a}' in t", 0, "expected a value"),
    ("[a for a in b]", 0, "expected a condition"),
    ("(lambda: a)()", 0, "expected a condition"),
    ("a if b else c", 0, "expected a condition"),
    ("(a := 3)", 1, "expected a condition"),
    ("*a", 0, "starred|expected a condition|syntax"),
    ("col('') == 1", 0, "must not be empty"),
    ("", 0, "got nothing"),
    ("   ", 0, "got nothing"),
    ("a\x00b", None, "null"),
]


# As in SQL, and in C.
MISTAKES += [
    ("a >= 3 and year = 2020", 16, "'=' is written =="),
    ("year <> 3", 5, "'<>' is written !="),
    ("year == 3 AND a", 10, "'AND' is written 'and'"),
    ("year == 3 OR a == 2", 10, "'OR' is written 'or'"),
    ("a or NOT b", 5, "'NOT' is written 'not'"),
    ("year IN (1, 2)", 5, "'IN' is written 'in'"),
    ("year NOT IN (1, 2)", 5, "'NOT IN' is written 'not in'"),
    ("year NOT in (1, 2)", 5, "'NOT' is written 'not'"),
    ("'é' != é and b IS NULL", 15, "'IS NULL' is written 'is None'"),
    ("  b is not null or a", 11, "null is written None: 'column is None'"),
    ("b IS NOT  NULL", 2, "'IS NOT  NULL' is written 'is not None'"),
    ("b is null", 5, "null is written None: 'column is None'"),
    ("b is not NULL", 9, "NULL is written None: 'column is None'"),
    ("b == NULL", 5, "NULL is written None: 'column is None'"),
    ("b == true", 5, "true is written True\n"),
    ("b in [1, FALSE]", 9, "FALSE is written False\n"),
    ("name LIKE 'x%'", 5, r"'LIKE' is not known: column.startswith\('...'\) asks"),
    ("name not like 'x%'", 5, "'not like' is not known: not column.startswith"),
    ("`a = b` == 3 and c ilike ('x')", 19, "'ilike' is not known"),
    ("year BETWEEN 1 AND 2", 5, r"'BETWEEN' is written column.between\(low, high\), or low <="),
    ("a and year not between 1 and 2", 11, "'not between' is written not column.between"),
    ("a && b", 2, "'&&' is written 'and'"),
    ("a || b", 2, "'||' is written 'or'".replace("|", r"\|")),
    ("!(a > 3)", 0, "'!' is written 'not'"),
    ("price =< 3", 6, "'=<' is written <="),
    ("price => 3", 6, "'=>' is written >="),
    ("price === 3", 6, "'===' is written =="),
    ("name == '''a''' \"\"\"b\"\"\"", 16, "two strings side by side"),
    ("name == 'O''Brien'", 11, "two strings side by side"),
    (""" `é` == 1 and name in ('a', "b" r'c')""", 33, "two strings side by side"),
    # Quotes that were forgotten.
    ("tag == cs.CL", 7, "True or False; a string is written in quotes: 'cs.CL'"),
    ("tag == CL", 7, "got a column: .*; a string is written in quotes: 'CL'"),
    ("a == 1 and tag in [x, cs-y]", 19, "a string is written in quotes: 'x'"),
    ("cs.CL in tags", 0, "a string is written in quotes: 'cs.CL'"),
    ("tag != new york and a", 7, "a string is written in quotes: 'new york'"),
    ("tag==new york-city", 5, "a string is written in quotes: 'new york-city'"),
    ("when >= 2024-10-12", 8, "a string is written in quotes: '2024-10-12'"),
    ("when >= 2024-01-02 and a", 8, "a time is written in quotes: '2024-01-02'"),
    ("when < 2024-01-02T03:04:05Z", 7, "a time is written in quotes: '2024-01-02T03:04:05Z'"),
    ("a == f(x)", 5, "no function f"),
    ("a == -b", 5, "True or False; a string is written in quotes: '-b'"),
    ("a == (b + 1) * 2", 5, "True or False\n"),
    *[(f"a == {text}", 5, "True or False\n") for text in ("5-3", "1/2", "3-1-2", "2024-10")],
    ("day == 2024-1-2", 7, "a string is written in quotes: '2024-1-2'"),
    *[
        (f"a < b {word} 'x'", None, "filter: (invalid )?syntax")
        for word in ("startswith", "CONTAINS", "contains_any", "starts_with", "regexp")
    ],
    ("a == new contains b", None, "filter: (invalid )?syntax"),
    ("a == contained words", 5, "a string is written in quotes: 'contained words'"),
    # Words of SQL that are none.
    ("AND == 3 and like != 'x' and between <= 3 and (", 46, "never closed"),
    ("a == 'x = y AND z' and b == 'IS NULL' c", None, "syntax"),
    ("`IN` > 1 `BETWEEN` 3", None, "syntax"),
    ("`null` == `true`", 10, "got a column"),
]


@pytest.mark.parametrize(
    "text", ["AND != 3 and IN == 'x' or LIKE", "null or `true` == True", "a <= 3"]
)
def test_words_of_other_languages_are_names_here(text: str) -> None:
    tree = filters.parse(text)
    assert filters.parse(repr(tree)) == tree


@pytest.mark.parametrize(("text", "place", "message"), MISTAKES, ids=lambda each: repr(each)[:30])
def test_mistakes_are_marked_where_they_are(text: str, place: int | None, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message) as caught:
        filters.parse(text)
    *_, shown, mark = str(caught.value).split("\n")
    assert shown.strip() == text.replace("\x00", shown[3:4]).strip()
    if place is not None:
        assert mark == "  " + " " * place + "^"


def test_long_texts_are_shown_around_the_mistake() -> None:
    text = " and ".join(f"column_{i} > {i}" for i in range(100)) + " and a == b"
    with pytest.raises(InvalidArgumentError) as caught:
        filters.parse(text)
    _, shown, mark = str(caught.value).split("\n")
    assert shown[mark.index("^")] == "b"
    assert len(shown) < 100


@pytest.mark.parametrize(
    "text",
    [
        "not " * 99 + "a",
        "(" * 150 + "a" + ")" * 150,
        "a in [" + ", ".join(map(str, range(-5000, 5000))) + "]",
        " or ".join(f"a == {i}" for i in range(3000)),
        "a == '" + "(not .-" * 5000 + "'",
        "a > 1\n  and\tb > 2",
    ],
)
def test_long_and_nested_texts_are_read(text: str) -> None:
    tree = filters.parse(text)
    assert filters.parse(repr(tree)) == tree


@pytest.mark.parametrize(
    "text",
    [
        "not " * 101 + "a",
        "not " * 16000 + "a",
        "(" * 1000 + "a" + ")" * 1000,
        "-" * 60000 + "1 < a",
        "a" + ".a" * 30000,
        "a" + "()" * 30000,
        "a" + "[0]" * 20000,
        "a" + " - a" * 16000,
        "a" + " ** a" * 12000,
        "f'{a" + ".a" * 30000 + "}' in t",
        "a == " + "9" * 60000,
        "(a > " * 150 + "1",
        "lambda: " * 8000 + "a",
        "a if a else " * 5000 + "a",
        "a" * (filters.MAX_TEXT + 1),
    ],
    ids=lambda text: text[:12],
)
def test_hostile_texts_are_refused(text: str) -> None:
    with pytest.raises(InvalidArgumentError):
        filters.parse(text)


@given(st.text(alphabet="ab1.'\"`()[]{}<>=!&|~+-*,:#\\ \n\x00é\ud800" + "notinands"))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        tree = filters.parse(text)
    except InvalidArgumentError:
        return
    assert filters.parse(repr(tree)) == tree


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"year": {"$regex": 1}}, r"filter\['year'\]\['\$regex'\] is not known.*\$gte"),
        ({"$xor": []}, r"filter\['\$xor'\] is not known.*\$and"),
        ({"year": {"gte": 1}}, r"\['gte'\] is not known"),
        ({"year": {}}, "must have an operator"),
        ({"year": {"$gte": None}}, r"filter\['year'\]\['\$gte'\]"),
        ({"year": {"$gte": float("nan")}}, "NaN"),
        ({"year": [1, 2]}, r"\$in"),
        ({"$and": {"a": 1}}, "list of dicts"),
        ({"$and": [1]}, r"\['\$and'\]\[0\] must be a dict"),
        ({"$not": [1]}, "must be a dict"),
        ({"a": {"$exists": 1}}, "True or False"),
        ({"a": {"$between": [1]}}, "two values"),
        ({"a": {"$in": "xy"}}, "several values"),
        ({"id": {"$gt": 3}}, r"not known: there are \$eq, \$ne, \$in, \$nin"),
        ({3: 4}, "str keys"),
        ({"": 4}, "empty"),
    ],
)
def test_mistakes_of_dicts_are_named_with_their_path(mapping: Any, message: str) -> None:
    with pytest.raises(lanner.Error, match=message):
        filters.to_filter(mapping)


def test_deep_trees_are_refused_however_they_are_made() -> None:
    mapping: dict[str, Any] = {"a": 1}
    core = _core.Filter("==", "a", (1,), (), None)
    tree = col.a == 1
    for _ in range(99):
        mapping, core, tree = {"$not": mapping}, _core.Filter("not", "", (), (core,), None), ~tree
    assert filters.from_dict(mapping) == tree
    assert tree.core == core
    for make in [
        lambda: ~tree,
        lambda: _core.Filter("not", "", (), (core,), None),
        lambda: filters.from_dict({"$not": mapping}),
    ]:
        with pytest.raises(InvalidArgumentError, match="100"):
            make()
    inner: dict[str, Any] = {"$eq": 1}
    for _ in range(5000):
        inner = {"$not": inner}
    with pytest.raises(InvalidArgumentError, match="100"):
        filters.from_dict({"a": inner})


def test_masks_ids_and_functions_come_back_as_what_they_are() -> None:
    mask = filters.to_filter([True, False])
    assert isinstance(mask, np.ndarray)
    assert mask.tolist() == [True, False]
    assert filters.to_filter(np.array([True, False])).tolist() == [True, False]  # type: ignore[union-attr]
    ids = np.arange(10**6)
    core = filters.to_filter(ids)
    assert isinstance(core, _core.Filter)
    np.testing.assert_array_equal(core.ids, ids)
    assert repr(col.id.isin(ids)).endswith("999, ...]")
    assert filters.to_filter(np.array(["a", "b"])) == col.id.isin(["a", "b"]).core
    assert filters.to_filter(len) is len
    for value in (3, None, [col.a > 1], ["a > 1"], [1, "a"], np.zeros((2, 2), dtype=bool)):
        with pytest.raises(lanner.Error):
            filters.to_filter(value)


def test_a_list_of_filters_is_told_from_a_mask_or_ids() -> None:
    for several in (
        ["a > 1", None],
        [{"a": 1}],
        [[1, 2], [3]],
        [(1, 2), {3}, range(2)],
        [[], []],
        [[True, False], [False, False]],
        [np.arange(2), None],
        [1, None],
        [col.a, col.b],
        [len],
        ["a"],
        list(np.array(["a"])),
    ):
        assert filters.each_query(several) == several
        assert filters.each_query(tuple(several)) == several
    rows = filters.each_query(np.array([[1, 2], [3, 4]]))
    assert rows is not None
    assert [each.tolist() for each in rows] == [[1, 2], [3, 4]]  # type: ignore[attr-defined]
    for one in ([True, False], [1, 2], [], (), "a > 1", {1, 2}, {"a", "b"}, range(3), {"a": 1}):
        assert filters.each_query(one) is None
    assert filters.each_query(list(np.arange(3))) is None
    assert filters.each_query(np.arange(3)) is None


IDS = st.one_of(st.lists(INT64), st.lists(TEXT, min_size=1))


@given(IDS)
def test_ids_are_the_same_filter_in_whatever_holds_them(ids: list[Any]) -> None:
    wanted = col.id.isin(sorted(set(ids))).core
    for held in (set(ids), frozenset(ids), dict.fromkeys(ids).keys(), np.array(sorted(set(ids)))):
        core = filters.to_filter(held)
        assert isinstance(core, _core.Filter)
        assert sorted(core.ids) == sorted(wanted.ids)


def test_a_range_is_ids() -> None:
    for numbers in (range(5, 9), range(9, 5, -2), range(0), range(-3, 2)):
        assert filters.to_filter(numbers) == col.id.isin(list(numbers)).core
    with pytest.raises(lanner.Error):
        filters.to_filter(range(2**70, 2**70 + 3))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, r"got int: one id goes into a list, \[3\]"),
        (["a", "b"], "a list of str could be ids or conditions: ids go into a set or"),
        ([[1, 2]], "one filter here, got a list of several"),
        ([1, None], "one filter here, got a list of several"),
        ([0, 1, 1, 0], "4 int of nothing but 0 and 1"),
        (np.array([0, 1, 1, 0], np.uint8), "4 uint8 of nothing but 0 and 1"),
        ({1, "a"}, "ids must be all integers or all str"),
        ({True}, "ids must be all integers or all str"),
        ({(1, 2), (3,)}, "each value must be .* got tuple"),
        ([1.0, 2.0], "ids must be all integers or all str"),
    ],
)
def test_what_could_be_two_things_is_refused(value: Any, message: str) -> None:
    with pytest.raises(lanner.Error, match=message):
        filters.to_filter(value)


@pytest.mark.parametrize(
    "arguments",
    [
        ("=", "a", (1,), (), None),
        ("==", "", (1,), (), None),
        ("==", "a", (), (), None),
        ("==", "a", (float("nan"),), (), None),
        ("==", "a", (2**63,), (), None),
        ("==", "a", (1,), (), np.arange(2)),
        ("between", "a", (1,), (), None),
        ("is_null", "a", (1,), (), None),
        ("startswith", "a", (1,), (), None),
        ("not", "", (), (), None),
        ("and", "a", (), (), None),
        ("id_in", "", (), (), None),
    ],
)
def test_the_core_takes_no_tree_of_another_shape(arguments: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        _core.Filter(*arguments)


def test_filters_are_built_once_and_strings_read_once() -> None:
    tree = col.a == 1
    assert tree.core is tree.core
    assert filters.to_filter("a == 77") is filters.to_filter("a == 77")
