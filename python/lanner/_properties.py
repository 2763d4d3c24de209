"""What an index is: everything that was chosen when it was made, and how it was opened."""

from __future__ import annotations

import numpy as np

from lanner._core import Index as CoreIndex
from lanner.schema import Schema


class IndexProperties:
    """The properties of an `Index` that searches and changes leave alone."""

    __slots__ = ("__weakref__", "_core", "_has_graph", "_query_dtype", "_query_shape", "_valueless")

    def _bind(self, core: CoreIndex) -> None:
        self._core = core
        # Columns that tables had, and nothing but nulls in them.
        self._valueless: set[str] = set()
        # What a single query must be to go to the core as it is; None where the core's type is not
        # the user's.
        dtype, dim = core.dtype, core.dim
        whole = dtype in ("float32", "int8", "uint8") or (dtype == "bits" and dim % 8 == 0)
        self._query_dtype = np.dtype("uint8" if dtype == "bits" else dtype) if whole else None
        self._query_shape = (dim // 8 if dtype == "bits" else dim,)
        self._has_graph = core.graph

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
        """The codec's name, such as ``"SQ4"`` or ``"PQ48x8"``; None without one."""
        return self._core.codec

    @property
    def codec_recall(self) -> float | None:
        """The recall@10 of codes alone, where `memory_budget` chose them; None until it is known.

        Measured when the codec is fitted, among 8,192 rows at most of those that it is fitted to:
        of more rows, codes find less.
        """
        return self._core.codec_recall

    @property
    def bytes_a_vector(self) -> int:
        """What vectors and codes take once codes are fitted; links, ids and attributes apart."""
        return self._core.bytes_a_vector

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

    @property
    def schema(self) -> Schema:
        """The columns of attributes: those given, or those of the tables that came."""
        return Schema(dict(self._core.schema))
