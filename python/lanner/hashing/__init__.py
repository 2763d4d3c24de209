"""Vectors and sets as binary codes, and searches over those.

>>> import numpy as np
>>> from lanner import hashing
>>> vectors = np.random.default_rng(0).standard_normal((1000, 64)).astype(np.float32)
>>> itq = hashing.ITQ(bits=32).fit(vectors)
>>> codes = itq.encode(vectors)
>>> codes.shape, codes.dtype
((1000, 4), dtype('uint8'))
>>> hits = hashing.Codes(codes).search(itq.encode(vectors[:2]), k=3)
>>> hits.ids.shape
(2, 3)
"""

from __future__ import annotations

from lanner._learnt import NotFittedError
from lanner.hashing.codes import Codes, Duplicates, duplicate_groups, duplicates
from lanner.hashing.embedding import (
    BlockEmbedding,
    EmbeddingTable,
    MultiplexedEmbedding,
    QuotientRemainderEmbedding,
)
from lanner.hashing.family import HashFamily
from lanner.hashing.files import load
from lanner.hashing.learned import ITQ, SDH, PCASign, SNRHash, Spectral
from lanner.hashing.random import E2LSH, BitSampling, CrossPolytope, Hyperplanes
from lanner.hashing.sets import MinHash, SimHash
from lanner.hashing.tables import LSHIndex
from lanner.hashing.vectors import HashedVectors
from lanner.hashing.views import MultiView

__all__ = [
    "E2LSH",
    "ITQ",
    "SDH",
    "BitSampling",
    "BlockEmbedding",
    "Codes",
    "CrossPolytope",
    "Duplicates",
    "EmbeddingTable",
    "HashFamily",
    "HashedVectors",
    "Hyperplanes",
    "LSHIndex",
    "MinHash",
    "MultiView",
    "MultiplexedEmbedding",
    "NotFittedError",
    "PCASign",
    "QuotientRemainderEmbedding",
    "SNRHash",
    "SimHash",
    "Spectral",
    "duplicate_groups",
    "duplicates",
    "load",
]
