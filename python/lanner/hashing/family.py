"""What all hash families share: items in, rows of packed bits out."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lanner import _core
from lanner._arguments import to_int
from lanner._arrays import to_array, to_vectors
from lanner._core import InvalidArgumentError, WrongTypeError
from lanner._learnt import UINT64_MAX, Learner, to_rows

MAX_DIM = 65536
MAX_BITS = 65536


def to_code_bits(bits: int) -> int:
    """Return a number of bits that codes can have."""
    bits = to_int(bits, "bits", 8, MAX_BITS)
    if bits % 8:
        raise InvalidArgumentError(f"bits must be a multiple of 8, got {bits}")
    return bits


class HashFamily(Learner[_core.HashFamily]):
    """A function from items to codes of bits, which differ in few places where items are alike.

    Codes are rows of ``bits / 8`` bytes; bit i is bit ``i % 8`` of byte ``i // 8``, as
    ``np.unpackbits(codes, axis=-1, bitorder="little")`` shows them. The same parameters, data and
    seed give the same codes, bit for bit, on any number of threads, wherever the same instruction
    set is in use; a saved family gives them everywhere but for the last place of sums.
    """

    __slots__ = ("_bits",)

    # Names of kinds in files, and the classes that show them.
    kinds: ClassVar[dict[str, type[HashFamily]]] = {}

    _bits: int

    def __init_subclass__(cls, *, kind: str | None = None) -> None:
        super().__init_subclass__()
        if kind is not None:
            HashFamily.kinds[kind] = cls

    def _make(self, kind: str, bits: int, seed: int, *, dim: int = 0, width: float = 0.0) -> None:
        """Become a family that learns nothing."""
        self._bits = to_code_bits(bits)
        seed = to_int(seed, "seed", 0, UINT64_MAX)
        self._learnt = _core.make_hash(kind, dim, self._bits, width, seed)

    @property
    def bits(self) -> int:
        """Bits of a code."""
        return self._bits

    @property
    def code_bytes(self) -> int:
        """Bytes of a code."""
        return self._bits // 8


class VectorHash(HashFamily):
    """A family over vectors of `dim` features."""

    __slots__ = ()

    @property
    def dim(self) -> int:
        """Features of the vectors."""
        return self._figure("dim")

    def encode(self, vectors: Any, *, threads: int | None = None) -> NDArray[np.uint8]:
        """Return the codes of vectors.

        Parameters
        ----------
        vectors : array_like of float, shape (n, dim) or (dim,)
        threads : int, optional
            Changes speed, never codes.

        Returns
        -------
        array of uint8, shape (n, bits / 8) or (bits / 8,)

        Raises
        ------
        InvalidArgumentError
            Another dimension, NaN or infinity (the row is named).
        """
        return self._made("encode", vectors, "vectors", threads)

    def _rows(self, items: Any, name: str) -> tuple[Any, bool]:
        return to_rows(items, name, self.dim)


class ValueHash(VectorHash):
    """A family over vectors whose bits are the signs of real numbers."""

    __slots__ = ()

    def values(self, vectors: Any, *, threads: int | None = None) -> NDArray[np.float32]:
        """Return the numbers of which `encode` keeps the signs: bits are 1 where they are above 0.

        A query's values say how sure each of its bits is: see `Codes.search`.

        Parameters
        ----------
        vectors : array_like of float, shape (n, dim) or (dim,)
        threads : int, optional

        Returns
        -------
        array of float32, shape (n, bits) or (bits,)
        """
        return self._made("values", vectors, "vectors", threads)


class SymbolHash(VectorHash):
    """A family over vectors that has a number for each bit, which alike vectors share.

    Bit i of a code is a random function of number i, so that bits of vectors whose numbers are
    equal with probability p are equal with probability ``(1 + p) / 2``.
    """

    __slots__ = ()

    def symbols(self, vectors: Any, *, threads: int | None = None) -> NDArray[np.uint32]:
        """Return the numbers themselves.

        Parameters
        ----------
        vectors : array_like of float, shape (n, dim) or (dim,)
        threads : int, optional

        Returns
        -------
        array of uint32, shape (n, bits) or (bits,)
        """
        return self._made("symbols", vectors, "vectors", threads)


def to_packed(vectors: Any, name: str, dim: int) -> NDArray[np.uint8]:
    """Return packed bits."""
    return to_vectors(vectors, name, dim, "bits")


def to_whole(value: Any, name: str) -> NDArray[np.int64]:
    """Return integers that fit int64, of any shape; what is empty has any type."""
    array = to_array(value, name)
    if array.size == 0:
        array = array.astype(np.int64)
    if array.dtype.kind not in "iu":
        raise WrongTypeError(f"{name} must be integers, got {array.dtype.name}")
    if array.dtype == np.uint64 and array.size and int(array.max()) >= 2**63:
        raise InvalidArgumentError(f"{name} must fit int64, got {array.max()}")
    return np.ascontiguousarray(array, dtype=np.int64)


def to_whole_list(value: Any, name: str) -> NDArray[np.int64]:
    """Return integers along one axis."""
    array = to_whole(value, name)
    if array.ndim != 1:
        raise InvalidArgumentError(f"{name} must have one axis, got shape {array.shape}")
    return array
