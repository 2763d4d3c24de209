"""Titles and abstracts of papers, embedded in 384 dimensions, with attributes and filters."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from bench.dataset import DataSet, DataSource, FilterSpec
from bench.sets.shared import FOLDER

ROWS = 100_000


class Papers(DataSource):
    name = "papers"
    about = f"{ROWS:,} paper embeddings x 384, cosine, with attributes; shared data, folder papers"

    def present(self) -> bool:
        return (FOLDER / "papers" / "base.f16.npy").exists()

    def load(self) -> DataSet:
        folder = FOLDER / "papers"
        base = np.load(folder / "base.f16.npy")[:ROWS].astype(np.float32)
        queries = np.load(folder / "query.f16.npy").astype(np.float32)
        with open(folder / "filters.json") as file:
            filters = [
                FilterSpec(each["kind"], each["query"], each["filter"]) for each in json.load(file)
            ]
        return DataSet(
            self.name,
            "cosine",
            base,
            queries,
            read_attributes=_attributes,
            filters=filters,
        )


def _attributes() -> dict[str, Any]:
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(FOLDER / "papers" / "attributes.parquet").slice(0, ROWS)
    return {name: table.column(name).to_pylist() for name in table.column_names}
