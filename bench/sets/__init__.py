"""Data sets, found by what lies in this folder: one file a set or a format of files."""

from __future__ import annotations

import importlib
import pathlib
import pkgutil
from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from bench.dataset import DataSet, DataSource, FileSource


@runtime_checkable
class HasOptions(Protocol):
    """A set whose name may go on with a colon and options."""

    def with_options(self, options: str) -> DataSource:
        """Return the set that they ask for."""


def _classes() -> Iterator[type]:
    """All classes written in this folder."""
    for module in pkgutil.iter_modules(__path__):
        name = f"{__name__}.{module.name}"
        for each in vars(importlib.import_module(name)).values():
            if isinstance(each, type) and each.__module__ == name:
                yield each


def sources() -> dict[str, DataSource]:
    """The sets with a name, by it."""
    return {
        each.name: each()
        for each in _classes()
        if issubclass(each, DataSource) and hasattr(each, "name")
    }


def formats() -> dict[str, FileSource]:
    """The formats of files, by suffix."""
    return {
        suffix: each()
        for each in _classes()
        if issubclass(each, FileSource)
        for suffix in getattr(each, "suffixes", ())
    }


def load(name: str) -> DataSet:
    """Read a set by its name, with options where it takes them, or by the path of a file.

    A path may end in ``#metric``; see `bench.sets.folder`.
    """
    named = sources()
    if name in named:
        if not named[name].present():
            raise SystemExit(f"the data set {name!r} is not here: {named[name].about}")
        return named[name].load()
    head, colon, options = name.partition(":")
    source = named.get(head)
    if colon and isinstance(source, HasOptions):
        return source.with_options(options).load()
    # Imported here, for it lies in this folder.
    from bench.sets.folder import split_metric

    path, _ = split_metric(name)
    readers = formats()
    if path.suffix.lower() in readers:
        if not path.exists():
            raise SystemExit(f"there is no file {path}")
        try:
            return readers[path.suffix.lower()].load(pathlib.Path(name))
        except (OSError, ValueError) as error:
            raise SystemExit(f"{path} cannot be read: {error}") from None
    raise SystemExit(
        f"no data set {name!r}: there are {', '.join(sorted(named))}, "
        f"and files with the suffixes {', '.join(sorted(readers))}"
    )
