"""What a search returns: arrays, and the same hits query by query."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from lanner._core import WrongTypeError


class Hits:
    """The nearest items of one query or of several, nearest first, ties by id.

    Of several queries: `len` counts them, and iterating or indexing gives the `Hits` of one,
    without empty places. Of one query: `len` counts its hits, and iterating or indexing gives
    ``(id, distance)`` pairs.

    Attributes
    ----------
    ids : array of int64, or of str, shape (q, k) or (k,)
        Where fewer than k items were found, the places left are -1 (None for str). Where -1 is
        also an id of the index, `counts` tells which it is; iterating never shows empty places.
    distances : array of float32, shape (q, k) or (k,)
        Infinity in empty places.
    counts : array of int64, shape (q,), or int
        The number of hits of each query.
    attributes : dict of arrays of shape (q, k) or (k,), or None
        The columns that `search` was asked for, as `Index.get` returns them; empty places are null.

    Examples
    --------
    >>> import lanner
    >>> index = lanner.Index(dim=2, metric="l2")
    >>> ids = index.add([[0, 0], [1, 0], [5, 5]])
    >>> for id, distance in index.search([0, 0], k=2):
    ...     print(id, distance)
    0 0.0
    1 1.0
    """

    __slots__ = ("attributes", "counts", "distances", "ids")

    def __init__(
        self,
        ids: NDArray[Any],
        distances: NDArray[np.float32],
        counts: Any,
        attributes: dict[str, NDArray[Any]] | None = None,
    ) -> None:
        self.ids = ids
        self.distances = distances
        self.counts = counts
        self.attributes = attributes

    def to_faiss(self) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return ``(D, I)`` as FAISS does: two matrices, also for one query; -1 without a hit.

        Distances are lanner's: smaller is nearer under every metric, `ip` too.

        Raises
        ------
        WrongTypeError
            The ids are strings.
        """
        if self.ids.dtype != np.int64:
            raise WrongTypeError("to_faiss needs integer ids, this index has str")
        return np.atleast_2d(self.distances), np.atleast_2d(self.ids)

    def __len__(self) -> int:
        return int(self.counts) if self.ids.ndim == 1 else len(self.ids)

    def __iter__(self) -> Iterator[Any]:
        if self.ids.ndim == 1:
            count = int(self.counts)
            return iter(
                list(zip(self.ids[:count].tolist(), self.distances[:count].tolist(), strict=True))
            )
        return (self._query(row) for row in range(len(self.ids)))

    @overload
    def __getitem__(self, place: int) -> Any: ...
    @overload
    def __getitem__(self, place: slice) -> Hits: ...
    def __getitem__(self, place: int | slice) -> Any:
        if self.ids.ndim == 1:
            count = int(self.counts)
            if isinstance(place, slice):
                ids = self.ids[:count][place]
                attributes = self._attributes(lambda column: column[:count][place])
                return Hits(ids, self.distances[:count][place], len(ids), attributes)
            row = _row(place, count, "hits")
            return self.ids[row : row + 1].tolist()[0], float(self.distances[row])
        if isinstance(place, slice):
            attributes = self._attributes(lambda column: column[place])
            return Hits(self.ids[place], self.distances[place], self.counts[place], attributes)
        return self._query(_row(place, len(self.ids), "queries"))

    def _query(self, row: int) -> Hits:
        count = int(self.counts[row])
        attributes = self._attributes(lambda column: column[row, :count])
        return Hits(self.ids[row, :count], self.distances[row, :count], count, attributes)

    def _attributes(
        self, cut: Callable[[NDArray[Any]], NDArray[Any]]
    ) -> dict[str, NDArray[Any]] | None:
        if self.attributes is None:
            return None
        return {name: cut(column) for name, column in self.attributes.items()}

    def __repr__(self) -> str:
        if self.ids.ndim == 1:
            return f"Hits({_pairs(self.ids[: int(self.counts)], self.distances)})"
        queries, k = self.ids.shape
        return f"Hits({queries} queries, k={k}, {int(np.sum(self.counts))} hits)"


def to_hits(found: tuple[Any, Any, Any], *, single: bool) -> Hits:
    """Return hits, of one query alone without the axis of queries."""
    ids, distances, counts = found
    return Hits(ids[0], distances[0], int(counts[0])) if single else Hits(ids, distances, counts)


class RadiusHits:
    """All items found within a radius of one query or of several, nearest first, ties by id.

    Of several queries: `len` counts them, and iterating or indexing gives the `Hits` of one.
    Of one query: `len` counts its hits, and iterating or indexing gives ``(id, distance)`` pairs.

    Attributes
    ----------
    ids : array of int64, or of str, shape (hits,)
    distances : array of float32, shape (hits,)
    offsets : array of int64, shape (q + 1,)
        The hits of query i are at ``offsets[i]:offsets[i + 1]``.
    counts : array of int64, shape (q,), or int
        The number of hits of each query.
    attributes : dict of arrays of shape (hits,), or None
        The columns that `search_radius` was asked for, as `Index.get` returns them.
    """

    __slots__ = ("_single", "attributes", "distances", "ids", "offsets")

    def __init__(
        self,
        ids: NDArray[Any],
        distances: NDArray[np.float32],
        offsets: NDArray[np.int64],
        *,
        single: bool,
        attributes: dict[str, NDArray[Any]] | None = None,
    ) -> None:
        self.ids = ids
        self.distances = distances
        self.offsets = offsets
        self._single = single
        self.attributes = attributes

    @property
    def counts(self) -> Any:
        """The number of hits of each query; one number for one query."""
        return len(self.ids) if self._single else np.diff(self.offsets)

    def __len__(self) -> int:
        return len(self.ids) if self._single else len(self.offsets) - 1

    def __iter__(self) -> Iterator[Any]:
        if self._single:
            return iter(self._query(0))
        return (self._query(row) for row in range(len(self)))

    def __getitem__(self, place: int) -> Any:
        if self._single:
            return self._query(0)[place]
        return self._query(_row(place, len(self), "queries"))

    def _query(self, row: int) -> Hits:
        span = slice(int(self.offsets[row]), int(self.offsets[row + 1]))
        attributes = None
        if self.attributes is not None:
            attributes = {name: column[span] for name, column in self.attributes.items()}
        return Hits(self.ids[span], self.distances[span], span.stop - span.start, attributes)

    def __repr__(self) -> str:
        if self._single:
            return f"RadiusHits({_pairs(self.ids, self.distances)})"
        return f"RadiusHits({len(self)} queries, {len(self.ids)} hits)"


@dataclass(frozen=True)
class PlanCost:
    """What a plan costs, as predicted or as it was.

    Attributes
    ----------
    nanoseconds, distances, hops, lists : float
        Hops are nodes of the graph expanded; lists are those of neighbours that were read, more
        than hops where a walk crosses nodes that do not match.
    """

    nanoseconds: float
    distances: float
    hops: float
    lists: float

    def __str__(self) -> str:
        return (
            f"{self.nanoseconds / 1000:.1f} us, {self.distances:.0f} distances, "
            f"{self.hops:.0f} hops, {self.lists:.0f} lists"
        )


@dataclass(frozen=True)
class PlanOption:
    """A plan that could have answered, and why it was not taken: empty for the one that was."""

    plan: str
    predicted: PlanCost
    why_not: str


@dataclass(frozen=True, repr=False)
class Explanation:
    """How a query was answered.

    Attributes
    ----------
    plan : str
        ``empty``; ``walk`` through the graph, without a filter; ``scan`` of all that match;
        ``pruned scan`` (of those that match, the nearest first, until nothing nearer comes);
        ``filtered walk`` (over matching nodes); or ``checked walk`` (as without a filter, and
        wider).
    fell_back : bool
        Whether a walk starved or spent too much, so that another plan had to follow.
    filtered : bool
        Whether there was a filter; without one all items match.
    items, estimated_matches, matches, hits : int
        In the index; those the plan was chosen by; those there are; those returned.
    predicted, measured : PlanCost
    resolve_nanoseconds : float
        From the filter to the set of what matches; next to nothing where it was asked before.
    options : tuple of PlanOption
        All plans that were weighed, the one taken first.
    """

    plan: str
    fell_back: bool
    filtered: bool
    items: int
    estimated_matches: int
    matches: int
    hits: int
    predicted: PlanCost
    measured: PlanCost
    resolve_nanoseconds: float
    options: tuple[PlanOption, ...]

    @classmethod
    def of(cls, figures: dict[str, Any]) -> Explanation:
        """Return what the core reports, as an object."""
        return cls(
            **{
                **figures,
                "predicted": PlanCost(**figures["predicted"]),
                "measured": PlanCost(**figures["measured"]),
                "options": tuple(
                    PlanOption(each["plan"], PlanCost(**each["predicted"]), each["why_not"])
                    for each in figures["options"]
                ),
            }
        )

    def __repr__(self) -> str:
        matches, resolved = f"{self.items} items", ""
        if self.filtered:
            matches = (
                f"{self.matches} of {self.items} items match ({self.estimated_matches} estimated)"
            )
            resolved = f"; {self.resolve_nanoseconds / 1000:.1f} us for the filter"
        lines = [
            f"{self.plan}{', then another plan' if self.fell_back else ''}: "
            f"{matches}, {self.hits} hits",
            f"  predicted: {self.predicted}",
            f"  measured:  {self.measured}{resolved}",
        ]
        lines += [
            f"  not {each.plan}: {each.why_not} ({each.predicted})"
            for each in self.options
            if each.why_not
        ]
        return "\n".join(lines)


def _row(place: int, count: int, what: str) -> int:
    row = place + count if place < 0 else place
    if not 0 <= row < count:
        raise IndexError(f"index {place} is out of range for {count} {what}")
    return row


def _pairs(ids: NDArray[Any], distances: NDArray[np.float32]) -> str:
    shown = [
        f"{id!r}: {distance:.6g}"
        for id, distance in zip(ids[:10].tolist(), distances[:10].tolist(), strict=False)
    ]
    more = f", ... {len(ids) - 10} more" if len(ids) > 10 else ""
    return "{" + ", ".join(shown) + more + "}"
