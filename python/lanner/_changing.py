"""How an index loses items, and what is changed of items beside their vectors."""

from __future__ import annotations

from typing import Any, overload

from lanner import _core
from lanner._arguments import to_threads
from lanner._core import InvalidArgumentError, WrongTypeError, near_name_hint
from lanner._filtering import core_filter, naming_columns
from lanner._storing import IndexStoring
from lanner._tables import to_columns
from lanner.schema import warn_of_slips


class IndexChanging(IndexStoring):
    """The methods of an `Index` that take items out, and that change attributes alone."""

    __slots__ = ()

    @overload
    def remove(self, ids: Any, *, threads: int | None = None) -> None: ...
    @overload
    def remove(self, *, filter: Any, threads: int | None = None) -> int: ...
    def remove(
        self, ids: Any = None, *, filter: Any = None, threads: int | None = None
    ) -> int | None:
        """Take items out, all of them or none; they are in no result from then on.

        With a filter: whatever satisfies it, which may be nothing. No other change comes between
        the look at the items and their removal. Only a function, or a range of over a million ids,
        is asked before, of the ids that the index has when the call begins; and a mask is one of
        the items in their order then.

        Parameters
        ----------
        ids : int or str, or array_like of them, shape (n,)
            Not together with `filter`.
        filter : Filter, str, dict, mask, ids or callable
            One that `search` takes.
        threads : int, optional
            Changes speed, never the index.

        Returns
        -------
        int or None
            With a filter, how many items were removed.

        Raises
        ------
        NotFoundError
            One of `ids` is not in the index; it is named. Of a filter's ids, those count that are.
        InvalidArgumentError
            An id is given twice, or a filter names a column that there is not, or is a mask of
            another length than the index.
        WrongTypeError
            Both `ids` and `filter` are given, or neither; or `filter` is a list of filters.
        ReadOnlyError
            The index was opened without ``writable=True``.

        Examples
        --------
        >>> import lanner
        >>> index = lanner.Index(dim=2)
        >>> _ = index.add([[1, 0], [0, 1], [1, 1]], attributes={"year": [2019, 2020, 2021]})
        >>> index.remove(filter="year < 2021")
        2
        >>> index.ids
        array([2])
        """
        if (ids is None) == (filter is None):
            raise WrongTypeError(
                f"remove needs either ids or filter, got {'neither' if ids is None else 'both'}"
            )
        count = to_threads(threads)
        if filter is not None:
            with naming_columns(self._valueless):
                return self._core.remove_where(core_filter(self._core, filter), count)
        self._core.remove(self._to_ids(ids), count)
        return None

    def update_attributes(self, ids: Any, attributes: Any) -> None:
        """Give items new values in some columns, in all of the items or in none.

        Other columns stay as they are, and so do vectors and graph.

        Parameters
        ----------
        ids : int or str, or array_like of them, shape (n,)
        attributes
            As for `add`, a row an id. A column that the index lacks must have a value in it.

        Raises
        ------
        NotFoundError
            An id is not in the index.
        InvalidArgumentError, WrongTypeError
            An id is given twice, values do not fit their columns, or a column that the index lacks
            has no value in it.

        Warns
        -----
        NewColumnWarning
            As for `add`.
        """
        given = self._to_ids(ids)
        columns = self._to_columns(attributes, len(given), 3, update=True)
        self._core.update_attributes(given, columns)

    def _to_columns(
        self, attributes: Any, rows: int, stacklevel: int, *, update: bool = False
    ) -> _core.Columns:
        schema = self.schema
        if self._core.schema_given:
            return to_columns(attributes, rows, schema)
        waiting: list[str] = []
        columns = to_columns(attributes, rows, schema, waiting=waiting)
        if update and waiting and rows:
            name, names = waiting[0], list(schema)
            there = f"there are {', '.join(map(repr, names))}"
            raise InvalidArgumentError(
                f"attributes[{name!r}] holds nothing but nulls, and there is no column {name!r}; "
                f"{there if names else 'this index has no attributes'}{near_name_hint(name, names)}"
            )
        self._valueless.update(waiting)
        warn_of_slips([name for name, _ in columns.schema], waiting, schema, stacklevel + 1)
        return columns
