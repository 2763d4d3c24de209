"""Hash families collide as often as their theory says."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hash_data import (
    binomial_margin,
    bits_of,
    drawn,
)
from numpy.typing import NDArray

from lanner.hashing import (
    E2LSH,
    BitSampling,
    CrossPolytope,
    Hyperplanes,
    MinHash,
    SimHash,
)

# Theory: collisions are as frequent as they ought to be, within five standard errors.

ANGLES = (0.2, 0.8, math.pi / 2, 2.5)


def pair_at(angle: float, dim: int, rows: int, seed: int) -> tuple[NDArray, NDArray]:
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((rows, dim))
    b = rng.standard_normal((rows, dim))
    a /= np.linalg.norm(a, axis=1, keepdims=True)
    b -= (a * b).sum(axis=1, keepdims=True) * a
    b /= np.linalg.norm(b, axis=1, keepdims=True)
    return a.astype(np.float32), (np.cos(angle) * a + np.sin(angle) * b).astype(np.float32)


@pytest.mark.parametrize("angle", ANGLES)
def test_hyperplanes_part_vectors_by_their_angle(angle):
    # One pair: bits are then independent draws.
    a, b = pair_at(angle, 33, 1, 1)
    family = Hyperplanes(33, 32768, seed=8)
    parted = (bits_of(family.encode(a)) != bits_of(family.encode(b))).mean()
    assert abs(parted - angle / math.pi) < binomial_margin(angle / math.pi, 32768)


@pytest.mark.parametrize("ratio", [0.1, 0.5, 1.0, 3.0])
def test_e2lsh_collides_as_datar_et_al_say(ratio):
    family = E2LSH(20, 32768, width=2.0, seed=9)
    step = np.zeros(20)
    step[:5] = ratio * 2.0 / math.sqrt(5)
    start = drawn(1, 20)[0]
    same = (family.symbols(start) == family.symbols(start + step)).mean()
    phi = 0.5 * (1 + math.erf(1 / ratio / math.sqrt(2)))
    tail = 2 * ratio / math.sqrt(2 * math.pi) * (1 - math.exp(-1 / (2 * ratio**2)))
    expected = 2 * phi - 1 - tail
    assert abs(same - expected) < binomial_margin(expected, 32768)


@pytest.mark.parametrize("angle", ANGLES)
def test_cross_polytope_collides_like_random_rotations(angle):
    # Against true random rotations (QR of normal matrices), over many pairs and rotations.
    dim, rotations, pairs = 64, 256, 60
    rng = np.random.default_rng(0)
    a, b = pair_at(angle, dim, pairs, 2)
    expected = 0
    for _ in range(rotations):
        turn, _ = np.linalg.qr(rng.standard_normal((dim, dim)))
        corners = [np.abs(x @ turn).argmax(axis=1) for x in (a, b)]
        signs = [
            np.take_along_axis(x @ turn, c[:, None], 1) > 0
            for x, c in zip((a, b), corners, strict=True)
        ]
        expected += ((corners[0] == corners[1]) & (signs[0] == signs[1])[:, 0]).sum()
    expected /= rotations * pairs
    family = CrossPolytope(dim, rotations, seed=10)
    same = (family.symbols(a) == family.symbols(b)).mean()
    margin = math.sqrt(2) * binomial_margin(max(expected, 0.005), rotations * pairs)
    assert abs(same - expected) < margin
    # And bits of codes are equal with probability (1 + p) / 2.
    equal = (bits_of(family.encode(a)) == bits_of(family.encode(b))).mean()
    assert abs(equal - (1 + expected) / 2) < margin + binomial_margin(0.5, rotations * pairs)


@pytest.mark.parametrize("shared", [0, 10, 50, 90, 100])
def test_minhash_collides_by_jaccard(shared):
    a, b = set(range(100)), set(range(100 - shared, 200 - shared))
    jaccard = shared / (200 - shared)
    family = MinHash(32768, seed=11)
    same = (np.equal(*family.symbols([a, b]))).mean()
    assert abs(same - jaccard) <= binomial_margin(jaccard, 32768)
    equal = np.equal(*bits_of(family.encode([a, b]))).mean()
    assert abs(equal - (1 + jaccard) / 2) <= binomial_margin((1 + jaccard) / 2, 32768)


@pytest.mark.parametrize("angle", ANGLES)
def test_simhash_parts_sets_by_the_angle_of_their_weights(angle):
    a, b = pair_at(angle, 400, 1, 3)
    family = SimHash(32768, seed=12)
    codes = family.encode([dict(enumerate(x[0].tolist())) for x in (a, b)])
    parted = np.not_equal(*bits_of(codes)).mean()
    # Sums of 400 signed weights are normal only up to some 1 / 400.
    assert abs(parted - angle / math.pi) < binomial_margin(angle / math.pi, 32768) + 0.003


@pytest.mark.parametrize("differing", [0, 1, 40, 200])
def test_bit_sampling_parts_by_hamming(differing):
    rows = np.zeros((2, 200), dtype=bool)
    rows[1, :differing] = True
    parted = np.not_equal(*bits_of(BitSampling(200, 32768, seed=13).encode(rows))).mean()
    assert abs(parted - differing / 200) <= binomial_margin(differing / 200, 32768)
