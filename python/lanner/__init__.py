"""lanner: an embedded vector index with a C++ core.

>>> import numpy as np
>>> import lanner
>>> index = lanner.Index(dim=4, metric="l2")
>>> ids = index.add(np.eye(4, dtype=np.float32))
>>> index.search([1.0, 0.0, 0.0, 0.0], k=2).ids
array([0, 1])
"""

from importlib import import_module as _import_module
from types import ModuleType as _ModuleType

from lanner._core import (
    Error,
    FileFormatError,
    InvalidArgumentError,
    NotFoundError,
    ReadOnlyError,
    StorageError,
    WrongTypeError,
    __version__,
)
from lanner._expressions import Filter, col
from lanner.files import open, verify
from lanner.index import Index
from lanner.kernels import Isa, distances, isa, set_threads
from lanner.results import Hits, RadiusHits
from lanner.schema import NewColumnWarning, Schema

_LAZY = ("hashing", "quantization")


def __getattr__(name: str) -> _ModuleType:
    if name in _LAZY:
        return _import_module(f"lanner.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "Error",
    "FileFormatError",
    "Filter",
    "Hits",
    "Index",
    "InvalidArgumentError",
    "Isa",
    "NewColumnWarning",
    "NotFoundError",
    "RadiusHits",
    "ReadOnlyError",
    "Schema",
    "StorageError",
    "WrongTypeError",
    "__version__",
    "col",
    "distances",
    "isa",
    "open",
    "set_threads",
    "verify",
]
