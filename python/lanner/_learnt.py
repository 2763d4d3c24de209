"""What quantizers and hashes share: something of the core that was learnt, or needs no learning."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from lanner._arguments import to_int, to_path, to_threads
from lanner._arrays import to_array, to_elements
from lanner._core import Error, InvalidArgumentError
from lanner.progress import Progress, reporting

UINT64_MAX = 2**64 - 1


class _Saved(Protocol):
    def save(self, path: str) -> None: ...
    def figures(self) -> dict[str, Any]: ...


_Core = TypeVar("_Core", bound=_Saved)
_Report = Callable[[int, int], object] | None


class NotFittedError(Error, ValueError):
    """A quantizer or hash that was asked to work before `fit`."""


class Learner(ABC, Generic[_Core]):
    """Something that turns rows of items into rows of codes once it is fitted."""

    __slots__ = ("_learnt",)

    _learnt: _Core | None

    @abstractmethod
    def _rows(self, items: Any, name: str) -> tuple[Any, bool]:
        """Return what the core takes, and whether it is of one item alone."""

    @property
    def fitted(self) -> bool:
        """Whether codes can be made: at once, or after `fit` where there is something to learn."""
        return self._learnt is not None

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write what was learnt to a file, replacing one that is there in a single step."""
        self._ready().save(to_path(path))

    def _ready(self) -> _Core:
        if self._learnt is None:
            raise NotFittedError(f"{self!r} has learnt nothing yet: call fit first")
        return self._learnt

    def _figure(self, name: str) -> int:
        return int(self._ready().figures()[name])

    def _made(self, method: str, items: Any, name: str, threads: int | None) -> NDArray[Any]:
        """Return what a method of the core makes of items: a row an item, or that of one alone."""
        core = self._ready()
        count = to_threads(threads)
        rows, single = self._rows(items, name)
        made: NDArray[Any] = getattr(core, method)(rows, count)
        return made[0] if single else made

    @staticmethod
    def _fit(
        vectors: Any,
        seed: int,
        threads: int | None,
        progress: Progress,
        learn: Callable[[NDArray[np.float32], int, int, _Report], _Core],
    ) -> tuple[_Core, int]:
        """Return what ``learn(vectors, seed, threads, report)`` does, and how many vectors."""
        seed = to_int(seed, "seed", 0, UINT64_MAX)
        count = to_threads(threads)
        array = to_matrix(vectors, "vectors")
        with reporting(progress, "fitting") as report:
            return learn(array, seed, count, report), len(array)


def to_matrix(value: Any, name: str) -> NDArray[np.float32]:
    """Return vectors of as many features as they have."""
    shaped = to_array(value, name)
    if shaped.ndim != 2 or shaped.shape[1] == 0:
        raise InvalidArgumentError(
            f"{name} must have two axes and at least one feature, got shape {shaped.shape}"
        )
    array: NDArray[np.float32] = to_elements(value, name, shaped.shape[1], "float32")
    return array


def to_rows(value: Any, name: str, dim: int) -> tuple[NDArray[np.float32], bool]:
    """Return vectors of `dim` features as a matrix, and whether it was one alone."""
    array = to_elements(value, name, dim, "float32")
    return np.atleast_2d(array), array.ndim == 1
