"""Opening and verifying saved indexes."""

from __future__ import annotations

import os
from typing import Any

from lanner import _core
from lanner._arguments import naming_file, to_path
from lanner.index import Index
from lanner.progress import Progress


def open(
    path: str | os.PathLike[str],
    *,
    writable: bool = False,
    verify: bool = False,
    preload: bool = False,
    durable: bool = False,
    sync: str | None = None,
    journal_bytes: int | None = None,
    progress: Progress = None,
) -> Index:
    """Open a saved index, mapped into memory and ready at once.

    Parameters
    ----------
    path : str or path
    writable : bool
        Allow changes. They are made in memory; `Index.save` writes them.
    verify : bool
        Read the whole file first and check every checksum and invariant.
    preload : bool
        Read the whole file into memory first, so that no search waits for the disk. Without it,
        parts are read when a search first meets them.
    durable : bool
        Allow changes, and let each outlive the process: it is written to a journal beside the file,
        ``<path>.journal``, before its call returns, and made again when the file is next opened
        so. One process at a time can open a file so (``<path>.lock`` says which); others can open
        it without meanwhile, and see it as it was last written.
    sync : {"always", "batch"}
        Of a durable index. ``always``, the default: a change is on the disk when its call returns.
        ``batch``: within 50 ms, many changes with one write of the disk. A change then outlives the
        end of its process at once, and a failure of power after that time.
    journal_bytes : int, optional
        Of a durable index: the file is written anew in the background, and the journal begun anew,
        once the journal is longer. Default: 64 MiB, or as long as the file if that is longer.
    progress : bool or callable, optional
        Of the replay of the journal, in bytes; as for `Index.add`.

    Raises
    ------
    FileFormatError
        The file is not a sound index; the message names the section. Or its journal is damaged
        before its end, or belongs to another state of the file.
    StorageError
        The file cannot be read, or is open with `durable` already; the message names the process.

    Warns
    -----
    RuntimeWarning
        The journal ended in the middle of a change, whose call had not returned; that is cut off.

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
    return Index.open(
        path,
        writable=writable,
        verify=verify,
        preload=preload,
        durable=durable,
        sync=sync,
        journal_bytes=journal_bytes,
        progress=progress,
    )


def verify(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a whole file, check every checksum and invariant, and return what is in it.

    Any file that lanner saves can be verified: an index, what `lanner.hashing` saves, and the
    quantizers of `lanner.quantization`.

    Returns
    -------
    dict
        ``kind``: ``"index"``, ``"hash"``, ``"codes"``, ``"tables of hashes"``, ``"views"`` or
        ``"quantizer"``; the ``version`` of the format; ``bytes``; ``sections``, each a dict with
        ``name``, ``offset``, ``length`` and ``crc32``. Of an index, codes and tables, the ``size``:
        how many items. Of an index, also ``dim``, ``metric``, ``dtype``, ``graph``, ``M``,
        ``ef_construction``, ``codec``, ``keep``, ``seed`` and ``id_kind``.

    Raises
    ------
    FileFormatError
        Naming the first section that is not sound; or the file is none of lanner's.
    StorageError
        The file cannot be read.
    """
    name = to_path(path)
    with naming_file(name):
        return _core.verify_file(name)
