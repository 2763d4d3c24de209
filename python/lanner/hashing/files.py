"""What hashing saved, read again."""

from __future__ import annotations

import os
from typing import Any

from lanner import _core
from lanner._arguments import naming_file, to_path, to_threads
from lanner.hashing.codes import Codes
from lanner.hashing.family import HashFamily
from lanner.hashing.tables import LSHIndex
from lanner.hashing.views import MultiView


def load(path: str | os.PathLike[str], *, threads: int | None = None) -> Any:
    """Return the hash, `Codes`, `LSHIndex` or `MultiView` that its `save` wrote.

    Parameters
    ----------
    path : str or path
    threads : int, optional
        For making the tables of `Codes` anew.

    Raises
    ------
    FileFormatError
        The file is not a sound file of one of these; the message names the section.
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
        core = _core.load_hashed(name, to_threads(threads))
    if isinstance(core, _core.HashFamily):
        return _family(core)
    if len(core) == 3:
        views, fusion, weights = core
        return MultiView([_family(each) for each in views], fusion=fusion, weights=weights)
    rows, attributes = core
    return (Codes if isinstance(rows, _core.HammingCodes) else LSHIndex)._opened(rows, attributes)


def _family(core: _core.HashFamily) -> HashFamily:
    figures = core.figures()
    cls = HashFamily.kinds[figures["kind"]]
    made = cls.__new__(cls)
    made._learnt = core
    made._bits = int(figures["bits"])
    return made
