"""Fused views against their formulas."""

from __future__ import annotations

import numpy as np
import pytest

from lanner import InvalidArgumentError, WrongTypeError
from lanner.hashing import Codes, Hyperplanes, MinHash, MultiView

SIZES = (32, 64, 16)


def world(rows: int, seed: int):
    """A view that tells the class, one that tells it less, and one of noise."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, rows)
    centres = np.random.default_rng(9).standard_normal((4, 12))
    views = [
        (share * centres[labels] + rng.standard_normal((rows, 12))).astype(np.float32)
        for share in (3.0, 1.0, 0.0)
    ]
    return views, labels


def hashes() -> list[Hyperplanes]:
    return [Hyperplanes(12, bits, seed=bits) for bits in SIZES]


def bits_of(codes):
    return np.unpackbits(codes, axis=-1, bitorder="little").astype(int)


def test_weighted_distance_is_the_sum_over_views():
    items, _ = world(300, 0)
    queries, _ = world(7, 1)
    weights = np.array([0.5, 0.3, 0.2])
    fused = MultiView(hashes(), weights=5 * weights)
    assert np.allclose(fused.weights, weights)
    codes = fused.encode(items)
    assert codes.shape == (300, sum(SIZES) // 8)
    model = 0
    for view, weight, rows, asked in zip(hashes(), weights, items, queries, strict=True):
        differ = bits_of(view.encode(asked))[:, None] != bits_of(view.encode(rows))[None]
        model = model + weight * differ.mean(axis=2)
    hits = fused.search(Codes(codes), queries, 20)
    assert np.abs(hits.distances - np.sort(model, axis=1)[:, :20]).max() < 1e-6
    assert np.abs(np.take_along_axis(model, hits.ids, axis=1) - hits.distances).max() < 1e-6


def test_concatenation_is_plain_hamming_distance():
    items, _ = world(300, 0)
    fused = MultiView(hashes(), fusion="concat")
    codes = fused.encode(items)
    assert (
        codes == np.concatenate([v.encode(x) for v, x in zip(hashes(), items, strict=True)], 1)
    ).all()
    queries = [each[:5] for each in items]
    assert (
        fused.search(Codes(codes), queries, 9).ids == Codes(codes).search(codes[:5], 9).ids
    ).all()


@pytest.mark.parametrize("weights", [[1, 1, 1], [3, 1, 1], [1, 2, 1], [2, 1, 1]])
def test_votes_are_weighted_majorities(weights):
    items, _ = world(200, 0)
    views = [Hyperplanes(12, 64, seed=4)] * 3
    codes = MultiView(views, fusion="vote", weights=weights).encode(items)
    signs = [2 * bits_of(v.encode(x)) - 1 for v, x in zip(views, items, strict=True)]
    votes = sum(w * s for w, s in zip(weights, signs, strict=True))
    leading = signs[int(np.argmax(weights))]
    assert (bits_of(codes) == (np.where(votes == 0, leading, votes) > 0)).all()
    assert MultiView(views, fusion="vote").bits == 64


def test_weights_follow_precision_and_stability():
    items, labels = world(800, 0)
    queries, asked = world(60, 1)
    fused = MultiView(hashes()).fit(items, labels, queries, asked, k=20)
    expected = []
    for view, rows, some in zip(hashes(), items, queries, strict=True):
        base, bits = bits_of(view.encode(rows)), bits_of(view.encode(some))
        distances = (bits[:, None] != base[None]).sum(axis=2)
        order = np.argsort(distances, axis=1, kind="stable")
        relevant = labels[order] == asked[:, None]
        precision = relevant.cumsum(axis=1) / np.arange(1, 801)
        average = ((precision * relevant).sum(axis=1) / relevant.sum(axis=1)).mean()
        halves = [
            np.argsort(
                (bits[:, None, i::2] != base[None, :, i::2]).sum(axis=2), axis=1, kind="stable"
            )
            for i in (0, 1)
        ]
        shared = [
            len(set(a) & set(b)) / 20
            for a, b in zip(*(h[:, :20].tolist() for h in halves), strict=True)
        ]
        expected.append(average * np.mean(shared))
    assert np.allclose(fused.weights, np.array(expected) / sum(expected))
    assert fused.weights[0] > fused.weights[1] > fused.weights[2]


def test_learned_weights_find_more_of_the_class():
    items, labels = world(2000, 0)
    held, held_labels = world(100, 1)
    queries, asked = world(300, 2)
    fused = MultiView(hashes())
    codes = Codes(fused.encode(items))

    def share(view: MultiView) -> float:
        ids = view.search(codes, queries, 20).ids
        return float((labels[ids] == asked[:, None]).mean())

    before = share(fused)
    assert share(fused.fit(items, labels, held, held_labels)) > before + 0.02
    assert share(fused) > share(MultiView(hashes(), fusion="concat")) + 0.02


def test_views_of_other_kinds_than_vectors():
    rng = np.random.default_rng(0)
    sets = [set(rng.integers(0, 30, 8).tolist()) for _ in range(50)]
    rows = rng.standard_normal((50, 12)).astype(np.float32)
    fused = MultiView([MinHash(64), Hyperplanes(12, 64)])
    codes = Codes(fused.encode([sets, rows]))
    assert (fused.search(codes, [sets, rows], 1).ids[:, 0] == np.arange(50)).all()
    assert "weights=[0.5, 0.5]" in repr(fused)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: MultiView([]), "views must be at least one hash"),
        (
            lambda: MultiView(hashes(), fusion="mean"),
            "fusion must be one of weighted, concat, vote",
        ),
        (
            lambda: MultiView(hashes(), fusion="vote"),
            "as many bits as one another to vote, got 32, 64",
        ),
        (lambda: MultiView(hashes(), weights=[1, 2]), "one number a view, 3, got shape"),
        (lambda: MultiView(hashes(), weights=[0, 0, 0]), "not all 0"),
        (lambda: MultiView(hashes(), weights=[1, -1, 1]), "not below 0"),
        (lambda: MultiView(hashes()).encode(world(5, 0)[0][:2]), "items must be 3 in number"),
        (
            lambda: MultiView(hashes()).encode([np.ones((n, 12)) for n in (2, 2, 3)]),
            "as many in every view, got 2, 2, 3",
        ),
        (
            lambda: MultiView(hashes()).search(Codes(np.zeros((2, 3), np.uint8)), world(1, 0)[0]),
            "codes must have 112 bits, got 24",
        ),
        (
            lambda: MultiView(hashes()).fit(world(9, 0)[0], [1] * 8, world(2, 1)[0], [1, 1]),
            "labels must be one an item, 9, got shape",
        ),
        (
            lambda: MultiView(hashes()).fit(world(9, 0)[0], [1] * 9, world(2, 1)[0], [2, 3]),
            "labels must be shared by some query and item",
        ),
        (lambda: MultiView(hashes(), weights=[1, float("inf"), 1]), "must be finite"),
        (lambda: MultiView(hashes() * 400), "views must be at most 1000, got 1200"),
    ],
)
def test_bad_values_are_refused(call, said):
    with pytest.raises(InvalidArgumentError, match=said):
        call()


def test_bad_types_are_refused():
    with pytest.raises(WrongTypeError, match="views must be hashes, got str"):
        MultiView(["hash"])
    with pytest.raises(WrongTypeError, match="codes must be Codes, got ndarray"):
        MultiView(hashes()).search(np.zeros((2, 14), np.uint8), world(1, 0)[0])
