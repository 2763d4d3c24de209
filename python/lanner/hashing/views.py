"""Several views of one item, each with a hash of its own, searched together."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanner import _core
from lanner._arguments import Names, to_choice, to_int, to_path, to_threads
from lanner._arrays import to_array
from lanner._core import InvalidArgumentError, WrongTypeError
from lanner.hashing.codes import Codes
from lanner.hashing.family import HashFamily
from lanner.hashing.learned import to_classes
from lanner.results import Hits

_FUSIONS = ("weighted", "concat", "vote")
_MOST_VIEWS = 1000


class MultiView:
    """Codes of several views of an item, such as its text and its image, fused in Hamming space.

    ``concat`` puts the codes one behind another. ``weighted`` does too, and searches by ``sum_v w_v
    hamming_v / bits_v``, so that a view counts by its weight and not by its length. ``vote`` takes
    each bit from the weighted majority of the views, the view of greatest weight where they are
    even: for views whose bits mean the same, as those of one hash over aligned embeddings do.

    Parameters
    ----------
    views : sequence of HashFamily
        One a view, fitted where they learn. For ``vote`` all of as many bits.
    fusion : {"weighted", "concat", "vote"}
    weights : array_like of float, shape (views,), optional
        Not below 0 and not all 0; equal where not given, until `fit` learns them.

    Examples
    --------
    >>> import numpy as np
    >>> from lanner.hashing import Codes, Hyperplanes, MultiView
    >>> rng = np.random.default_rng(0)
    >>> text, image = rng.standard_normal((2, 500, 32)).astype(np.float32)
    >>> both = MultiView([Hyperplanes(32, 64), Hyperplanes(32, 128)], weights=[0.7, 0.3])
    >>> codes = Codes(both.encode([text, image]))
    >>> both.search(codes, [text[:3], image[:3]], k=1).ids[:, 0].tolist()
    [0, 1, 2]
    """

    __slots__ = ("_fusion", "_views", "_weights")

    _weights: NDArray[np.float64]

    def __init__(
        self, views: Sequence[HashFamily], *, fusion: str = "weighted", weights: Any = None
    ) -> None:
        self._views = tuple(views)
        if not self._views:
            raise InvalidArgumentError("views must be at least one hash, got none")
        if len(self._views) > _MOST_VIEWS:
            raise InvalidArgumentError(
                f"views must be at most {_MOST_VIEWS}, got {len(self._views)}"
            )
        for each in self._views:
            if not isinstance(each, HashFamily):
                raise WrongTypeError(f"views must be hashes, got {type(each).__name__}")
        self._fusion = to_choice(fusion, "fusion", _FUSIONS)
        if fusion == "vote" and len({each.bits for each in self._views}) > 1:
            raise InvalidArgumentError(
                f"views must have as many bits as one another to vote, got "
                f"{', '.join(str(each.bits) for each in self._views)}"
            )
        self._weights = self._to_weights(np.ones(len(self._views)) if weights is None else weights)

    def encode(self, items: Sequence[Any], *, threads: int | None = None) -> NDArray[np.uint8]:
        """Return the fused codes of items.

        Parameters
        ----------
        items : sequence, one a view
            What each view's `encode` takes, of as many items each.
        threads : int, optional

        Returns
        -------
        array of uint8, shape (n, bits / 8)
        """
        codes = self._codes(items, "items", threads)
        return self._fused().fuse(codes, to_threads(threads))

    def _fused(self) -> _core.MultiView:
        families = [each._ready() for each in self._views]
        return _core.MultiView(families, self._fusion, self._weights.tolist())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write hashes and weights to a file, replacing one that is there in a single step.

        `lanner.hashing.load` reads it.
        """
        self._fused().save(to_path(path))

    def search(
        self,
        codes: Codes,
        items: Sequence[Any],
        k: int = 10,
        *,
        filter: Any = None,
        attributes: Names = None,
        threads: int | None = None,
    ) -> Hits:
        """Return the k nearest of `codes`, made of what `encode` returned, to each item.

        Parameters
        ----------
        codes : Codes
        items : sequence, one a view
        k : int
        filter, attributes
            As those of `Codes.search`.
        threads : int, optional

        Returns
        -------
        Hits
            Distances are those of the fusion: of ``weighted`` between 0 and 1.
        """
        if not isinstance(codes, Codes):
            raise WrongTypeError(f"codes must be Codes, got {type(codes).__name__}")
        if codes.bits != self.bits:
            raise InvalidArgumentError(f"codes must have {self.bits} bits, got {codes.bits}")
        asked = self.encode(items, threads=threads)
        weights = self.bit_weights if self._fusion == "weighted" else None
        return codes.search(
            asked, k, weights=weights, filter=filter, attributes=attributes, threads=threads
        )

    def fit(
        self,
        items: Sequence[Any],
        labels: Any,
        queries: Sequence[Any],
        query_labels: Any,
        *,
        k: int = 100,
        threads: int | None = None,
    ) -> MultiView:
        """Learn the weights of the views from held-out queries, and return the fusion itself.

        The weight of a view is proportional to the product of its mean average precision, over all
        items ranked by its codes, those of the query's label relevant, and of its stability: the
        share of the k nearest by its even bits that are also among the k nearest by its odd bits
        (split halves: Spearman 1910). A view that ranks well by chance of few bits has unstable
        neighbours, one that is stable and says nothing of the label a low precision; either is to
        count for little.

        Parameters
        ----------
        items : sequence, one a view
        labels : array_like, shape (n,)
        queries : sequence, one a view
            Not among the items.
        query_labels : array_like, shape (q,)
        k : int
            Neighbours that stability is measured by.
        threads : int, optional
        """
        k = to_int(k, "k", 1)
        count = to_threads(threads)
        base, asked = self._codes(items, "items", threads), self._codes(queries, "queries", threads)
        if not len(asked[0]) or not len(base[0]):
            raise InvalidArgumentError("items and queries must not be empty to learn weights from")
        rows = len(base[0])
        given = []
        for name, value, wanted in (
            ("labels", labels, rows),
            ("query_labels", query_labels, len(asked[0])),
        ):
            array = np.asarray(value)
            if array.shape != (wanted,):
                raise InvalidArgumentError(
                    f"{name} must be one an item, {wanted}, got shape {array.shape}"
                )
            given.append(array)
        numbers, _ = to_classes(np.concatenate(given), rows + len(given[1]))
        figures = [
            _core.view_figures(each, numbers[:rows], some, numbers[rows:], k, count)
            for each, some in zip(base, asked, strict=True)
        ]
        found = [precision * stability for precision, stability in figures]
        if not any(found):
            raise InvalidArgumentError("labels must be shared by some query and item, got none")
        self._weights = self._to_weights(found)
        return self

    @property
    def views(self) -> tuple[HashFamily, ...]:
        """The hashes."""
        return self._views

    @property
    def fusion(self) -> str:
        """How they are fused."""
        return self._fusion

    @property
    def weights(self) -> NDArray[np.float64]:
        """The weights of the views, which add up to 1."""
        copied: NDArray[np.float64] = self._weights.copy()
        return copied

    @property
    def bits(self) -> int:
        """Bits of a fused code."""
        bits = [each.bits for each in self._views]
        return bits[0] if self._fusion == "vote" else sum(bits)

    @property
    def bit_weights(self) -> NDArray[np.float32]:
        """What each bit of a concatenated code counts: the weight of its view by its bits."""
        return np.concatenate(
            [
                np.full(each.bits, weight / each.bits, np.float32)
                for each, weight in zip(self._views, self._weights, strict=True)
            ]
        )

    def _to_weights(self, weights: Any) -> NDArray[np.float64]:
        array = to_array(weights, "weights")
        if array.dtype.kind not in "iuf" or array.shape != (len(self._views),):
            raise InvalidArgumentError(
                f"weights must be one number a view, {len(self._views)}, got shape {array.shape}"
            )
        array = array.astype(np.float64)
        if not np.isfinite(array).all() or (array < 0).any() or not array.sum() > 0:
            raise InvalidArgumentError(
                f"weights must be finite, not below 0 and not all 0, got {array.tolist()}"
            )
        scaled: NDArray[np.float64] = array / array.sum()
        return scaled

    def _codes(
        self, items: Sequence[Any], name: str, threads: int | None
    ) -> list[NDArray[np.uint8]]:
        if isinstance(items, (str, bytes, dict)) or len(items) != len(self._views):
            raise InvalidArgumentError(f"{name} must be {len(self._views)} in number, one a view")
        encoded = [
            each.encode(view, threads=threads)  # type: ignore[attr-defined]
            for each, view in zip(self._views, items, strict=True)
        ]
        codes = [np.atleast_2d(each) for each in encoded]
        if len({len(each) for each in codes}) > 1:
            raise InvalidArgumentError(
                f"{name} must be as many in every view, got "
                f"{', '.join(str(len(each)) for each in codes)}"
            )
        return codes

    def __repr__(self) -> str:
        weights = ", ".join(f"{each:.3g}" for each in self._weights)
        return f"MultiView({list(self._views)}, fusion={self._fusion!r}, weights=[{weights}])"
