"""What an index says of itself: parameters and figures."""

from __future__ import annotations

from lanner import _core
from lanner._arguments import to_flag


class Properties:
    """Parameters of an index, which do not change, and figures about it."""

    __slots__ = ()

    _core: _core.Index

    @property
    def dim(self) -> int:
        """Features of a vector, or bits."""
        return self._core.dim

    @property
    def metric(self) -> str:
        """The name of the metric."""
        return self._core.metric

    @property
    def dtype(self) -> str:
        """The name of the element type."""
        return self._core.dtype

    @property
    def graph(self) -> str | None:
        """``"hnsw"``, or None for an exact index."""
        return "hnsw" if self._core.graph else None

    @property
    def M(self) -> int | None:  # noqa: N802
        """Links of an item on each upper layer; None without a graph."""
        return self._core.M if self._core.graph else None

    @property
    def ef_construction(self) -> int | None:
        """Candidates looked at to link an item; None without a graph."""
        return self._core.ef_construction if self._core.graph else None

    @property
    def codec(self) -> str | None:
        """``"SQ8"``, ``"SQ4"``, or None."""
        return self._core.codec

    @property
    def keep(self) -> str | None:
        """The dtype of the vectors kept; None where there are only codes."""
        return self._core.keep

    @property
    def seed(self) -> int:
        """The seed of the graph's levels and of the codec's rotation."""
        return self._core.seed

    @property
    def id_kind(self) -> str | None:
        """``"int"`` or ``"str"``; None while nothing was ever added."""
        return self._core.id_kind

    @property
    def read_only(self) -> bool:
        """Whether the index was opened without ``writable=True``."""
        return self._core.read_only

    def validate(self) -> dict[str, int]:
        """Check every invariant of the index and return figures about it (nodes, reachable, ...).

        Raises
        ------
        Error
            Naming the first invariant that does not hold.
        """
        return self._core.validate()

    def memory(self) -> dict[str, int]:
        """Return the bytes held, by part and in ``total``."""
        return self._core.memory()

    def search_stats(self, *, reset: bool = False) -> dict[str, int]:
        """Return the work of searches so far: distances, hops, queries; `reset` starts anew."""
        return self._core.search_stats(to_flag(reset, "reset"))
