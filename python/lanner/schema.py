"""The names and types of attributes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping

from lanner._core import InvalidArgumentError, WrongTypeError, near_name, near_name_hint

TYPES = ("int64", "float64", "bool", "timestamp", "string", "list[string]", "list[int64]")


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
            + near_name_hint(kind, TYPES)
        )


def warn_of_slips(
    names: list[str], waiting: list[str], schema: Mapping[str, str], stacklevel: int
) -> None:
    """Warn of names of a table that look like slips for names that the schema has.

    Those that are `waiting` for a first value, which makes a column of them, are not among `names`.
    """
    new = [name for name in names if name not in schema]
    if "id" in new:
        warnings.warn(
            "attributes have a column 'id', which filters take for the ids of items: rename it, or "
            "write `id` in backticks or col('id') in conditions on the column",
            NewColumnWarning,
            stacklevel=stacklevel,
        )
    missing = [name for name in schema if name not in names]
    for name in [*new, *waiting]:
        near = near_name(name, missing)
        if near is not None:
            what = "holds no value yet" if name in waiting else "makes a new column"
            warnings.warn(
                f"attributes have {name!r}, which {what}, and not {near!r}, which the index has: "
                "a slip? An index that is made with a schema refuses other columns",
                NewColumnWarning,
                stacklevel=stacklevel,
            )
