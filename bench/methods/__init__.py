"""Methods, found by what lies in this folder: one file a library or an index type of one.

Modules named in ``LANNER_BENCH_METHODS``, with commas between, may bring more.
"""

from __future__ import annotations

import importlib
import os
import pkgutil

from bench.method import Method


def all_methods() -> dict[str, type[Method]]:
    """The methods by name."""
    modules = [
        importlib.import_module(f"{__name__}.{module.name}")
        for module in pkgutil.iter_modules(__path__)
    ]
    for name in filter(None, os.environ.get("LANNER_BENCH_METHODS", "").split(",")):
        try:
            modules.append(importlib.import_module(name))
        except ImportError as error:
            raise SystemExit(f"LANNER_BENCH_METHODS names {name!r}: {error}") from None
    found = {}
    for module in modules:
        for each in vars(module).values():
            if isinstance(each, type) and issubclass(each, Method) and "name" in vars(each):
                found[each.name] = each
    return found


def make(name: str) -> Method:
    """Return a new, empty method."""
    known = all_methods()
    if name not in known:
        raise SystemExit(f"no method {name!r}; there are {', '.join(sorted(known))}")
    return known[name]()
