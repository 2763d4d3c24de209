"""Names that there are not: the near one is named, and a name of its own is taken for no slip."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lanner
from lanner import InvalidArgumentError, _core, hashing

WORDS = [
    "year",
    "years",
    "price",
    "min",
    "max",
    "tags",
    "aab",
    "abab",
    "a",
    "n",
    "год",
    "цвета",
    "größe",
]
LEAST = {True: 0.75, False: 0.8}


def likeness(one: str, other: str) -> float:
    """Return how like two names are, by difflib."""
    if re.findall(r"\d+", one) != re.findall(r"\d+", other):
        return 0
    words, others = (re.findall(r"[a-z\x80-\U0010ffff]+", each.lower()) for each in (one, other))
    if "".join(words) == "".join(others):
        return 1
    if len(words) != len(others):
        return 0
    least = 1.0
    for mine, theirs in zip(words, others, strict=True):
        ratio = SequenceMatcher(None, mine, theirs, autojunk=False).ratio()
        short = max(len(mine), len(theirs)) <= 4
        known = min(len(mine), len(theirs)) >= 3 and ratio >= LEAST[short]
        least = min(least, 1 if mine == theirs else ratio if known else 0)
    return least


@st.composite
def names(draw: Any) -> str:
    """Return a name of a few words and numbers, some letters of which went astray."""
    parts = draw(st.lists(st.sampled_from([*WORDS, "2", "48"]), max_size=3))
    letters = list(draw(st.sampled_from(["_", "", " ", "-"])).join(parts))
    for place, letter in draw(
        st.lists(st.tuples(st.integers(0, 20), st.sampled_from("aeYrкä")), max_size=2)
    ):
        letters[place : place + draw(st.integers(0, 1))] = letter
    return "".join(letters)


@settings(max_examples=600, deadline=None)
@given(names(), st.lists(names(), max_size=6))
def test_the_near_name_is_that_of_difflib(name: str, others: list[str]) -> None:
    nearest = max(others, key=lambda each: likeness(name, each), default="")
    wanted = nearest if others and likeness(name, nearest) > 0 else None
    assert _core.near_name(name, others) == wanted
    assert _core.near_name_hint(name, others) == (
        "" if wanted is None else f"; did you mean '{wanted}'?"
    )


def test_any_text_can_be_asked_about() -> None:
    assert _core.near_name("yea\udc80r", ["year"]) == "year"
    assert _core.near_name("\udc80", ["year"]) is None


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        ({"metric": "cosin"}, "cosine"),
        ({"metric": "L2"}, "l2"),
        ({"metric": "haming"}, "hamming"),
        ({"metric": "euclid"}, None),
        ({"dtype": "float_32"}, "float32"),
        ({"dtype": "bit"}, "bits"),
        ({"dtype": "float64"}, None),
        ({"codec": "sq8"}, "SQ8"),
        ({"codec": "SQ-4"}, "SQ4"),
        ({"codec": "SQ16"}, None),
        ({"codec": "pq48x8"}, "PQ48x8"),
        ({"codec": "opq96X4"}, "OPQ96x4"),
        ({"codec": "pq48"}, "PQ48"),
        ({"codec": "pq50x8"}, None),
        ({"codec": "OPQ96x5 "}, None),
        ({"codec": "pq 7x3"}, None),
        ({"codec": "pq99999999999999999999"}, None),
        ({"codec": "binary2"}, "Binary2"),
        ({"codec": "Binray"}, "Binary"),
        ({"codec": "IVF1024"}, None),
        ({"codec": "HNSW32,PQ48x8"}, None),
        ({"schema": {"year": "Int64"}}, "int64"),
        ({"schema": {"year": "list[sting]"}}, "list[string]"),
    ],
)
def test_a_slip_of_an_argument_says_what_was_meant(arguments: Any, meant: str | None) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        lanner.Index(384, **arguments)
    assert re.findall("did you mean '(.*)'", str(refused.value)) == ([meant] if meant else [])


def test_other_choices_say_so_too() -> None:
    wanted = "got 'multi-index'; did you mean 'multi_index'"
    with pytest.raises(InvalidArgumentError, match=wanted):
        hashing.Codes(np.zeros((4, 1), np.uint8), method="multi-index")


@pytest.mark.parametrize(
    "ask",
    [
        lambda index: index.search([1, 0], filter="yaer > 1"),
        lambda index: index.search([1, 0], filter=lanner.col("yaer") > 1),
        lambda index: index.search([1, 0], filter={"year": 1, "yaer": 2}),
        lambda index: index.search([1, 0], attributes=["yaer"]),
        lambda index: index.get([0], attributes="yaer"),
        lambda index: index.remove(filter="yaer > 1"),
        lambda index: index.count("yaer is None"),
    ],
)
def test_a_slip_of_a_column_says_which_was_meant(ask: Any) -> None:
    index = lanner.Index(2, "l2")
    index.add(np.eye(2), attributes={"month": [1, 2], "year": [1, 2]})
    wanted = "no column 'yaer'; there are 'month', 'year'; did you mean 'year'\\?"
    with pytest.raises(InvalidArgumentError, match=wanted):
        ask(index)


def test_a_slip_in_a_table_says_which_column_of_the_schema_was_meant() -> None:
    index = lanner.Index(2, "l2", schema={"month": "int64", "year": "int64"})
    with pytest.raises(InvalidArgumentError, match="'month', 'year'; did you mean 'year'\\?"):
        index.add(np.eye(2), attributes={"yaer": [1, 2]})
    with pytest.raises(InvalidArgumentError, match=r"'month', 'year'$"):
        index.add(np.eye(2), attributes={"day": [1, 2]})


ASKS = [
    lambda index, name: index.search([1, 0], filter=lanner.col(name) == 1),
    lambda index, name: index.search([1, 0], 1, ef=3, filter=lanner.col(name) == 1),
    lambda index, name: index.search(np.eye(2), filter=[None, f"`{name}` == 1"]),
    lambda index, name: index.search([1, 0], attributes=[name]),
    lambda index, name: index.search_by_id(0, filter=f"`{name}` == 1"),
    lambda index, name: index.search_radius([1, 0], 2, filter=f"col({name!r}) == 1"),
    lambda index, name: index.measure_recall([1, 0], filter=f"col({name!r}) == 1"),
    lambda index, name: index.explain([1, 0], ~lanner.col(name).is_null()),
    lambda index, name: index.get([0], attributes=name),
    lambda index, name: index.remove(filter=f"`{name}` > 1"),
    lambda index, name: index.count(f"`{name}` is None"),
    lambda index, name: index.ids_where(f"`{name}` is None"),
]


@pytest.mark.parametrize("ask", ASKS)
def test_ids_are_named_where_id_is_taken_for_a_column(ask: Any) -> None:
    index = lanner.Index(2, "l2")
    index.add(np.eye(2), attributes={"year": [1, 2]})
    wanted = "no column 'id'; there are 'year'; ids of items are no column: .* name them col.id$"
    with pytest.raises(InvalidArgumentError, match=wanted):
        ask(index, "id")
    with pytest.raises(InvalidArgumentError, match=r"no column 'ids'; there are 'year'$"):
        ask(index, "ids")


def test_ids_are_named_in_filters_over_rows_too() -> None:
    codes = hashing.Codes(np.zeros((2, 1), np.uint8), attributes={"year": [1, 2]})
    with pytest.raises(InvalidArgumentError, match=r"no column 'id'; .* name them col\.id$"):
        codes.search(np.zeros(1, np.uint8), 1, filter=lanner.col("id") == 1)


@pytest.mark.parametrize("ask", ASKS)
def test_a_column_without_a_value_so_far_is_said_to_be_one(ask: Any) -> None:
    index = lanner.Index(2, "l2")
    index.add(np.eye(2), attributes={"year": [1, 2], "note": [None, None]})
    wanted = "no column 'note'; there are 'year'; 'note' has had nothing but nulls so far"
    with pytest.raises(InvalidArgumentError, match=wanted):
        ask(index, "note")
    with pytest.raises(InvalidArgumentError, match=r"no column 'notes'; there are 'year'$"):
        ask(index, "notes")
    index.upsert(np.eye(2), [0, 1], attributes={"note": [None, 1], "year": [1, 2]})
    ask(index, "note")
