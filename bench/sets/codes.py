"""Binary codes of the paper embeddings: signs of random projections, for Hamming space."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from bench.dataset import Array, DataSet, DataSource
from bench.sets.papers import Papers


class _Codes(DataSource):
    bits: ClassVar[int]

    def present(self) -> bool:
        return Papers().present()

    def load(self) -> DataSet:
        papers = Papers().load()
        planes = np.random.default_rng(64).standard_normal((papers.dim, self.bits)).astype("f4")

        def encode(rows: Array) -> Array:
            return np.packbits(rows @ planes > 0, axis=1, bitorder="little")

        return DataSet(self.name, "hamming", encode(papers.base), encode(papers.queries))


class Codes64(_Codes):
    name = "papers-64bit"
    about = "100,000 codes x 64 bits, hamming; made from papers"
    bits = 64


class Codes256(_Codes):
    name = "papers-256bit"
    about = "100,000 codes x 256 bits, hamming; made from papers"
    bits = 256


class Codes1024(_Codes):
    name = "papers-1024bit"
    about = "100,000 codes x 1,024 bits, hamming; made from papers"
    bits = 1024
