"""Data sets, found by what lies in this folder: one file a set or a format of files."""

from __future__ import annotations

import importlib
import pathlib
import pkgutil
from collections.abc import Iterator

from bench.dataset import DataSet, DataSource, FileSource


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
    """Read a set by its name, or by the path of a file."""
    named = sources()
    if name in named:
        if not named[name].present():
            raise SystemExit(f"the data set {name!r} is not here: {named[name].about}")
        return named[name].load()
    path = pathlib.Path(name)
    readers = formats()
    if path.suffix in readers:
        if not path.exists():
            raise SystemExit(f"there is no file {path}")
        return readers[path.suffix].load(path)
    raise SystemExit(
        f"no data set {name!r}: there are {', '.join(sorted(named))}, "
        f"and files with the suffixes {', '.join(sorted(readers))}"
    )
