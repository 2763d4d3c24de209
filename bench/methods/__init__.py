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
    names = [f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)]
    names += filter(None, os.environ.get("LANNER_BENCH_METHODS", "").split(","))
    found = {}
    for name in names:
        for each in vars(importlib.import_module(name)).values():
            if isinstance(each, type) and issubclass(each, Method) and "name" in vars(each):
                found[each.name] = each
    return found


def make(name: str) -> Method:
    """Return a new, empty method."""
    known = all_methods()
    if name not in known:
        raise SystemExit(f"no method {name!r}; there are {', '.join(sorted(known))}")
    return known[name]()
