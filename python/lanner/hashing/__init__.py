"""Vectors and sets as binary codes.

>>> import numpy as np
>>> from lanner import hashing
>>> vectors = np.random.default_rng(0).standard_normal((1000, 64)).astype(np.float32)
>>> itq = hashing.ITQ(bits=32).fit(vectors)
>>> codes = itq.encode(vectors)
>>> codes.shape, codes.dtype
((1000, 4), dtype('uint8'))
"""

from __future__ import annotations

from lanner.hashing.family import HashFamily, load
from lanner.hashing.learned import ITQ, SDH, PCASign, SNRHash, Spectral
from lanner.hashing.random import E2LSH, BitSampling, CrossPolytope, Hyperplanes
from lanner.hashing.sets import MinHash, SimHash
from lanner.quantization import NotFittedError

__all__ = [
    "E2LSH",
    "ITQ",
    "SDH",
    "BitSampling",
    "CrossPolytope",
    "HashFamily",
    "Hyperplanes",
    "MinHash",
    "NotFittedError",
    "PCASign",
    "SNRHash",
    "SimHash",
    "Spectral",
    "load",
]
