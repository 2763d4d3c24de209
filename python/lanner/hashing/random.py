"""Families that learn nothing: their codes depend on a seed alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanner._arguments import to_int, to_number
from lanner._core import InvalidArgumentError
from lanner.hashing.family import (
    MAX_DIM,
    HashFamily,
    SymbolHash,
    ValueHash,
    to_packed,
)

# Bit vectors may be longer than others.
_MAX_BIT_DIM = 1048576


class Hyperplanes(ValueHash, kind="hyperplanes"):
    """Sides of random hyperplanes through zero: for cosine.

    Bits of two vectors differ with probability ``angle / pi`` (Charikar: Similarity Estimation
    Techniques from Rounding Algorithms, STOC 2002). Vectors far from zero all lie on one side:
    subtract their mean first.

    Parameters
    ----------
    dim : int
        Features of the vectors.
    bits : int
        A multiple of 8 from 8 to 65,536.
    seed : int

    Examples
    --------
    >>> import numpy as np
    >>> from lanner.hashing import Hyperplanes
    >>> vectors = np.random.default_rng(0).standard_normal((100, 32)).astype(np.float32)
    >>> Hyperplanes(dim=32, bits=64).encode(vectors).shape
    (100, 8)
    """

    __slots__ = ()

    def __init__(self, dim: int, bits: int, *, seed: int = 0) -> None:
        dim = to_int(dim, "dim", 1, MAX_DIM)
        self._make("hyperplanes", bits, seed, dim=dim)

    def __repr__(self) -> str:
        return f"Hyperplanes(dim={self.dim}, bits={self.bits})"


class CrossPolytope(SymbolHash, kind="cross_polytope"):
    """Nearest corners of randomly turned cross-polytopes: for cosine.

    Number i is twice the place of the greatest coordinate in magnitude after rotation i, plus 1
    where it is negative. They collide far more often for small angles than for large ones: the best
    hash known for the angle (Andoni et al.: Practical and Optimal LSH for Angular Distance,
    NeurIPS 2015). Rotations cost ``dim log dim``.

    Parameters
    ----------
    dim : int
        Features of the vectors.
    bits : int
        A multiple of 8 from 8 to 65,536; ``bits * dim`` is at most 134,217,728.
    seed : int
    """

    __slots__ = ()

    def __init__(self, dim: int, bits: int, *, seed: int = 0) -> None:
        dim = to_int(dim, "dim", 1, MAX_DIM)
        self._make("cross_polytope", bits, seed, dim=dim)

    def __repr__(self) -> str:
        return f"CrossPolytope(dim={self.dim}, bits={self.bits})"


class E2LSH(SymbolHash, kind="e2lsh"):
    """Cells of random width-`width` grids along random directions: for L2.

    Number i is ``floor((<a_i, x> + b_i) / width)``, as a uint32 that ``.view(np.int32)`` gives its
    sign. With u the distance of two vectors divided by the width, it is the same with probability
    ``2 Phi(1 / u) - 1 - 2 u / sqrt(2 pi) (1 - exp(-1 / (2 u^2)))`` (Datar, Immorlica, Indyk,
    Mirrokni: Locality-Sensitive Hashing Scheme Based on p-Stable Distributions, SoCG 2004).

    Parameters
    ----------
    dim : int
        Features of the vectors.
    bits : int
        A multiple of 8 from 8 to 65,536.
    width : float
        Width of a cell, in the unit of the vectors: several times the distances that count as near.
    seed : int
    """

    __slots__ = ()

    def __init__(self, dim: int, bits: int, *, width: float, seed: int = 0) -> None:
        dim = to_int(dim, "dim", 1, MAX_DIM)
        number = to_number(width, "width", 0)
        if number == 0:
            raise InvalidArgumentError(f"width must be above 0, got {width}")
        self._make("e2lsh", bits, seed, dim=dim, width=number)

    @property
    def width(self) -> float:
        """Width of a cell."""
        return float(self._ready().figures()["width"])

    def positions(self, vectors: Any, *, threads: int | None = None) -> NDArray[np.float32]:
        """Return ``(<a_i, x> + b_i) / width``, of which `symbols` are the floors.

        What lies behind the point tells how near the next cell is: which one to probe next.

        Parameters
        ----------
        vectors : array_like of float, shape (n, dim) or (dim,)
        threads : int, optional

        Returns
        -------
        array of float32, shape (n, bits) or (bits,)
        """
        return self._made("positions", vectors, "vectors", threads)

    def __repr__(self) -> str:
        return f"E2LSH(dim={self.dim}, bits={self.bits}, width={self.width:g})"


class BitSampling(HashFamily, kind="bit_sampling"):
    """Bits at random places of bit vectors, with repetition: for Hamming distance.

    Bits of two vectors differ with probability ``hamming / dim`` (Indyk and Motwani, STOC 1998).

    Parameters
    ----------
    dim : int
        Bits of the vectors, at most 1,048,576.
    bits : int
        A multiple of 8 from 8 to 65,536.
    seed : int
    """

    __slots__ = ()

    def __init__(self, dim: int, bits: int, *, seed: int = 0) -> None:
        dim = to_int(dim, "dim", 1, _MAX_BIT_DIM)
        self._make("bit_sampling", bits, seed, dim=dim)

    @property
    def dim(self) -> int:
        """Bits of the vectors."""
        return self._figure("dim")

    def encode(self, vectors: Any, *, threads: int | None = None) -> NDArray[np.uint8]:
        """Return the codes of bit vectors.

        Parameters
        ----------
        vectors : array_like of bool, shape (n, dim) or (dim,), or of uint8, packed
            Packed bits begin with the lowest of a byte: ``np.packbits(..., bitorder="little")``.
        threads : int, optional
            Changes speed, never codes.

        Returns
        -------
        array of uint8, shape (n, bits / 8) or (bits / 8,)
        """
        return self._made("encode", vectors, "vectors", threads)

    def _rows(self, items: Any, name: str) -> tuple[Any, bool]:
        array = to_packed(items, name, self.dim)
        return np.atleast_2d(array), array.ndim == 1

    def __repr__(self) -> str:
        return f"BitSampling(dim={self.dim}, bits={self.bits})"
