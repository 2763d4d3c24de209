"""Hash families and data for them, for the tests of hashing."""

from __future__ import annotations

import math

import numpy as np
import plain_reader
import pytest
from numpy.typing import NDArray

from lanner import hashing
from lanner.hashing import (
    E2LSH,
    ITQ,
    SDH,
    BitSampling,
    CrossPolytope,
    Hyperplanes,
    MinHash,
    PCASign,
    SimHash,
    SNRHash,
    Spectral,
)

DIM = 24


def drawn(rows: int, dim: int = DIM, seed: int = 0) -> NDArray[np.float32]:
    """Rows whose features differ in variance, depend on one another, and are off centre."""
    rng = np.random.default_rng(seed)
    mix = np.random.default_rng(99).standard_normal((dim, dim)) / np.sqrt(dim)
    scales = 1 / np.sqrt(np.arange(1, dim + 1))
    return ((rng.standard_normal((rows, dim)) * scales) @ mix + 0.1).astype(np.float32)


def labelled(
    rows: int, classes: int, seed: int = 0, *, spread: float = 1.0
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Classes about centres of their own, beneath directions that vary more and tell less."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(5).standard_normal((classes, DIM))
    centres[:, DIM // 2 :] = 0
    noise = np.where(np.arange(DIM) < DIM // 2, spread, 4.0)
    labels = rng.integers(0, classes, rows)
    return (
        (centres[labels] + noise * rng.standard_normal((rows, DIM))).astype(np.float32),
        labels,
    )


def bits_of(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.unpackbits(codes, axis=-1, bitorder="little")


def binomial_margin(share: float, trials: int, sigmas: float = 5.0) -> float:
    return sigmas * math.sqrt(max(share * (1 - share), 1e-4) / trials)


def families() -> list[hashing.HashFamily]:
    rows, labels = labelled(400, 3)
    return [
        Hyperplanes(DIM, 64, seed=3),
        CrossPolytope(DIM, 64, seed=3),
        E2LSH(DIM, 64, width=2.0, seed=3),
        BitSampling(DIM, 64, seed=3),
        MinHash(64, seed=3),
        SimHash(64, seed=3),
        PCASign(16).fit(rows),
        ITQ(16).fit(rows, rounds=5),
        Spectral(64).fit(rows),
        SDH(40).fit(rows, labels),
        SNRHash(16).fit(rows, labels, steps=20),
    ]


def items_for(family: hashing.HashFamily, rows: int, seed: int = 0):
    rng = np.random.default_rng(seed)
    if isinstance(family, MinHash):
        return [set(rng.integers(0, 50, rng.integers(0, 20)).tolist()) for _ in range(rows)]
    if isinstance(family, SimHash):
        return [
            {f"token {each}": float(rng.standard_normal()) for each in rng.integers(0, 50, 9)}
            for _ in range(rows)
        ]
    if isinstance(family, BitSampling):
        return rng.integers(0, 2, (rows, DIM)).astype(bool)
    return drawn(rows, DIM, seed)


def planes_of(family: hashing.HashFamily) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Normals and offsets, read off from the values of zero and of unit vectors."""
    at_zero = family.values(np.zeros(DIM)).astype(np.float64)
    return family.values(np.eye(DIM)).astype(np.float64) - at_zero, at_zero


FAMILIES = families()
each_family = pytest.mark.parametrize(
    "family", FAMILIES, ids=[type(each).__name__ for each in FAMILIES]
)


def with_section_bytes(whole: bytes, place: int, value: int) -> bytes:
    """The file with one byte changed, and every checksum made to fit."""
    file = bytearray(whole)
    file[place] = value
    return plain_reader.sealed(file)
