"""Turns the tables that users have into columns for the core, or says clearly why not.

A table is a dict of arrays or lists, a list of dicts, a pandas or polars frame, or anything with
the Arrow C data interface, which the core reads without Arrow. Of a single row, a dict may have
values in place of columns; a list or set is a column always. None, NaN, NaT and pandas' NA are
nulls. Types are inferred: bool, int64, float64 (integers among floats widen), string, timestamp
(dates and times; without a zone they are UTC; finer ones are rounded down to microseconds),
list[string] and list[int64] (lists, tuples, sets, arrays). A column without a value to infer from
needs a schema, or waits for a later table. Given a schema, integers become floats and whole floats
integers where nothing is lost, and strings of ISO 8601 timestamps; nothing else changes its type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanner import _core
from lanner._core import InvalidArgumentError, Timestamp, WrongTypeError
from lanner._expressions import MISSING, microseconds_of, read_time, to_value

_INT64_MAX = 2**63 - 1
# By how elements are read: what they make a column of.
_TYPES: dict[type, str] = {
    bool: "bool",
    int: "int64",
    float: "float64",
    str: "string",
    Timestamp: "timestamp",
}


@dataclass
class _Part:
    """A column as the core takes it; the names say what `Columns.add` says of them.

    The type of one that is all null is "", that of one of empty lists alone "list": nothing more is
    known of them.
    """

    type: str
    elements: NDArray[Any] | list[Any]
    valid: NDArray[np.bool_] | None = None
    row_offsets: NDArray[np.int64] | None = None

    @property
    def rows(self) -> int:
        return len(self.elements if self.row_offsets is None else self.row_offsets[1:])

    def nulls(self) -> NDArray[np.bool_]:
        return np.zeros(self.rows, dtype=bool) if self.valid is None else ~self.valid


def to_columns(
    data: object,
    rows: int,
    schema: Mapping[str, str],
    name: str = "attributes",
    *,
    waiting: list[str] | None = None,
) -> _core.Columns:
    """Return the columns of a table, those that `schema` has of its types.

    Columns that the schema has and the table lacks are left out; whether others are welcome is for
    the index to say. With `waiting`, a table to come may tell the type of a column that is all null
    here: until then it is as if it were not there, and its name is put into that list.
    """
    if not isinstance(data, Mapping) and not _is_pandas(data):
        read = _read_arrow(data, "")
        if read is not None:
            return _from_arrow(*read, rows, schema, name, waiting)
    columns = _core.Columns(rows)
    for column, values in _named_columns(data, name):
        if not isinstance(column, str):
            raise WrongTypeError(f"{name} must have str names, got {column!r}")
        want = schema.get(column)
        label = f"{name}[{column!r}]"
        if rows == 1 and _is_single(values):
            values = [values]
        _add(columns, column, _to_part(values, label, want), label, waiting)
    return columns


def _is_single(value: object) -> bool:
    """Return whether this is a value rather than a column of them."""
    if isinstance(value, np.ndarray):
        return value.ndim == 0
    return isinstance(value, str) or not isinstance(value, Iterable)


def _named_columns(data: object, name: str) -> Iterable[tuple[object, object]]:
    if isinstance(data, Mapping):
        return data.items()
    if _is_pandas(data) and hasattr(data, "columns"):
        if not data.columns.is_unique:
            raise InvalidArgumentError(f"{name} must have each column once")
        return [(column, data[column]) for column in data.columns]  # type: ignore[index]
    if isinstance(data, (list, tuple)) and all(isinstance(each, Mapping) for each in data):
        names = dict.fromkeys(chain.from_iterable(data))
        return [(column, [each.get(column) for each in data]) for column in names]
    raise WrongTypeError(
        f"{name} must be a dict of columns, a list of dicts, a data frame or an Arrow table, "
        f"got {type(data).__name__}"
    )


def _add(
    columns: _core.Columns, column: str, part: _Part, label: str, waiting: list[str] | None
) -> None:
    if part.rows != columns.rows:
        hint = "" if columns.rows != 1 else "; the list of one item goes into a list of its own"
        raise InvalidArgumentError(f"{label} must have {columns.rows} rows, got {part.rows}{hint}")
    if part.type == "" and waiting is not None:
        to_value(column, label)
        waiting.append(column)
        return
    if part.type in ("", "list"):
        kind = "list[string]" if part.type else "string"
        raise InvalidArgumentError(
            f"{label} has no value to tell its type from: declare it where this is made, as in "
            f"schema=lanner.Schema({{{column!r}: {kind!r}}})"
        )
    try:
        columns.add(column, part.type, part.elements, part.valid, part.row_offsets)
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"{label} must be text of UTF-8, got lone surrogates") from None


# Arrow.


def _read_arrow(value: Any, name: str) -> tuple[_core.Columns, list[str]] | None:
    if hasattr(value, "__arrow_c_stream__"):
        return _core.read_arrow_stream(value.__arrow_c_stream__(), name)
    if hasattr(value, "__arrow_c_array__"):
        schema, array = value.__arrow_c_array__()
        return _core.read_arrow_array(schema, array, name)
    return None


def _from_arrow(
    table: _core.Columns,
    untyped: list[str],
    rows: int,
    schema: Mapping[str, str],
    name: str,
    waiting: list[str] | None,
) -> _core.Columns:
    if table.rows != rows:
        raise InvalidArgumentError(f"{name} must have {rows} rows, got {table.rows}")
    columns = _core.Columns(rows)
    types = dict(table.schema)
    for column in [*types, *(each for each in untyped if each not in types)]:
        want = schema.get(column)
        if column not in untyped and want in (None, types[column]):
            columns.copy_from(table, column)
            continue
        label = f"{name}[{column!r}]"
        values = table.column(column) if column in types else [None] * rows
        _add(columns, column, _to_part(values, label, want), label, waiting)
    return columns


# Arrays.


def _to_part(values: Any, label: str, want: str | None) -> _Part:
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise WrongTypeError(f"{label} must be one value a row, got {type(values).__name__}")
    if _is_pandas(values):
        values = _of_pandas(values)
    elif not isinstance(values, np.ndarray):
        read = _read_arrow(values, "values")
        if read is not None:
            values = [None] * read[0].rows if read[1] else read[0].column("values")
    if isinstance(values, np.ma.MaskedArray):
        values = values.tolist()
    if not isinstance(values, (list, tuple)) and hasattr(values, "__array__"):
        values = np.asarray(values)
    if isinstance(values, np.ndarray) and values.ndim == 0:
        raise InvalidArgumentError(f"{label} must be one value a row, got a single one")
    if isinstance(values, np.ndarray) and values.ndim == 1 and values.dtype.kind in "biufM":
        part = _of_array(values, label, want)
    else:
        part = _of_list(list(values), label, want)
    return part if want in (None, part.type) else _converted(part, str(want), label)


def _is_pandas(value: object) -> bool:
    return type(value).__module__.partition(".")[0] == "pandas"


def _of_pandas(series: Any) -> Any:
    dtype = series.dtype
    if isinstance(dtype, np.dtype) and dtype.kind != "O":
        return series.to_numpy()
    if getattr(dtype, "tz", None) is not None:
        return getattr(series, "array", series).tz_convert(None).to_numpy()
    missing = np.asarray(series.isna())
    objects = list(series.astype(object))
    return [None if gone else each for each, gone in zip(objects, missing, strict=True)]


def _of_array(array: NDArray[Any], label: str, want: str | None) -> _Part:
    kind = array.dtype.kind
    if kind == "b":
        return _Part("bool", np.ascontiguousarray(array, dtype=np.bool_))
    if kind == "f":
        floats = np.array(array, dtype=np.float64)
        real = ~np.isnan(floats)
        if len(floats) and not real.any():
            return _nothing(len(floats), want)
        return _Part("float64", floats, _valid(real))
    if kind == "M":
        times = microseconds_of(array, label)
        present = ~np.isnat(times)
        return _Part("timestamp", np.where(present, times.astype(np.int64), 0), _valid(present))
    if kind == "u" and array.dtype.itemsize == 8 and (array > np.uint64(_INT64_MAX)).any():
        row = int((array > np.uint64(_INT64_MAX)).argmax())
        raise InvalidArgumentError(f"{label} must fit int64, got {array[row]} in row {row}")
    return _Part("int64", np.array(array, dtype=np.int64))


def _valid(present: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    return None if present.all() else np.ascontiguousarray(present)


# Lists.


def _of_list(values: list[Any], label: str, want: str | None) -> _Part:
    kinds = set(map(type, values))
    if not kinds <= {bool, int, float, str, type(None), list}:
        values = [_element(each, label, row) for row, each in enumerate(values)]
        kinds = set(map(type, values))
    if float in kinds:
        # Where there are no numbers beside it, NaN is what stands for nothing in their place.
        numbers = any(
            type(each) is int or (type(each) is float and each == each) for each in values
        )
        if not numbers:
            values = [None if type(each) is float else each for each in values]
            kinds = set(map(type, values))
    present = None
    if type(None) in kinds:
        kinds.remove(type(None))
        present = np.fromiter((each is not None for each in values), bool, len(values))
    if not kinds:
        return _nothing(len(values), want)
    if kinds == {list}:
        return _of_lists(values, label, present, want)
    if kinds == {int, float}:
        kinds = {float}
    if len(kinds) > 1:
        _refuse_mixture(values, label)
    kind = kinds.pop()
    return _filled(kind, values, present, label)


def _element(value: object, label: str, row: int) -> object:
    if value is None or type(value).__name__ in MISSING:
        return None
    if isinstance(value, np.datetime64) and np.isnat(value):
        return None
    if isinstance(value, (float, np.floating)):
        return float(value)
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple, set, frozenset)) or (
        hasattr(value, "__array__") and not isinstance(value, np.generic)
    ):
        return _in_order(value) if isinstance(value, (set, frozenset)) else list(value)  # type: ignore[call-overload]
    return to_value(value, f"{label} row {row}")


def _in_order(values: Set[Any]) -> list[Any]:
    try:
        return sorted(values)
    except TypeError:  # of several types, which are refused, or one without an order
        return sorted(values, key=lambda each: (type(each).__name__, repr(each)))


def _nothing(rows: int, want: str | None) -> _Part:
    if want is None:
        return _Part("", [None] * rows)
    present = _valid(np.zeros(rows, dtype=bool))
    if want.startswith("list"):
        elements: Any = [] if want == "list[string]" else np.empty(0, dtype=np.int64)
        return _Part(want, elements, present, np.zeros(rows + 1, dtype=np.int64))
    if want == "string":
        return _Part(want, [None] * rows, present)
    dtype = {"float64": np.float64, "bool": np.bool_}.get(want, np.int64)
    return _Part(want, np.zeros(rows, dtype=dtype), present)


def _filled(kind: type, values: list[Any], present: NDArray[np.bool_] | None, label: str) -> _Part:
    if kind is str:
        return _Part("string", values, present)
    if kind is Timestamp:
        counts = [0 if each is None else each.microseconds for each in values]
        return _Part("timestamp", np.array(counts, dtype=np.int64), present)
    if present is not None:
        values = [kind() if each is None else each for each in values]
    if kind is float:
        floats = np.array([float(each) for each in values], dtype=np.float64)
        real = ~np.isnan(floats) if present is None else present & ~np.isnan(floats)
        return _Part("float64", floats, _valid(real))
    if kind is bool:
        return _Part("bool", np.array(values, dtype=np.bool_), present)
    return _Part("int64", _integers(values, label, None), present)


def _integers(
    values: list[int], label: str, offsets: NDArray[np.int64] | None
) -> NDArray[np.int64]:
    try:
        return np.array(values, dtype=np.int64)
    except OverflowError:
        place = next(
            i for i, each in enumerate(values) if not -_INT64_MAX - 1 <= each <= _INT64_MAX
        )
        row = place if offsets is None else int(np.searchsorted(offsets, place, side="right")) - 1
        raise InvalidArgumentError(
            f"{label} must fit int64, got {values[place]} in row {row}"
        ) from None


def _of_lists(
    values: list[Any], label: str, present: NDArray[np.bool_] | None, want: str | None
) -> _Part:
    if present is not None:
        values = [() if each is None else each for each in values]
    lengths = np.fromiter(map(len, values), np.int64, len(values))
    offsets = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(lengths)))
    flat = list(chain.from_iterable(values))
    kinds = set(map(type, flat))
    if not kinds <= {str} and not kinds <= {int}:
        flat = [
            _list_element(each, label, row)
            for row, elements in enumerate(values)
            for each in elements
        ]
        kinds = set(map(type, flat))
    if not kinds:
        if want is None:
            return _Part("list", [], present, offsets)
        kinds = {int} if want == "list[int64]" else {str}
    if kinds == {str}:
        return _Part("list[string]", flat, present, offsets)
    if kinds == {int}:
        return _Part("list[int64]", _integers(flat, label, offsets), present, offsets)
    place = next(
        i
        for i, each in enumerate(flat)
        if type(each) is not type(flat[0]) or type(each) not in (int, str)
    )
    row = int(np.searchsorted(offsets, place, side="right")) - 1
    raise WrongTypeError(
        f"{label} must have lists of str or lists of int, got {flat[place]!r} in row {row}"
    )


def _list_element(value: object, label: str, row: int) -> object:
    missing = type(value).__name__ in MISSING
    if missing or (isinstance(value, (float, np.floating)) and np.isnan(value)):
        raise WrongTypeError(
            f"{label} must have lists of str or lists of int, got {value} inside the list in row "
            f"{row}: leave it out; a row without a list has None in its place"
        )
    return to_value(value, f"{label} row {row}: each element")


def _refuse_mixture(values: list[Any], label: str) -> None:
    first = next(each for each in values if each is not None)
    row, other = next(
        (row, each)
        for row, each in enumerate(values)
        if each is not None
        and type(each) is not type(first)
        and {type(each), type(first)} != {int, float}
    )
    raise WrongTypeError(
        f"{label} must be of one type, got {_named(first)} and, in row {row}, {_named(other)}"
    )


def _named(value: object) -> str:
    kind = _TYPES.get(type(value), "a list")
    return f"{kind} ({value!r})" if kind not in ("a list", "timestamp") else kind


# Towards a schema.


def _converted(part: _Part, want: str, label: str) -> _Part:
    nulls = part.nulls()
    if part.type == "string" and want == "timestamp":
        return _times_of(part, label)
    if part.type == "int64" and want == "float64":
        integers = np.asarray(part.elements)
        floats = integers.astype(np.float64)
        # Past 2**63 - 512 a float64 is 2**63, which no int64 is.
        lost = (np.abs(floats) >= 2.0**63) & (integers != -(2**63))
        lost |= np.where(lost, 0.0, floats).astype(np.int64) != np.where(lost, 0, integers)
        _refuse_first(lost & ~nulls, integers, label, "be exact as float64")
        return _Part(want, floats, part.valid)
    if part.type == "float64" and want == "int64":
        floats = np.asarray(part.elements)
        whole = (floats == np.trunc(floats)) & (floats >= -(2.0**63)) & (floats < 2.0**63)
        _refuse_first(~whole & ~nulls, floats, label, "be whole numbers that fit int64")
        return _Part(want, np.where(nulls, 0.0, floats).astype(np.int64), part.valid)
    if part.type.startswith("list") and want.startswith("list") and len(part.elements) == 0:
        empty: Any = [] if want == "list[string]" else np.empty(0, dtype=np.int64)
        return _Part(want, empty, part.valid, part.row_offsets)
    row = int((~nulls).argmax()) if part.rows else 0
    shown = ""
    if part.row_offsets is None and part.rows:
        shown = f" ({_shown(part.elements[row], part.type)} in row {row})"
    hint = "; each row has a list of its own" if want.startswith("list") else ""
    raise WrongTypeError(f"{label} must be {want}, got {part.type}{shown}{hint}")


def _shown(element: object, kind: str) -> str:
    if isinstance(element, np.generic):
        element = element.item()
    if kind == "timestamp":
        return str(np.datetime64(element, "us")).removesuffix(".000000")  # type: ignore[call-overload]
    return repr(element)


def _times_of(part: _Part, label: str) -> _Part:
    times = np.zeros(part.rows, dtype=np.int64)
    for row, text in enumerate(part.elements):
        if text is None:
            continue
        try:
            times[row] = read_time(text)
        except ValueError:
            raise InvalidArgumentError(
                f"{label} must be times of ISO 8601, got {text!r} in row {row}"
            ) from None
    return _Part("timestamp", times, part.valid)


def _refuse_first(bad: NDArray[np.bool_], values: NDArray[Any], label: str, wanted: str) -> None:
    if bad.any():
        row = int(bad.argmax())
        raise InvalidArgumentError(f"{label} must {wanted}, got {values[row]} in row {row}")
