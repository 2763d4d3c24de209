"""What all hash families share: items in, rows of packed bits out."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lanner import _core
from lanner._arguments import naming_file, to_int, to_path, to_threads
from lanner._arrays import to_elements, to_vectors
from lanner._core import InvalidArgumentError, WrongTypeError
from lanner.quantization import NotFittedError

MAX_DIM = 65536
MAX_BITS = 65536
UINT64_MAX = 2**64 - 1


def to_code_bits(bits: int) -> int:
    """Return a number of bits that codes can have."""
    bits = to_int(bits, "bits", 8, MAX_BITS)
    if bits % 8:
        raise InvalidArgumentError(f"bits must be a multiple of 8, got {bits}")
    return bits


def to_number(value: object, name: str, low: float, high: float = float("inf")) -> float:
    """Return a finite number from `low` to `high`."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(
        value, (int, float, np.integer, np.floating)
    ):
        raise WrongTypeError(f"{name} must be a number, got {type(value).__name__}")
    number = float(value)
    if not low <= number <= high or np.isinf(number):
        most = "" if np.isinf(high) else f" and at most {high:g}"
        raise InvalidArgumentError(f"{name} must be finite, at least {low:g}{most}, got {value}")
    return number


class HashFamily(ABC):
    """A function from items to codes of bits, which differ in few places where items are alike.

    Codes are rows of ``bits / 8`` bytes; bit i is bit ``i % 8`` of byte ``i // 8``, as
    ``np.unpackbits(codes, axis=-1, bitorder="little")`` shows them. The same parameters, data and
    seed give the same codes, bit for bit, on any number of threads, wherever the same instruction
    set is in use; a saved family gives them everywhere but for the last place of sums.
    """

    __slots__ = ("_bits", "_family")

    # Names of kinds in files, and the classes that show them.
    kinds: ClassVar[dict[str, type[HashFamily]]] = {}

    _bits: int
    _family: _core.HashFamily | None

    def __init_subclass__(cls, *, kind: str | None = None) -> None:
        super().__init_subclass__()
        if kind is not None:
            HashFamily.kinds[kind] = cls

    @abstractmethod
    def _rows(self, items: Any, name: str) -> tuple[Any, bool]:
        """Return what the core takes, and whether it is of one item alone."""

    @property
    def bits(self) -> int:
        """Bits of a code."""
        return self._bits

    @property
    def code_bytes(self) -> int:
        """Bytes of a code."""
        return self._bits // 8

    @property
    def fitted(self) -> bool:
        """Whether codes can be made: at once, or after `fit` where a family learns."""
        return self._family is not None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the family to a file, replacing one that is there in a single step."""
        self._ready().save(to_path(path))

    def _ready(self) -> _core.HashFamily:
        if self._family is None:
            raise NotFittedError(f"{self!r} has learnt nothing yet: call fit first")
        return self._family

    def _encode(self, items: Any, name: str, threads: int | None) -> NDArray[np.uint8]:
        core = self._ready()
        count = to_threads(threads)
        rows, single = self._rows(items, name)
        codes = core.encode(rows, count)
        return codes[0] if single else codes

    def _values(self, items: Any, name: str, threads: int | None) -> NDArray[np.float32]:
        core = self._ready()
        count = to_threads(threads)
        rows, single = self._rows(items, name)
        values = core.values(rows, count)
        return values[0] if single else values

    def _symbols(self, items: Any, name: str, threads: int | None) -> NDArray[np.uint32]:
        core = self._ready()
        count = to_threads(threads)
        rows, single = self._rows(items, name)
        symbols = core.symbols(rows, count)
        return symbols[0] if single else symbols


class VectorHash(HashFamily):
    """A family over vectors of `dim` features."""

    __slots__ = ()

    @property
    def dim(self) -> int:
        """Features of the vectors."""
        return int(self._ready().figures()["dim"])

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
        return self._encode(vectors, "vectors", threads)

    def _rows(self, items: Any, name: str) -> tuple[Any, bool]:
        array = to_elements(items, name, self.dim, "float32")
        return np.atleast_2d(array), array.ndim == 1


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
        return self._values(vectors, "vectors", threads)


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
        return self._symbols(vectors, "vectors", threads)


def to_packed(vectors: Any, name: str, dim: int) -> NDArray[np.uint8]:
    """Return packed bits."""
    return to_vectors(vectors, name, dim, "bits")


def load(path: str | os.PathLike[str]) -> Any:
    """Return the hash family that `HashFamily.save` wrote.

    Raises
    ------
    FileFormatError
        The file is not a sound file of a hash; the message names the section.
    StorageError
        The file cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from lanner import hashing
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "hash.lanner"
    ...     hashing.Hyperplanes(dim=16, bits=32).save(path)
    ...     hashing.load(path)
    Hyperplanes(dim=16, bits=32)
    """
    name = to_path(path)
    with naming_file(name):
        core = _core.load_hash(name)
    figures = core.figures()
    cls = HashFamily.kinds[figures["kind"]]
    made = cls.__new__(cls)
    made._family = core
    made._bits = int(figures["bits"])
    return made
