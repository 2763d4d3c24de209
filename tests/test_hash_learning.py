"""What hash families learn."""

from __future__ import annotations

import numpy as np
import pytest
from hash_data import (
    DIM,
    bits_of,
    drawn,
    labelled,
    planes_of,
)
from numpy.typing import NDArray

from lanner.hashing import (
    ITQ,
    SDH,
    Hyperplanes,
    PCASign,
    SNRHash,
    Spectral,
)

# What learning finds.


def test_pca_sign_is_that_of_numpys_axes():
    rows = drawn(500)
    normals, offsets = planes_of(PCASign(8).fit(rows))
    values, vectors = np.linalg.eigh(np.cov(rows.T.astype(np.float64)))
    axes = vectors[:, np.argsort(-values)[:8]]
    assert np.abs(np.abs((normals * axes).sum(axis=0)) - 1).max() < 1e-4
    assert np.abs(offsets + rows.astype(np.float64).mean(axis=0) @ normals).max() < 1e-5


def quantization_error(values: NDArray[np.float64]) -> float:
    return float(((values - np.where(values > 0, 1, -1)) ** 2).sum())


def test_itq_turns_principal_axes_and_lowers_the_quantization_error():
    rows = drawn(2000)
    pca, _ = planes_of(PCASign(16).fit(rows))
    errors = []
    for rounds in (0, 1, 3, 50):
        itq = ITQ(16).fit(rows, rounds=rounds)
        normals, _ = planes_of(itq)
        turn = pca.T @ normals
        assert np.abs(turn.T @ turn - np.eye(16)).max() < 1e-4
        assert np.abs(pca @ turn - normals).max() < 1e-4
        errors.append(quantization_error(itq.values(rows).astype(np.float64)))
    assert errors[0] > errors[1] > errors[2] > errors[3]


def test_itq_is_a_model_of_the_paper():
    """The same rounds in NumPy, from the same beginning, end at the same error."""
    rows = drawn(2000)
    mean = rows.astype(np.float64).mean(axis=0)
    pca, _ = planes_of(PCASign(16).fit(rows))
    first, _ = planes_of(ITQ(16).fit(rows, rounds=0))
    v, turn = (rows - mean) @ pca, pca.T @ first
    for _ in range(20):
        u, _, wt = np.linalg.svd(v.T @ np.where(v @ turn > 0, 1, -1))
        turn = u @ wt
    ours = quantization_error(ITQ(16).fit(rows, rounds=20).values(rows).astype(np.float64))
    assert abs(ours / quantization_error(v @ turn) - 1) < 1e-3


def test_spectral_bits_are_waves_along_axes_the_longest_first():
    rng = np.random.default_rng(0)
    rows = (rng.uniform(0, 1, (4000, 3)) * [8, 4, 0.5] + [3, -2, 1]).astype(np.float32)
    family = Spectral(8).fit(rows)
    # Ranges of 8 and 4: j / range of 1/8, 2/8 and 1/4, 3/8, 4/8 and 2/4, 5/8, 6/8 and 3/4, ...
    waves = {0: [1, 2, 3, 4, 5], 1: [1, 2, 3]}
    bits = bits_of(family.encode(rows)).astype(int)
    found = []
    for axis, frequencies in waves.items():
        low, high = rows[:, axis].min(), rows[:, axis].max()
        place = (rows[:, axis] - low) / (high - low)
        for j in frequencies:
            model = (np.cos(j * np.pi * place) > 0).astype(int)
            model_turned = (np.cos(j * np.pi * (1 - place)) > 0).astype(int)
            agreement = np.maximum(
                (bits == model[:, None]).mean(axis=0), (bits == model_turned[:, None]).mean(axis=0)
            )
            agreement = np.maximum(agreement, 1 - agreement)
            found.append(int(agreement.argmax()))
            assert agreement.max() > 0.93
    assert sorted(found) == list(range(8))


def average_precision(family, base, labels, queries, query_labels) -> float:
    codes, asked = (2 * bits_of(family.encode(x)).astype(int) - 1 for x in (base, queries))
    order = np.argsort(-(asked @ codes.T), axis=1, kind="stable")
    relevant = labels[order] == query_labels[:, None]
    precision = relevant.cumsum(axis=1) / np.arange(1, relevant.shape[1] + 1)
    return float(((precision * relevant).sum(axis=1) / relevant.sum(axis=1)).mean())


def test_labels_help():
    base, labels = labelled(3000, 5)
    queries, query_labels = labelled(200, 5, 1)
    figures = {
        type(family).__name__: average_precision(family, base, labels, queries, query_labels)
        for family in (
            Hyperplanes(DIM, 16),
            PCASign(16).fit(base),
            ITQ(16).fit(base),
            SDH(16).fit(base, labels),
            SNRHash(16).fit(base, labels),
        )
    }
    # Classes lie where the variance is small: without labels they are hardly found. Chance is 0.2.
    unsupervised = max(figures["Hyperplanes"], figures["PCASign"], figures["ITQ"])
    assert unsupervised < 0.4
    assert figures["SDH"] > unsupervised + 0.2
    assert figures["SNRHash"] > unsupervised + 0.2


def test_sdh_codes_tell_the_label():
    base, labels = labelled(2000, 4, spread=0.3)
    family = SDH(24).fit(base, labels)
    signs = 2.0 * bits_of(family.encode(base)) - 1
    onehot = np.eye(4)[labels]
    w = np.linalg.solve(signs.T @ signs + np.eye(24), signs.T @ onehot)
    assert ((signs @ w).argmax(axis=1) == labels).mean() > 0.97


def snr_distances(values: NDArray[np.float32]) -> NDArray[np.float64]:
    u = values.astype(np.float64)
    u -= u.mean(axis=1, keepdims=True)
    signal = (u**2).sum(axis=1)
    return (signal[:, None] + signal[None] - 2 * u @ u.T) / signal[:, None]


def test_snr_hash_lowers_its_loss():
    base, labels = labelled(1000, 4)

    def loss(family) -> float:
        values = family.values(base[:300])
        distances = snr_distances(values)
        same = labels[:300, None] == labels[None, :300]
        apart = np.maximum(0, 2 - distances)[~same].mean()
        np.fill_diagonal(same, False)
        rest = np.abs(values.mean(axis=1)).mean() + ((np.abs(values) - 1) ** 2).mean()
        return float(distances[same].mean() + apart + 0.1 * rest)

    losses = [loss(SNRHash(16).fit(base, labels, steps=steps)) for steps in (1, 50, 600)]
    assert losses[0] > losses[1] + 0.2
    assert losses[1] > losses[2]


def test_learning_does_not_depend_on_threads_or_names_of_classes(tmp_path):
    rows, labels = labelled(700, 3)
    names = np.array(["ape", "bee", "cat"])[labels]
    for fit in (
        lambda threads, _: PCASign(8).fit(rows, threads=threads),
        lambda threads, _: ITQ(8).fit(rows, threads=threads),
        lambda threads, _: Spectral(16).fit(rows, threads=threads),
        lambda threads, given: SDH(16).fit(rows, given, threads=threads),
        lambda threads, given: SNRHash(16).fit(rows, given, steps=30, threads=threads),
    ):
        files = []
        for threads, names_or_numbers in ((1, labels), (3, names), (2, names.tolist())):
            fit(threads, names_or_numbers).save(tmp_path / "one.lanner")
            files.append((tmp_path / "one.lanner").read_bytes())
        assert files[0] == files[1] == files[2]


def test_features_without_variance_and_repeated_rows_are_survived():
    rows, labels = labelled(300, 3)
    rows[:, 4:20] = 7.5
    rows[100:200] = rows[100]
    for family in (
        PCASign(16).fit(rows),
        ITQ(16).fit(rows),
        Spectral(32).fit(rows),
        SDH(32).fit(rows, labels),
        SNRHash(32).fit(rows, labels, steps=10),
    ):
        assert np.isfinite(family.values(rows)).all()
    constant = np.ones((50, DIM), np.float32)
    for family in (PCASign(8), ITQ(8)):
        assert (family.fit(constant).encode(constant) == family.encode(constant[0])).all()
    assert np.isfinite(SDH(8).fit(constant, labels[:50]).values(constant)).all()
    assert np.isfinite(SNRHash(8).fit(constant, labels[:50], steps=5).values(constant)).all()


def test_more_rows_than_are_looked_at():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((70_000, 8)).astype(np.float32)
    labels = (rows[:, 0] > 0).astype(int)
    for family in (ITQ(8).fit(rows, rounds=2), SDH(8).fit(rows, labels)):
        assert family.encode(rows[:5]).shape == (5, 1)
    sure = SDH(8).fit(rows, labels).values(rows)
    # The sign of the first feature is that of some bit; its value goes with the sign at 0.798.
    assert 0.75 < np.abs(np.corrcoef(sure.T, labels)[-1, :-1]).max() < 0.85


def test_progress_is_told_and_stopping_leaves_the_hash_as_it_was():
    rows, labels = labelled(3000, 3)
    told = []
    ITQ(16).fit(rows, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (51, 51)
    family = SNRHash(16).fit(rows, labels, steps=5)
    before = family.encode(rows)

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        family.fit(rows, labels, steps=100_000, progress=stop)
    assert (family.encode(rows) == before).all()
