"""Opening and verifying saved indexes."""

from __future__ import annotations

import os
from typing import Any

from lanner import _core
from lanner._arguments import naming_file, to_path
from lanner.index import Index


def open(path: str | os.PathLike[str], *, writable: bool = False, verify: bool = False) -> Index:
    """Open a saved index, mapped into memory and ready at once.

    Parameters
    ----------
    path : str or path
    writable : bool
        Allow changes. They are made in memory; `Index.save` writes them.
    verify : bool
        Read the whole file first and check every checksum.

    Raises
    ------
    FileFormatError
        The file is not a sound index; the message names the section.
    StorageError
        The file cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import lanner
    >>> index = lanner.Index(dim=2, metric="l2")
    >>> ids = index.add([[0, 1], [2, 3]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "points.lanner"
    ...     index.save(path)
    ...     again = lanner.open(path)
    >>> len(again), again.read_only
    (2, True)
    """
    return Index.open(path, writable=writable, verify=verify)


def verify(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a whole file, check every checksum and invariant, and return what is in it.

    Raises
    ------
    FileFormatError
        Naming the first section that is not sound.
    StorageError
        The file cannot be read.
    """
    name = to_path(path)
    with naming_file(name):
        return _core.verify_file(name)
