"""From the filters that callers give to those that the core takes."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from lanner import _core
from lanner._arrays import Ids, to_ids
from lanner._core import InvalidArgumentError
from lanner.filters import each_query, to_filter

# What has ids and attributes.
Attributed: TypeAlias = _core.Index | _core.RowAttributes

_EVERYTHING = _core.Filter("and", "", (), (), None)


def core_filter(core: Attributed, value: Any) -> _core.Filter:
    """Return one filter: a callable is turned into the ids of the items it holds for."""
    given = to_filter(value)
    if isinstance(given, _core.Filter):
        return given
    if not callable(given):
        return _core.Filter.of_mask(given)
    ids = core.ids()
    mask = np.fromiter((bool(given(id)) for id in ids.tolist()), dtype=bool, count=len(ids))
    matching: Ids = to_ids(ids[mask]) if mask.any() else np.empty(0, dtype=np.int64)
    return _core.Filter("id_in", "", (), (), matching)


def core_filters(core: Attributed, value: Any, queries: int) -> list[_core.Filter] | None:
    """Return None, one filter for all queries, or one for each."""
    if value is None:
        return None
    several = each_query(value)
    if several is None:
        return [core_filter(core, value)]
    if len(several) != queries:
        strings = all(isinstance(each, str) for each in several)
        raise InvalidArgumentError(
            f"filter must be one for all queries or one a query: {queries} queries, "
            f"{len(several)} filters" + ("; ids go into col.id.isin([...])" if strings else "")
        )
    return [_EVERYTHING if each is None else core_filter(core, each) for each in several]
