"""From the filters that callers give to those that the core takes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Set
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lanner import _core
from lanner._arrays import INT64, Ids, to_ids
from lanner._core import InvalidArgumentError, WrongTypeError
from lanner._expressions import size_of_range
from lanner.filters import Filter, each_query, to_filter

# What has ids and attributes.
Attributed: TypeAlias = _core.Index | _core.RowAttributes

# Longer ones are not made into ids.
_LONG_RANGE = 1 << 20

_EVERYTHING = _core.Filter("and", "", (), (), None)


def core_filter(core: Attributed, value: Any) -> _core.Filter:
    """Return one filter: a callable is turned into the ids of the items it holds for.

    So is a long range, which is compared with the ids that there are.
    """
    given = value
    if not isinstance(value, (str, Filter, Mapping, Set)) and hasattr(value, "__array__"):
        value = np.asarray(value)
    if _are_texts(value):
        kind = core.id_kind if isinstance(core, _core.Index) else "int"
        if kind == "int":
            raise WrongTypeError(
                f"filter as {type(given).__name__} of str is ids, and ids here are integers; "
                "conditions, one a query, go into a list, as list(filter) is one"
            )
    return _to_core(core.ids, value)


def _are_texts(value: Any) -> bool:
    """Return whether a filter is a set or an array of strings."""
    if isinstance(value, Set):
        return isinstance(next(iter(value), None), str)
    return (
        isinstance(value, np.ndarray)
        and value.ndim == 1
        and value.dtype.kind in "UTO"
        and isinstance(next(iter(value), 0), str)
    )


def _to_core(ids_there: Callable[[], NDArray[Any]], value: Any) -> _core.Filter:
    if isinstance(value, range) and size_of_range(value) > _LONG_RANGE:
        return _core.Filter("id_in", "", (), (), _there_in(ids_there(), value))
    given = to_filter(value)
    if isinstance(given, _core.Filter):
        return given
    if not callable(given):
        return _core.Filter.of_mask(given)
    ids = ids_there()
    mask = np.fromiter((bool(given(id)) for id in ids.tolist()), dtype=bool, count=len(ids))
    matching: Ids = to_ids(ids[mask]) if mask.any() else np.empty(0, dtype=np.int64)
    return _core.Filter("id_in", "", (), (), matching)


def _there_in(ids: NDArray[Any], wanted: range) -> NDArray[np.int64]:
    """Return those of the ids that are in a range, without making the range."""
    if ids.dtype == object:
        return np.zeros(1, dtype=np.int64)  # which the core refuses, as any integer
    low, high = sorted((wanted[0], wanted[-1]))
    if low < INT64[0] or high > INT64[1]:
        raise InvalidArgumentError(f"filter must fit int64 (-2**63 to 2**63 - 1), got {wanted}")
    ids = ids[(ids >= low) & (ids <= high)]
    # Differences may be beyond int64, and never are beyond uint64.
    steps = ids.view(np.uint64) - np.uint64(low % 2**64)
    there: NDArray[np.int64] = ids[steps % np.uint64(abs(wanted.step)) == 0]
    return there


def core_filters(core: Attributed, value: Any, queries: int) -> list[_core.Filter] | None:
    """Return None, one filter for all queries, or one for each."""
    if value is None:
        return None
    several = each_query(value)
    if several is None:
        return [core_filter(core, value)]
    if len(several) != queries:
        raise InvalidArgumentError(
            f"filter must be one for all queries or one a query: {queries} queries, "
            f"{len(several)} filters" + _hint(several)
        )
    ids_there = functools.cache(core.ids)
    return [_of_query(core, ids_there, each, place) for place, each in enumerate(several)]


def _hint(several: list[Any]) -> str:
    if all(isinstance(each, str) for each in several):
        return "; ids go into a set or col.id.isin([...])"
    if all(isinstance(each, (list, tuple)) for each in several):
        return "; ids for all queries go into one list, without lists inside"
    return ""


def _of_query(
    core: Attributed, ids_there: Callable[[], NDArray[Any]], value: Any, place: int
) -> _core.Filter:
    if value is None:
        return _EVERYTHING
    if isinstance(value, str) and _names_no_column(core, value):
        raise InvalidArgumentError(
            f"filter {place}: there is no column {value!r}; a str in a list is a condition, and "
            "ids go into a set or col.id.isin([...])"
        )
    try:
        return _to_core(ids_there, value)
    except (InvalidArgumentError, WrongTypeError) as error:
        hint = "\nids go into a set or col.id.isin([...])" if isinstance(value, str) else ""
        kind = WrongTypeError if isinstance(error, WrongTypeError) else InvalidArgumentError
        raise kind(f"filter {place}: {error}{hint}") from None


def _names_no_column(core: Attributed, text: str) -> bool:
    """Return whether a text is an id that somebody took for a filter."""
    return (
        text.isidentifier()
        and text not in ("True", "False")
        and isinstance(core, _core.Index)
        and core.id_kind == "str"
        and text not in dict(core.schema)
    )
