"""The attributes of hits, fetched once the hits are known."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lanner._arrays import to_ids
from lanner._filtering import Attributed
from lanner.results import Hits, RadiusHits


def with_attributes(core: Attributed, hits: Hits, names: list[str]) -> Hits:
    """Return the hits with columns of their attributes; all columns for no names.

    An item that was removed since it was found has nulls.
    """
    k = hits.ids.shape[-1]
    filled = np.arange(k) < np.asarray(hits.counts)[..., np.newaxis]
    found = hits.ids[filled]
    ids = to_ids(found) if len(found) else np.empty(0, dtype=np.int64)
    columns = core.attributes(ids, names, True).to_dict()
    spread = {name: _spread(column, filled) for name, column in columns.items()}
    return Hits(hits.ids, hits.distances, hits.counts, spread)


def with_radius_attributes(core: Attributed, hits: RadiusHits, names: list[str]) -> RadiusHits:
    """Return the hits within a radius with columns of their attributes, as `with_attributes`."""
    ids = to_ids(hits.ids) if len(hits.ids) else np.empty(0, dtype=np.int64)
    hits.attributes = core.attributes(ids, names, True).to_dict()
    return hits


def _spread(values: NDArray[Any], filled: NDArray[np.bool_]) -> NDArray[Any]:
    if filled.all():
        return values.reshape(filled.shape)
    kind = values.dtype.kind
    null: Any = np.nan if kind == "f" else np.datetime64("NaT") if kind == "M" else None
    places: NDArray[Any] = np.full(filled.shape, null, values.dtype if null is not None else object)
    places[filled] = values
    return places
