"""Data sets, found by what lies in this folder: one file a set or a format of files."""

from __future__ import annotations

import importlib
import pathlib
import pkgutil

from bench.dataset import DataSet, DataSource, FileSource


def _all(kind: type) -> list[type]:
    found = []
    for module in pkgutil.iter_modules(__path__):
        for each in vars(importlib.import_module(f"{__name__}.{module.name}")).values():
            if (
                isinstance(each, type)
                and issubclass(each, kind)
                and each.__module__.endswith(f".{module.name}")
            ):
                found.append(each)
    return found


def sources() -> dict[str, DataSource]:
    """The sets with a name, by it."""
    return {each.name: each() for each in _all(DataSource) if hasattr(each, "name")}


def load(name: str) -> DataSet:
    """Read a set by its name, or by the path of a file."""
    named = sources()
    if name in named:
        if not named[name].present():
            raise SystemExit(f"the data set {name!r} is not here: {named[name].about}")
        return named[name].load()
    path = pathlib.Path(name)
    formats = {suffix: each for each in _all(FileSource) for suffix in each.suffixes}
    if path.suffix in formats and path.exists():
        reader: FileSource = formats[path.suffix]()
        return reader.load(path)
    if path.suffix in formats:
        raise SystemExit(f"there is no file {path}")
    raise SystemExit(
        f"no data set {name!r}: there are {', '.join(sorted(named))}, "
        f"and files with the suffixes {', '.join(sorted(formats))}"
    )
