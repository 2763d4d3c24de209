"""From the filters that callers give to those that the core takes."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Set
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lanner import _core
from lanner._arrays import INT64, Ids, to_ids
from lanner._core import InvalidArgumentError, WrongTypeError
from lanner._expressions import Column, size_of_range
from lanner.filters import Filter, each_query, parse, to_filter

# What has ids and attributes.
Attributed: TypeAlias = _core.Index | _core.RowAttributes

# Longer ones are not made into ids.
_LONG_RANGE = 1 << 20

_SIGN = re.compile(r"[=<>]|\b(?:in|is)\b|\.\w+\(")  # without which a text is no condition

_EVERYTHING = _core.Filter("and", "", (), (), None)


@contextmanager
def naming_columns(valueless: Collection[str] = ()) -> Iterator[None]:
    """Let the core's errors of columns that there are not say why, as `named_column` does."""
    try:
        yield
    except InvalidArgumentError as error:
        raise named_column(error, valueless) from None


def named_column(
    error: InvalidArgumentError, valueless: Collection[str] = ()
) -> InvalidArgumentError:
    """Return an error with what is known of a column that there is not.

    That is of one among `valueless`, which had nothing but nulls so far, and of "id".
    """
    for name in [*valueless, "id"]:
        if str(error).startswith(f"there is no column '{name}';"):
            hint = f"{name!r} has had nothing but nulls so far; a first value will make a column"
            if name not in valueless:
                hint = "ids of items are no column: conditions name them col.id"
            return InvalidArgumentError(f"{error}; {hint}")
    return error


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
        if isinstance(core, _core.Index):
            _refuse_conditions(core, given, value)
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


def _refuse_conditions(core: _core.Index, given: Any, texts: Collection[Any]) -> None:
    """Refuse ids, none of which is there, all of which are conditions on columns that are."""
    columns: set[str] = set()
    for each in texts:
        text = str(each)
        if not _SIGN.search(text):
            return
        columns = columns or {name for name, _ in core.schema}
        if core.contains(text) or not _is_condition(text, columns):
            return
    raise InvalidArgumentError(
        f"filter as {type(given).__name__} of str is ids, and there is no id {text!r}: a condition "
        "for all queries is a str alone, and conditions, one a query, go into a list"
    )


def _is_condition(text: str, columns: Set[str]) -> bool:
    try:
        parts = [parse(text)]
    except InvalidArgumentError:
        return False
    for part in parts:
        parts.extend(part._operands)
    named = {part._column for part in parts if part._column}
    return bool(named) and named <= columns


def _to_core(ids_there: Callable[[], NDArray[Any]], value: Any) -> _core.Filter:
    if isinstance(value, range) and size_of_range(value) > _LONG_RANGE:
        return _core.Filter("id_in", "", (), (), _there_in(ids_there(), value))
    try:
        given = to_filter(value)
    except (InvalidArgumentError, WrongTypeError):
        _refuse_objects(value)
        raise
    if isinstance(given, _core.Filter):
        return given
    if not callable(given):
        return _core.Filter.of_mask(given)
    ids = ids_there()
    mask = np.fromiter((bool(given(id)) for id in ids.tolist()), dtype=bool, count=len(ids))
    matching: Ids = to_ids(ids[mask]) if mask.any() else np.empty(0, dtype=np.int64)
    return _core.Filter("id_in", "", (), (), matching)


def _refuse_objects(value: Any) -> None:
    """Refuse an array of filters, which would be an array of ids."""
    if isinstance(value, Filter) or not hasattr(value, "__array__"):
        return
    array = np.asarray(value)
    for place, each in enumerate(array if array.dtype.kind == "O" and array.ndim == 1 else ()):
        condition = isinstance(each, (Filter, Column, Mapping)) or callable(each)
        if condition or isinstance(each, (list, tuple, Set, range, np.ndarray)):
            what = "conditions, one a query," if condition else "ids, those of each query,"
            raise WrongTypeError(
                f"filter as an array must be ids or bools, got {type(each).__name__} in entry "
                f"{place}: {what} go into a list, as list(filter) is one"
            )


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
