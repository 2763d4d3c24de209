"""The attributes of hits, laid out as the hits are."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanner import _core
from lanner.results import Hits


def with_attributes(hits: Hits, columns: _core.Columns) -> Hits:
    """Return the hits with columns of their attributes, in which empty places are left out."""
    k = hits.ids.shape[-1]
    filled = np.arange(k) < np.asarray(hits.counts)[..., np.newaxis]
    spread = {name: _spread(column, filled) for name, column in columns.to_dict().items()}
    return Hits(hits.ids, hits.distances, hits.counts, spread)


def _spread(values: NDArray[Any], filled: NDArray[np.bool_]) -> NDArray[Any]:
    if filled.all():
        return values.reshape(filled.shape)
    kind = values.dtype.kind
    null: Any = np.nan if kind == "f" else np.datetime64("NaT") if kind == "M" else None
    places: NDArray[Any] = np.full(filled.shape, null, values.dtype if null is not None else object)
    places[filled] = values
    return places
