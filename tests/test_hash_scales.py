"""What learns from vectors, and scales and rows that are not the usual ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lanner import InvalidArgumentError, WrongTypeError, hashing, quantization

RNG = np.random.default_rng(8)
ROWS = RNG.standard_normal((700, 16)) * np.geomspace(4, 0.2, 16)


@pytest.mark.parametrize("scale", [2.0**-80, 2.0**40, 2.0**56])
@pytest.mark.parametrize("family", [hashing.PCASign, hashing.ITQ])
def test_axes_do_not_depend_on_the_scale(family: Any, scale: float) -> None:
    usual = family(bits=8).fit(ROWS.astype(np.float32))
    scaled = family(bits=8).fit((ROWS * scale).astype(np.float32))
    codes = [
        np.unpackbits(each.encode((ROWS * by).astype(np.float32)), axis=1)
        for each, by in ((usual, 1), (scaled, scale))
    ]
    # An axis has a sign of its own.
    alike = (codes[0] == codes[1]).mean(axis=0)
    assert np.maximum(alike, 1 - alike).min() > 0.98


@pytest.mark.parametrize(
    "make",
    [
        lambda: hashing.ITQ(bits=8),
        lambda: hashing.PCASign(bits=8),
        lambda: quantization.PQ(4, bits=4),
        lambda: quantization.OPQ(4, bits=4),
        lambda: quantization.Binary(),
        lambda: quantization.Reduce(4),
    ],
)
def test_rows_that_are_too_long_for_distances_are_refused(make: Any) -> None:
    rows = ROWS.astype(np.float32)
    rows[7, 3] = 1e19
    with pytest.raises(InvalidArgumentError, match=r"at most 2\.3e18.*row 7"):
        make().fit(rows)
    fitted = make().fit(ROWS.astype(np.float32))
    if isinstance(fitted, quantization.Quantizer):
        with pytest.raises(InvalidArgumentError, match=r"at most 2\.3e18.*row 7"):
            fitted.encode(rows)


def test_a_rotation_that_nothing_tells_of_is_still_one() -> None:
    queries = RNG.standard_normal((3, 16)).astype(np.float32)
    opq = quantization.OPQ(4, bits=4).fit(np.zeros((700, 16), np.float32))
    found = opq.pack(opq.encode(np.zeros((1, 16), np.float32))).distances(queries)
    np.testing.assert_allclose(found[:, 0], (queries**2).sum(axis=1), rtol=1e-4)


@pytest.mark.parametrize("rows_at_the_mean", [1, 10])
def test_rows_without_variance_do_not_spoil_an_snr_hash(rows_at_the_mean: int) -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(5, size=2000)
    rows = rng.standard_normal((5, 32))[labels] * 2 + rng.standard_normal((2000, 32)) * 0.5
    rows -= rows.mean(axis=0)
    rows[:rows_at_the_mean] = 0
    codes = hashing.SNRHash(bits=32).fit(rows.astype(np.float32), labels).encode(rows[100:])
    bits = np.unpackbits(codes, axis=1).astype(int)
    near = np.argsort((bits[:50, None] != bits[None]).sum(axis=2), axis=1, kind="stable")[:, :101]
    shares = labels[100:][near] == labels[100:150, None]
    assert shares.mean() > 0.9


def test_weights_too_small_for_float32_have_signs() -> None:
    hashed = hashing.SimHash(64)
    features = [{"a": 1.0, "b": -2.0, "c": 0.5}, {"d": 3.0}]
    tiny = [{name: weight * 1e-60 for name, weight in each.items()} for each in features]
    np.testing.assert_array_equal(hashed.encode(tiny), hashed.encode(features))


def test_error_bounds_check_what_they_are_given() -> None:
    binary = quantization.Binary().fit(ROWS.astype(np.float32))
    codes = binary.encode(ROWS[:2].astype(np.float32))
    queries = ROWS[:1].astype(np.float32)
    with pytest.raises(InvalidArgumentError, match="queries must be finite"):
        binary.error_bounds(codes, queries * np.nan)
    for wrong in (0, -1, np.inf, np.nan):
        with pytest.raises(InvalidArgumentError, match="epsilon"):
            binary.error_bounds(codes, queries, epsilon=wrong)
    for wrong in ("a", None, True, [1]):
        with pytest.raises(WrongTypeError, match="epsilon"):
            binary.error_bounds(codes, queries, epsilon=wrong)
