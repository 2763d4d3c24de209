"""How an index reaches a file and comes back, and how it is made anew."""

from __future__ import annotations

import os
import warnings
from typing import Any, TypeVar

from lanner import _core
from lanner._arguments import naming_file, to_flag, to_int, to_path, to_threads
from lanner._core import InvalidArgumentError, WrongTypeError
from lanner._inspection import IndexInspection
from lanner.progress import Progress, reporting

_Stored = TypeVar("_Stored", bound="IndexStoring")


class IndexStoring(IndexInspection):
    """The methods of an `Index` that write, read and remake it as a whole."""

    __slots__ = ()

    @classmethod
    def open(
        cls: type[_Stored],
        path: str | os.PathLike[str],
        *,
        writable: bool = False,
        verify: bool = False,
        preload: bool = False,
        durable: bool = False,
        sync: str | None = None,
        journal_bytes: int | None = None,
        progress: Progress = None,
    ) -> _Stored:
        """Open a saved index, mapped into memory; see `lanner.open`."""
        index = cls.__new__(cls)
        name = to_path(path)
        flags = (
            to_flag(writable, "writable"),
            to_flag(verify, "verify"),
            to_flag(preload, "preload"),
            to_flag(durable, "durable"),
        )
        if not durable:
            for argument, value in (("sync", sync), ("journal_bytes", journal_bytes)):
                if value is not None:
                    raise InvalidArgumentError(f"{argument} goes with durable=True")
        if sync is not None and sync not in ("always", "batch"):
            raise InvalidArgumentError(f"sync must be 'always' or 'batch', got {sync!r}")
        most = 0 if journal_bytes is None else to_int(journal_bytes, "journal_bytes", 1, 2**63)
        with naming_file(name), reporting(progress, "replaying") as report:
            index._bind(_core.Index.open(name, *flags, sync or "always", most, report))
        journal = index.journal
        if journal is not None and journal["cut_bytes"]:
            warnings.warn(
                f"{journal['path']} ended in {journal['cut_bytes']} bytes of a change that had not "
                "returned when its process ended; they are cut off",
                RuntimeWarning,
                stacklevel=3,
            )
        return index

    @property
    def journal(self) -> dict[str, Any] | None:
        """What is known of the journal of an index opened with ``durable=True``; else None.

        ``path``; ``bytes``; ``changes`` that are in no file yet; changes ``replayed``, and
        ``cut_bytes`` of a torn one, when the index was opened; ``checkpoints`` since then; and the
        ``failure`` of the latest try to sync or to write the file anew in the background, or None.
        After such a failure changes go on, or say themselves why they cannot.
        """
        return self._core.journal()

    def close(self) -> None:
        """End changes. Those of a durable index are on the disk then, and another may open it.

        They may be in the journal alone: ``open`` with ``durable=True`` sees them, and without it
        only once a `save` to the index's own path, before closing, has put them into the file.
        Searches go on. An index that is closed twice stays closed. ``with`` closes at its end.
        Where the journal cannot be synced, the file is written anew instead.

        Raises
        ------
        StorageError
            Nor can the file be written. It is let go of all the same, and the index can be saved
            to another path. Closing it again raises again.
        """
        self._core.close()

    def __enter__(self: _Stored) -> _Stored:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @classmethod
    def from_bytes(cls: type[_Stored], data: bytes) -> _Stored:
        """Return the index that `to_bytes` wrote; it is checked like a file."""
        if not isinstance(data, bytes):
            raise WrongTypeError(f"data must be bytes, got {type(data).__name__}")
        index = cls.__new__(cls)
        index._bind(_core.Index.from_bytes(data))
        return index

    def to_bytes(self) -> bytes:
        """Return the index as the bytes of the file that `save` would write."""
        return self._core.to_bytes()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the index to a file, replacing one that is there in a single step.

        A crash on the way leaves the old file or the new one, whole. Saving a durable index to its
        own path begins its journal anew.

        Raises
        ------
        StorageError
            The system says why; or `path` names a directory; or another has the file open with
            ``durable=True``; or its journal has changes that it lacks, which would be lost. The
            file is as it was.
        """
        self._core.save(to_path(path))

    def compact(self, *, threads: int | None = None, progress: Progress = None) -> None:
        """Build the index anew of the items it has, and give back what removed ones left behind.

        Graph, codes, memory and file are then those of an index that never held anything else.
        With ``keep=None`` codes stay as they are, and the graph is built by what they stand for.
        Removed items' places are used again by later ones anyway, and recall does not suffer: this
        is for an index that has shrunk for good, or whose vectors have become unlike the first.
        It takes the time of a build, and meanwhile the memory of a second index; searches go on.

        Parameters
        ----------
        threads, progress
            As for `add`.

        Raises
        ------
        ReadOnlyError
            The index was opened without ``writable=True``.
        """
        with reporting(progress, "compacting") as report:
            self._core.compact(to_threads(threads), report)
