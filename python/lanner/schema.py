"""The names and types of attributes."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher

from lanner._core import InvalidArgumentError, WrongTypeError

TYPES = ("int64", "float64", "bool", "timestamp", "string", "list[string]", "list[int64]")

_WORD = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(r"\d+")
_LONGEST_NAME = 100


class NewColumnWarning(UserWarning):
    """A table brings a new column, and lacks one of nearly the same name that the index has."""


class Schema(Mapping[str, str]):
    """The columns of an index's attributes: name to type, immutable.

    Parameters
    ----------
    columns
        A mapping of names to one of int64, float64, bool, timestamp (microseconds, UTC), string,
        list[string] and list[int64].

    Raises
    ------
    InvalidArgumentError, WrongTypeError
        Where a type is not one of these, or a name is empty or no text of UTF-8.

    Examples
    --------
    >>> import lanner
    >>> schema = lanner.Schema({"year": "int64", "tags": "list[string]"})
    >>> schema["tags"], list(schema), schema == {"year": "int64", "tags": "list[string]"}
    ('list[string]', ['year', 'tags'], True)
    """

    __slots__ = ("_columns",)

    def __init__(self, columns: Mapping[str, str]) -> None:
        if not isinstance(columns, Mapping):
            raise WrongTypeError(
                "schema must map names of columns to types, as in {'year': 'int64'}, "
                f"got {type(columns).__name__}"
            )
        for name, kind in columns.items():
            _check(name, kind)
        self._columns = dict(columns)

    def __getitem__(self, name: str) -> str:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __hash__(self) -> int:
        return hash(frozenset(self._columns.items()))

    def __repr__(self) -> str:
        return f"Schema({self._columns!r})"

    def __reduce__(self) -> tuple[type[Schema], tuple[dict[str, str]]]:
        return Schema, (self._columns,)


def _check(name: object, kind: object) -> None:
    if not isinstance(name, str):
        raise WrongTypeError(f"schema must have str names, got {name!r}")
    if not name:
        raise InvalidArgumentError("schema must have no empty name")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise InvalidArgumentError(f"schema must have names of UTF-8, got {name!r}") from None
    if not isinstance(kind, str):
        raise WrongTypeError(f"schema[{name!r}] must be the name of a type, got {kind!r}")
    if kind not in TYPES:
        raise InvalidArgumentError(
            f"schema[{name!r}] must be one of {', '.join(TYPES)}, got {kind!r}"
        )


def warn_of_slips(names: list[str], schema: Mapping[str, str], stacklevel: int) -> None:
    """Warn of names of a table that look like slips for names that the schema has."""
    new = [name for name in names if name not in schema]
    if "id" in new:
        warnings.warn(
            "attributes have a column 'id', which filters take for the ids of items: rename it, or "
            "write `id` in backticks or col('id') in conditions on the column",
            NewColumnWarning,
            stacklevel=stacklevel,
        )
    missing = [name for name in schema if name not in names]
    for name in new:
        near = max(missing, key=lambda each: _likeness(name, each), default="")
        if near and _likeness(name, near) > 0:
            warnings.warn(
                f"attributes have {name!r}, which makes a new column, and not {near!r}, which the "
                "index has: a slip? An index that is made with a schema refuses other columns",
                NewColumnWarning,
                stacklevel=stacklevel,
            )


def _likeness(one: str, other: str) -> float:
    """Return how like two names are, from 0 for those that nobody would take for each other.

    Words are compared one by one, whatever their case, and numbers must be the same: names that
    differ in a whole word or in a number are meant to, as `min_price`, `max_price` and `price_2`.
    """
    if max(len(one), len(other)) > _LONGEST_NAME or _NUMBER.findall(one) != _NUMBER.findall(other):
        return 0
    words, others = (_WORD.findall(each.casefold()) for each in (one, other))
    if "".join(words) == "".join(others):
        return 1
    if len(words) != len(others):
        return 0
    return min(_likeness_of_words(*pair) for pair in zip(words, others, strict=True))


def _likeness_of_words(one: str, other: str) -> float:
    if one == other:
        return 1
    if min(len(one), len(other)) < 3:
        return 0
    ratio = SequenceMatcher(None, one, other, autojunk=False).ratio()
    # One letter of four in the wrong place, or one in five.
    return ratio if ratio >= (0.75 if max(len(one), len(other)) <= 4 else 0.8) else 0
