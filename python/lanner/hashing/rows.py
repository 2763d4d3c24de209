"""Numbered rows with attributes, which filters choose among."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lanner import _core
from lanner._arguments import Names, to_names
from lanner._filtering import core_filters, naming_columns
from lanner._hit_attributes import with_attributes
from lanner._tables import to_columns
from lanner.results import Hits, RadiusHits
from lanner.schema import Schema


class AttributedRows:
    """What searches over numbered rows share: attributes, filters over them, and hits with them.

    A filter is anything that `Index.search` takes; ids are row numbers.
    """

    __slots__ = ("_attributes",)

    _attributes: _core.RowAttributes

    def _keep_attributes(
        self, rows: int, attributes: Any, schema: Mapping[str, str] | None
    ) -> None:
        types = None if schema is None else list(Schema(schema).items())
        columns = None if attributes is None else to_columns(attributes, rows, dict(types or ()))
        self._attributes = _core.RowAttributes(rows, types, columns)

    def _among(self, filter: Any, queries: int) -> _core.RowSets | None:
        filters = core_filters(self._attributes, filter, queries)
        if filters is None:
            return None
        with naming_columns():
            return self._attributes.matching(filters, queries)

    def _with_attributes(self, hits: Hits, names: Names) -> Hits:
        if names is None:
            return hits
        k = hits.ids.shape[-1]
        found = hits.ids[np.arange(k) < np.asarray(hits.counts)[..., np.newaxis]]
        return with_attributes(hits, self._attributes.attributes(found, to_names(names)))

    def _with_radius_attributes(self, hits: RadiusHits, names: Names) -> RadiusHits:
        if names is None:
            return hits
        hits.attributes = self._attributes.attributes(hits.ids, to_names(names)).to_dict()
        return hits

    @property
    def schema(self) -> Schema:
        """The columns of attributes: those given, or those of the table that came."""
        return Schema(dict(self._attributes.schema))
