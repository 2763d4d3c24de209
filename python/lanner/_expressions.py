"""Conditions as Python objects: `col`, what it gives, and the values that it takes."""

from __future__ import annotations

import datetime as dt
import enum
import keyword
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from lanner import _core
from lanner._core import InvalidArgumentError, Timestamp, WrongTypeError

Value = bool | int | float | str | Timestamp
Ids = NDArray[np.int64] | list[str]

MAX_DEPTH = 100
# The types, by name, of None and of what pandas has for it.
MISSING = ("NoneType", "NAType", "NaTType")
_SHOWN_IDS = 1000
_LONGEST_RANGE = 1 << 26
_FEW_IDS = 64
_INT64 = (-(2**63), 2**63 - 1)
_EPOCH = dt.datetime(1970, 1, 1)
_MICROSECOND = dt.timedelta(microseconds=1)
_NO_TIME = np.iinfo(np.int64).min  # what NumPy calls NaT
_TIMES = "a time from " + " to ".join(
    str(np.datetime64(each, "us")) for each in (_NO_TIME + 1, _INT64[1])
)
_FINER = ("ns", "ps", "fs", "as")  # than microseconds
# Years of other than four digits are those that NumPy prints.
_TIME = re.compile(
    r"""(?P<date>\d{4}(?:-\d\d)?|(?:\d{4,6}|[+-]\d{3,6})-\d\d-\d\d)
    (?:[Tt\ ](?P<time>\d\d(?::\d\d(?::\d\d)?)?)(?:(?<=:\d\d:\d\d)\.(?P<fraction>\d+))?
    \s*(?:[Zz]|(?P<hours>[+-]\d\d)(?::?(?P<minutes>\d\d))?)?)?""",
    re.ASCII | re.VERBOSE,
)
# Of these, what the core takes for times too, in years of four digits.
_EXACT_TIME = re.compile(r"[+-]?\d+-\d\d-\d\d(?:[Tt ]\d\d:\d\d\S*)?", re.ASCII)


def to_value(value: object, where: str = "a filter's value") -> Value:
    """Return what the core compares with, or say why not; times come down to whole microseconds."""
    kind = type(value)
    if kind is not str and kind is not int and kind is not bool and kind is not float:
        value = _plain(value, where)
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise InvalidArgumentError(f"{where} must be text of UTF-8, got {value!r}") from None
    elif isinstance(value, int) and not _INT64[0] <= value <= _INT64[1]:
        raise InvalidArgumentError(f"{where} must fit int64 (-2**63 to 2**63 - 1), got {value}")
    elif isinstance(value, float) and value != value:
        raise InvalidArgumentError(
            f"{where} must not be NaN: it compares with nothing; is_null() asks for missing values"
        )
    return value  # type: ignore[return-value]


def _plain(value: object, where: str) -> Value:
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, (dt.date, np.datetime64)):
        return Timestamp(to_microseconds(value, where))
    if isinstance(value, np.generic) and not isinstance(value, np.timedelta64):
        value = value.item()
    if isinstance(value, Timestamp):
        return value
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    if value is None:
        raise WrongTypeError(f"{where} must not be None: is_null() asks for missing values")
    if isinstance(value, (Filter, Column, IdColumn)):
        raise WrongTypeError(
            f"{where} must be a value, got a condition or another column: columns compare with "
            "values alone, and & and | bind tighter than comparisons, which want parentheses"
        )
    raise WrongTypeError(
        f"{where} must be a bool, number, str, date or datetime, got {type(value).__name__}"
    )


def to_microseconds(value: dt.date | np.datetime64, where: str) -> int:
    """Return microseconds since 1970 UTC; a time without a zone is UTC, a date its midnight."""
    if isinstance(value, np.datetime64):
        if np.isnat(value):
            raise InvalidArgumentError(f"{where} must be a time, got NaT")
        return int(microseconds_of(value, where).astype(np.int64))
    if value != value:
        raise InvalidArgumentError(f"{where} must be a time, got NaT")
    if not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day)
    try:
        since = value.replace(tzinfo=None) - _EPOCH - (value.utcoffset() or dt.timedelta())
        return int(since // _MICROSECOND)
    except (OverflowError, ValueError):  # of pandas, whose years may have more than four digits
        raise InvalidArgumentError(f"{where} must be {_TIMES}, got {value}") from None


def microseconds_of(times: Any, where: str) -> Any:
    """Return datetime64, an array or one, in microseconds; NumPy alone may wrap around."""
    try:
        made = times.astype("datetime64[us]")
    except (OverflowError, ValueError):
        raise InvalidArgumentError(f"{where} must be {_TIMES}") from None
    if times.ndim == 0 and made.astype(times.dtype) == times:
        return made
    lost = np.isnat(made) != np.isnat(times)
    if np.datetime_data(times.dtype)[0] not in _FINER:
        lost |= ~np.isnat(times) & (made.astype(times.dtype) != times)
    if lost.any():
        row = int(lost.argmax())
        got = f"{times[row]} in row {row}" if times.ndim else times
        raise InvalidArgumentError(f"{where} must be {_TIMES}, got {got}")
    return made


def read_time(text: str, *, exact: bool = False) -> int:
    """Return the microseconds since 1970 UTC of a time of ISO 8601; ValueError where it is none.

    Digits of a second beyond the sixth are cut off. With `exact` they must be zeros, and the day
    and, of a time, the minute must be there, without spaces around: what the core reads.
    """
    found = _TIME.fullmatch(text if exact else text.strip())
    try:
        if found is None or (exact and _EXACT_TIME.fullmatch(text) is None):
            raise ValueError
        whole = found["date"] if found["time"] is None else f"{found['date']}T{found['time']}"
        seconds = int(np.datetime64(whole, "s").astype(np.int64))
        hours, minutes = int(found["hours"] or 0), int(found["minutes"] or 0)
        if abs(hours) > 23 or minutes > 59:
            raise ValueError
        minutes = 60 * hours + (-minutes if (found["hours"] or "").startswith("-") else minutes)
        fraction = found["fraction"] or ""
        # NumPy is given no fraction: by its digits it takes a unit, in which few years fit.
        count = 10**6 * (seconds - 60 * minutes) + int(fraction[:6].ljust(6, "0"))
        if not _NO_TIME < count <= _INT64[1]:
            raise ValueError
    except ValueError:
        such = "such as '2024-01-31' or '2024-01-31T12:00:00Z'"
        raise ValueError(f"expected a time of ISO 8601 {such}, got {text!r}") from None
    if exact and fraction[6:].strip("0"):
        raise ValueError(f"expected a time of whole microseconds, got {text!r}")
    return count


def size_of_range(ids: range) -> int:
    """Return how many integers a range has; `len` gives up beyond 2**63 - 1."""
    return max(0, -((ids.start - ids.stop) // ids.step))


def ids_of_range(ids: range, most: int, name: str = "ids") -> NDArray[np.int64]:
    """Return the integers of a range, which are at most so many; no other array is made of them."""
    count = size_of_range(ids)
    if count > most:
        raise InvalidArgumentError(
            f"{name} as a range must have at most {most} entries here, got {count}"
        )
    if count and not (_INT64[0] <= min(ids[0], ids[-1]) <= max(ids[0], ids[-1]) <= _INT64[1]):
        raise InvalidArgumentError(f"{name} must fit int64 (-2**63 to 2**63 - 1), got {ids}")
    if count <= _FEW_IDS:
        return np.array(list(ids), dtype=np.int64)  # start and step may be beyond int64
    made = np.arange(count, dtype=np.int64)
    made *= ids.step  # beyond int64 this wraps around, and the sum wraps back
    made += ids.start
    return made


def id_hint(id: object) -> str:
    """Return how to make an id of what is none, or nothing."""
    if isinstance(id, (bytes, bytearray)):
        return ": id.decode() makes a str of it, int.from_bytes(id, 'big') an integer"
    if type(id).__name__ == "UUID":
        return ": str(id) makes a str of it; int(id) has 128 bits, and an integer id at most 64"
    return ""


def to_id_list(ids: object) -> Ids:
    """Return item ids as the core takes them: an int64 array or a list of str."""
    if isinstance(ids, range):
        return ids_of_range(ids, _LONGEST_RANGE)
    if isinstance(ids, np.ndarray):
        if ids.ndim != 1:
            raise InvalidArgumentError(f"ids must have one axis, got shape {ids.shape}")
        if ids.dtype.kind == "i" or (ids.dtype.kind == "u" and ids.dtype.itemsize < 8):
            return np.array(ids, dtype=np.int64, order="C")
        ids = ids.tolist()
    try:
        values = _values_of(ids, "ids")
    except WrongTypeError as error:
        several = isinstance(ids, Collection) and not isinstance(ids, (bytes, bytearray))
        hints = [id_hint(each) for each in (ids if several else [ids])]  # type: ignore[attr-defined]
        hint = next((each for each in hints if each), "")
        raise WrongTypeError(f"{error}{hint}") from None
    types = set(map(type, values))
    if types <= {int}:
        return np.array(values, dtype=np.int64)
    if types == {str}:
        return list(values)  # type: ignore[arg-type]
    raise WrongTypeError("ids must be all integers or all str")


def _are_plain(values: tuple[Any, ...]) -> bool:
    """Return whether it is told at once that the core takes all of them as they are."""
    kinds = set(map(type, values))
    if kinds == {str}:
        try:
            "".join(values).encode()
        except UnicodeEncodeError:
            return False
        return True
    return kinds == {int} and _INT64[0] <= min(values) and max(values) <= _INT64[1]


def _values_of(values: object, where: str) -> tuple[Value, ...]:
    alone = (str, bytes, bytearray, Mapping)
    if isinstance(values, alone) or not isinstance(values, Iterable):
        raise WrongTypeError(f"{where} must be several values, got {type(values).__name__}")
    if isinstance(values, np.ndarray) and values.dtype.kind not in "Mm":
        values = values.tolist()
        if not isinstance(values, list):
            raise InvalidArgumentError(f"{where} must have one axis, got a single value")
    read = tuple(values)
    if not _are_plain(read):
        read = tuple(to_value(each, f"{where}: each value") for each in read)
    if isinstance(values, (set, frozenset)):  # whose order changes from run to run
        return tuple(sorted(read, key=lambda each: (type(each).__name__, value_text(each))))
    return read


class Filter:
    """A condition on attributes and ids, immutable; `col`, strings and dicts make them.

    `&`, `|` and `~` combine filters, and `repr` shows the string form, which reads back as the same
    filter (the ids of `col.id.isin` are shown up to 1,000). Filters compare equal where their trees
    do. Nested `&` and nested `|` are one. A tree is at most 100 deep, else InvalidArgumentError.

    >>> from lanner import col
    >>> (col("year") >= 2020) & ~col.tags.contains("cs.IR")
    year >= 2020 and not 'cs.IR' in tags
    """

    __slots__ = ("_column", "_core", "_depth", "_ids", "_op", "_operands", "_values")
    __array_ufunc__ = None  # NumPy's operators leave filters alone

    def __init__(
        self,
        op: str,
        column: str = "",
        values: tuple[Value, ...] = (),
        operands: tuple[Filter, ...] = (),
        ids: Ids | None = None,
    ) -> None:
        self._op = op
        self._column = column
        self._values = values
        self._operands = operands
        self._ids = ids
        self._core: _core.Filter | None = None
        self._depth: int = 1 + max((each._depth for each in operands), default=0)
        if self._depth > MAX_DEPTH:
            raise InvalidArgumentError(
                f"a filter must be at most {MAX_DEPTH} deep, got a deeper one"
            )

    @property
    def core(self) -> _core.Filter:
        """What the core evaluates, built once."""
        if self._core is None:
            operands = tuple(each.core for each in self._operands)
            self._core = _core.Filter(self._op, self._column, self._values, operands, self._ids)
        return self._core

    def __and__(self, other: object) -> Filter:
        return join("and", (self, _term(other, "&")))

    def __rand__(self, other: object) -> Filter:
        return join("and", (_term(other, "&"), self))

    def __or__(self, other: object) -> Filter:
        return join("or", (self, _term(other, "|")))

    def __ror__(self, other: object) -> Filter:
        return join("or", (_term(other, "|"), self))

    def __invert__(self) -> Filter:
        return Filter("not", operands=(self,))

    def __bool__(self) -> NoReturn:
        _no_truth()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filter) and self.core == other.core

    def __hash__(self) -> int:
        return hash(self.core)

    def __reduce__(self) -> tuple[Any, ...]:
        return Filter, (self._op, self._column, self._values, self._operands, self._ids)

    def __repr__(self) -> str:
        if self._op in ("and", "or"):
            return self._joined_text()
        if self._op == "not":
            if self._operands[0]._op == "is_null":
                return f"{name_text(self._operands[0]._column)} is not None"
            inner = repr(self._operands[0])
            compound = self._operands[0]._op in ("and", "or") and self._operands[0]._operands
            return f"not ({inner})" if compound else f"not {inner}"
        if self._ids is not None:
            some = self._ids[:_SHOWN_IDS]
            shown = ", ".join(map(repr, some.tolist() if isinstance(some, np.ndarray) else some))
            return f"id in [{shown}{', ...' if len(self._ids) > _SHOWN_IDS else ''}]"
        name = name_text(self._column)
        texts = [value_text(each) for each in self._values]
        if self._op == "is_null":
            return f"{name} is None"
        if self._op == "in":
            return f"{name} in [{', '.join(texts)}]"
        if self._op == "contains":
            return f"{texts[0]} in {name}"
        if self._op in ("contains_any", "contains_all"):
            return f"{name}.{self._op}([{', '.join(texts)}])"
        if self._op in ("between", "startswith"):
            return f"{name}.{self._op}({', '.join(texts)})"
        return f"{name} {self._op} {texts[0]}"

    def _joined_text(self) -> str:
        if not self._operands:
            return "True" if self._op == "and" else "False"
        nested = "or" if self._op == "and" else "and"
        texts = [
            f"({each!r})" if each._op == nested and each._operands else repr(each)
            for each in self._operands
        ]
        return f" {self._op} ".join(texts)


def join(op: str, operands: Iterable[Filter]) -> Filter:
    """Return the `and` or `or` of filters, with those of the same kind among them taken apart."""
    flat: list[Filter] = []
    for each in operands:
        flat.extend(each._operands if each._op == op else (each,))
    return flat[0] if len(flat) == 1 else Filter(op, operands=tuple(flat))


def without_nulls(held: Filter, column: str) -> Filter:
    """Return the complement of a comparison, which a null does not satisfy either."""
    return ~join("or", (held, Filter("is_null", column)))


def _term(value: object, sign: str) -> Filter:
    if isinstance(value, Filter):
        return value
    if isinstance(value, Column):
        return Filter("==", value._name, (True,))
    raise WrongTypeError(
        f"{sign} takes filters on both sides, got {type(value).__name__}: it binds tighter than "
        "comparisons, so put these in parentheses, as in (col.a > 1) & (col.b < 2)"
    )


def _no_truth() -> NoReturn:
    raise WrongTypeError(
        "a filter is neither true nor false: combine filters with & | ~ instead of and, or, not, "
        "and write between(a, b) or (a <= column) & (column < b) instead of a <= column < b"
    )


def _no_member(kind: str) -> NoReturn:
    raise WrongTypeError(f"'in' cannot be asked of {kind}: use contains(value) or isin([...])")


class Column:
    """A column of attributes; comparing it makes a `Filter`. A null satisfies no comparison."""

    __slots__ = ("_name",)
    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]
    __iter__ = None

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise WrongTypeError(f"a column's name must be a str, got {type(name).__name__}")
        if not name:
            raise InvalidArgumentError("a column's name must not be empty")
        to_value(name, "a column's name")
        self._name = name

    def _compare(self, op: str, *values: object) -> Filter:
        where = f"the value for column {self._name!r}"
        return Filter(op, self._name, tuple(to_value(each, where) for each in values))

    def _compare_all(self, op: str, values: object) -> Filter:
        return Filter(op, self._name, _values_of(values, f"the values for column {self._name!r}"))

    def __eq__(self, value: object) -> Filter:  # type: ignore[override]
        return self._compare("==", value)

    def __ne__(self, value: object) -> Filter:  # type: ignore[override]
        return self._compare("!=", value)

    def __lt__(self, value: object) -> Filter:
        return self._compare("<", value)

    def __le__(self, value: object) -> Filter:
        return self._compare("<=", value)

    def __gt__(self, value: object) -> Filter:
        return self._compare(">", value)

    def __ge__(self, value: object) -> Filter:
        return self._compare(">=", value)

    def between(self, low: object, high: object) -> Filter:
        """Return `low <= column <= high`; nothing matches where `low` is above `high`."""
        return self._compare("between", low, high)

    def isin(self, values: Collection[object]) -> Filter:
        """Match what equals one of the values; of none: nothing."""
        return self._compare_all("in", values)

    def not_in(self, values: Collection[object]) -> Filter:
        """Match what has a value, and none of these."""
        return without_nulls(self.isin(values), self._name)

    def contains(self, value: object) -> Filter:
        """Match lists that have `value` among their elements."""
        return self._compare("contains", value)

    def contains_any(self, values: Collection[object]) -> Filter:
        """Match lists that have any of the values; of none: nothing."""
        return self._compare_all("contains_any", values)

    def contains_all(self, values: Collection[object]) -> Filter:
        """Match lists that have all of the values; of none: every list."""
        return self._compare_all("contains_all", values)

    def startswith(self, prefix: str) -> Filter:
        """Match strings that begin with `prefix`."""
        if not isinstance(prefix, str):
            raise WrongTypeError(f"startswith takes a str, got {type(prefix).__name__}")
        return self._compare("startswith", prefix)

    def is_null(self) -> Filter:
        """Match items that have no value in this column."""
        return Filter("is_null", self._name)

    def __and__(self, other: object) -> Filter:
        return _term(self, "&") & other

    def __rand__(self, other: object) -> Filter:
        return _term(other, "&") & self

    def __or__(self, other: object) -> Filter:
        return _term(self, "|") | other

    def __ror__(self, other: object) -> Filter:
        return _term(other, "|") | self

    def __invert__(self) -> Filter:
        return ~_term(self, "~")

    def __bool__(self) -> NoReturn:
        _no_truth()

    def __contains__(self, value: object) -> NoReturn:
        _no_member(f"column {self._name!r}")

    def __repr__(self) -> str:
        return f"col({self._name!r})"


class IdColumn:
    """The ids of items, which are compared for equality alone."""

    __slots__ = ()
    __array_ufunc__ = None
    __hash__ = None  # type: ignore[assignment]
    __iter__ = None

    def isin(self, ids: object) -> Filter:
        """Match the items of these ids (int64 or str); of none: nothing."""
        return Filter("id_in", ids=to_id_list(ids))

    def not_in(self, ids: object) -> Filter:
        """Match the items of other ids."""
        return ~self.isin(ids)

    def __eq__(self, id: object) -> Filter:  # type: ignore[override]
        return self.isin([id])

    def __ne__(self, id: object) -> Filter:  # type: ignore[override]
        return ~self.isin([id])

    def __bool__(self) -> NoReturn:
        _no_truth()

    def __contains__(self, value: object) -> NoReturn:
        _no_member("col.id")

    def __repr__(self) -> str:
        return "col.id"


class Columns:
    """Gives columns by name: `col("year")`, `col.year`; `col.id` stands for the items' ids.

    A column called "id" is reached as `col("id")`.

    >>> from lanner import col
    >>> col("year").between(2015, 2019) | col.id.isin([7, 9])
    year.between(2015, 2019) or id in [7, 9]
    """

    __slots__ = ()
    id = IdColumn()

    def __call__(self, name: str) -> Column:
        return Column(name)

    def __getattr__(self, name: str) -> Column:
        if name.startswith("__"):
            raise AttributeError(name)
        return Column(name)

    def __repr__(self) -> str:
        return "col"


col = Columns()


def name_text(name: str) -> str:
    """Return how the string form of filters spells a column."""
    # Python reads names beyond ASCII in a normal form, which may be another one.
    plain = name.isascii() and name.isidentifier() and not keyword.iskeyword(name) and name != "id"
    return name if plain else f"col({name!r})"


def value_text(value: Value) -> str:
    """Return how the string form of filters spells a value."""
    if isinstance(value, Timestamp):
        text = str(np.datetime64(value.microseconds, "us"))
        return f"timestamp({text.removesuffix('.000000')!r})"
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "1e999" if value > 0 else "-1e999"
    return repr(value)
