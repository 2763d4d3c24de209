"""The small set that is installed with lanner: 4,000 papers of arXiv."""

from __future__ import annotations

import numpy as np

from bench.dataset import DataSet, DataSource


class Demo(DataSource):
    name = "demo"
    about = "4,000 paper embeddings x 384, cosine, with attributes; comes with lanner"

    def load(self) -> DataSet:
        from lanner import demo

        papers = demo.load()
        return DataSet(
            self.name,
            "cosine",
            papers.vectors.astype(np.float32),
            papers.queries.astype(np.float32),
            papers.true_distances.astype(np.float32),
            read_attributes=lambda: dict(papers.attributes),
        )
