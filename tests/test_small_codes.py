"""Product and binary codes as the storage of an index: what they find, keep, and promise."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import warnings
from typing import Any

import numpy as np
import plain_reader
import pytest
import reference
from hypothesis import example, given, settings
from hypothesis import strategies as st

import lanner
import lanner.quantization
from lanner import InvalidArgumentError, WrongTypeError
from lanner.quantization import OPQ, PQ, Binary, Reduce

CODECS = ("PQ8x4", "OPQ8x4", "Binary1", "Binary2", "Binary3")
# 9,984 rows to be fitted by themselves: fitted to a sample here.
ALL = (*CODECS, "PQ4x8")
codecs = pytest.mark.parametrize("codec", ALL)
keeps = pytest.mark.parametrize("keep", ["dtype", "float16", None])
DIM = 32


def rows_of(count: int, dim: int = DIM, seed: int = 3) -> Any:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((50, dim)) * 2 + rng.standard_normal(dim)
    rows = centres[rng.integers(0, 50, count)] + rng.standard_normal((count, dim)) * 0.7
    return (rows * np.exp(rng.normal(0, 0.2, (count, 1)))).astype(np.float32)


def made(codec: str, rows: Any = None, metric: str = "l2", dim: int = DIM, **options: Any) -> Any:
    """Return an index whose codes are fitted whatever it is given."""
    index = lanner.Index(dim, metric, codec=codec, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        index.fit(rows_of(1000, dim, seed=9))
    if rows is not None:
        index.add(rows)
    return index


# What they find


@codecs
def test_what_codes_lose_the_second_look_finds(papers, codec):
    parts = {"PQ8x4": "PQ96x4", "OPQ8x4": "OPQ96x4", "PQ4x8": "PQ48x8"}
    name = parts.get(codec, codec)
    for graph, least in ((None, 0.99), ("hnsw", 0.95)):
        index = lanner.Index(384, graph=graph, codec=name)
        if name == "PQ48x8":
            with pytest.warns(UserWarning, match="at least 9984 rows"):
                index.fit(papers.vectors)
        index.add(papers.vectors)
        assert index.codec == name
        found = index.measure_recall(papers.queries, k=10)
        assert found >= least
        alone = lanner.Index(384, graph=graph, codec=name, keep=None)
        if name == "PQ48x8":
            with pytest.warns(UserWarning, match="at least 9984 rows"):
                alone.fit(papers.vectors)
        alone.add(papers.vectors)
        assert alone.memory()["vectors"] < 0.25 * index.memory()["vectors"]


@pytest.mark.parametrize("metric", reference.FLOAT_METRICS)
@codecs
def test_estimates_err_to_neither_side(codec, metric):
    rows, queries = rows_of(3000, 64), rows_of(30, 64, seed=4)
    index = lanner.Index(64, metric, graph=None, codec=codec, keep=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        index.fit(rows)
    index.add(rows)
    hits = index.search(queries, k=3000)
    true = np.take_along_axis(reference.distances(queries, rows, metric), hits.ids, 1)
    scale = np.abs(true - np.median(true)).mean()
    error = (hits.distances - true) / scale
    assert np.sqrt((error**2).mean()) < 1.2  # half a bit a feature, at worst
    assert abs(error.mean()) < 0.1
    # A row's code, made as long as it must be, has the row's square as its product with the row.
    if metric == "l2":
        decoded, mean = index.get(range(3000)).astype(np.float64), rows.astype(np.float64).mean(0)
        products = ((decoded - mean) * (rows - mean)).sum(1)
        np.testing.assert_allclose(products, ((rows - mean) ** 2).sum(1), rtol=2e-3)


# The sieve


def check_batch(
    codec: str, metric: str, dim: int, count: int, asked: int, k: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    rows = rows_of(count + asked, dim, seed)
    index = made(codec, metric=metric, dim=dim, graph=None, keep=None)
    ids = index.add(rows[asked:])
    index.remove(ids[rng.random(count) < 0.1])
    queries = rows[:asked]
    everything = index.search(queries, count)  # no bound to sieve by
    for found in everything.ids:
        assert sorted(found[found >= 0]) == sorted(index)  # none that was removed
    batch = index.search(queries, k)
    for i, query in enumerate(queries):
        single = index.search(query, k)
        assert np.array_equal(batch.ids[i], single.ids)
        assert np.array_equal(batch.distances[i], single.distances)
        assert np.array_equal(everything.ids[i, :k], single.ids)
        assert np.array_equal(everything.distances[i, :k], single.distances)
    radius = float(np.median(batch.distances[:, -1]))
    within: Any = index.search_radius(queries, radius)
    for i, each in enumerate(within):
        near = everything.distances[i] <= radius
        assert np.array_equal(each.ids, everything.ids[i][near])


@settings(deadline=None, max_examples=60)
@given(
    codec=st.sampled_from(["PQ{}x4", "PQ{}x8", "Binary1", "Binary2", "Binary4"]),
    metric=st.sampled_from(reference.FLOAT_METRICS),
    parts=st.integers(1, 40),
    width=st.integers(1, 3),
    count=st.sampled_from([40, 300, 1500]),
    asked=st.integers(1, 5),
    k=st.integers(1, 30),
    seed=st.integers(0, 1000),
)
@example(codec="PQ{}x4", metric="cosine", parts=1, width=8, count=300, asked=3, k=3, seed=0)
@example(codec="PQ{}x8", metric="snr_item", parts=3, width=4, count=1500, asked=3, k=9, seed=0)
def test_scans_find_what_the_plain_sums_say(codec, metric, parts, width, count, asked, k, seed):
    dim = parts * width
    if metric in ("snr", "snr_item") and dim < 4:
        dim, parts = 4, 1  # fewer features have no spread to speak of
    check_batch(codec.format(parts), metric, dim, count, asked, k, seed)


@pytest.mark.parametrize("level", lanner.isa().available)
def test_scans_find_what_the_plain_sums_say_at_every_level(level):
    code = (
        "import test_small_codes as t\n"
        "for codec in ('PQ9x4', 'PQ9x8', 'Binary1', 'Binary3'):\n"
        "    for metric in ('l2', 'ip', 'cosine'):\n"
        "        t.check_batch(codec, metric, 45, 1100, 4, 10, 5)\n"
    )
    folder = os.path.dirname(__file__)
    path = os.pathsep.join([folder, *(each for each in sys.path if each)])
    environment = {**os.environ, "LANNER_ISA": level, "PYTHONPATH": path}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


# Fitting


@pytest.mark.parametrize("codec", ["PQ8x4", "OPQ8x4"])
@keeps
def test_rows_are_floats_until_codebooks_can_be_learnt(codec, keep, graph):
    rows = rows_of(900)
    index = lanner.Index(DIM, "l2", graph=graph, codec=codec, keep=keep)
    index.add(rows[:600])
    index.validate()
    np.testing.assert_allclose(
        index.get(range(600)), rows[:600], rtol=1e-6 if keep != "float16" else 1e-3, atol=1e-5
    )
    again = lanner.Index.from_bytes(index.to_bytes())
    assert index.search(rows[:9], k=5).ids.tolist() == again.search(rows[:9], k=5).ids.tolist()
    size = index.memory()["vectors"]
    for each in (index, again):
        each.add(rows[600:])
        each.validate()
    assert index.to_bytes() == again.to_bytes()
    assert index.memory()["vectors"] < size or keep is not None
    again = lanner.Index.from_bytes(index.to_bytes())  # every row is checked
    assert again.to_bytes() == index.to_bytes()
    if keep is None:
        error = np.linalg.norm(index.get(range(900)) - rows) / np.linalg.norm(rows)
        assert 0.05 < error < 0.6


def test_fit_says_what_is_wrong():
    index = lanner.Index(DIM, "l2", codec="PQ8x8")
    with pytest.raises(InvalidArgumentError, match="at least 256 rows to fit a codec, got 255"):
        index.fit(rows_of(255))
    with pytest.warns(UserWarning, match="at least 9984 rows to fit PQ8x8, got 300"):
        index.fit(rows_of(300))
    with pytest.raises(InvalidArgumentError, match="fitted once"):
        index.fit(rows_of(300))
    done = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lanner.Index(DIM, "l2", codec="PQ8x4").fit(
            rows_of(700), threads=2, progress=lambda *at: done.append(at)
        )
    assert done[-1] == (700, 700)


def test_interrupted_fit_leaves_the_index_as_it_was():
    index = lanner.Index(DIM, "l2", codec="OPQ8x4")
    index.add(rows_of(100))
    before = index.to_bytes()

    def stop(*_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.fit(rows_of(4000), progress=stop)
    assert index.to_bytes() == before


# Changes and files


@codecs
@pytest.mark.parametrize("metric", reference.FLOAT_METRICS)
def test_open_gives_back_what_was_saved(codec, metric, graph, tmp_path):
    rows = rows_of(700)
    for keep in ("dtype", None):
        index = made(codec, rows, metric, graph=graph, keep=keep)
        index.remove(range(0, 700, 5))
        path = tmp_path / f"{keep}.lanner"
        index.save(path)
        assert lanner.verify(path)["codec"] == codec
        again = lanner.open(path, writable=True)
        for each in (index, again):
            each.upsert(rows[:50] + 1, range(50))
        assert again.to_bytes() == index.to_bytes()
        mine, others = index.search(rows[:9], k=7), again.search(rows[:9], k=7)
        assert mine.ids.tolist() == others.ids.tolist()
        assert mine.distances.tobytes() == others.distances.tobytes()


@codecs
@pytest.mark.parametrize("level", lanner.isa().available)
def test_a_file_is_sound_at_every_level(codec, level, tmp_path):
    path = tmp_path / "index.lanner"
    made(codec, rows_of(600), graph=None).save(path)
    code = f"import lanner; lanner.verify({str(path)!r})"
    environment = {**os.environ, "LANNER_ISA": level}
    environment["PYTHONPATH"] = os.pathsep.join(each for each in sys.path if each)
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


@codecs
def test_codes_of_other_vectors_are_found_out(codec, tmp_path):
    path = tmp_path / "index.lanner"
    made(codec, rows_of(600), graph=None).save(path)
    sections = lanner.verify(path)["sections"]
    codes = next(each for each in sections if each["name"] == "codes")
    stride = codes["length"] // 600
    image = bytearray(path.read_bytes())
    one, other = (
        slice(codes["offset"] + at * stride, codes["offset"] + at * stride + stride)
        for at in (7, 8)
    )
    image[one] = image[other]
    path.write_bytes(plain_reader.sealed(image))
    lanner.open(path)  # every checksum is right
    with pytest.raises(lanner.FileFormatError, match="slot 7 is not the code of its vector"):
        lanner.verify(path)


@codecs
def test_compacting_codes_alone_changes_no_code(codec, graph, rng):
    index = made(codec, rows_of(700), graph=graph, keep=None)
    index.remove(range(0, 700, 2))
    ids = sorted(index)
    before = index.get(ids)
    for _ in range(3):
        index.compact()
        index.validate()
    assert np.array_equal(index.get(ids), before)
    index.add(rows_of(40, seed=8))
    index.validate()


@codecs
def test_durable_changes_are_repeated(codec, tmp_path):
    path = tmp_path / "index.lanner"
    lanner.Index(DIM, "l2", codec=codec, keep=None).save(path)
    rows = rows_of(1200)
    index = lanner.open(path, durable=True)
    index.add(rows[:500])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        if codec.endswith(("x8", "x4")):
            index.fit(rows)
    index.add(rows[500:])
    index.remove(range(100))
    index.compact()
    image = index.to_bytes()
    del index  # without closing it: what follows reads the journal
    again = lanner.open(path, durable=True)
    assert again.to_bytes() == image
    again.close()


@pytest.mark.parametrize("codec", CODECS)
def test_equal_vectors_stay_together(codec):
    rows = np.repeat(rows_of(60), 20, axis=0)
    index = made(codec, rows, keep=None)
    index.validate()
    hits = index.search(rows[::20][:10], k=20)
    # Estimates of equal codes are equal, so that ties go by id.
    assert (hits.distances[:, :1] == hits.distances).mean() > 0.5
    index.remove(range(0, 1200, 3))
    index.validate()


@pytest.mark.parametrize("codec", ALL)
def test_filters_go_with_every_codec(codec):
    rows, years = rows_of(5000), np.arange(5000) % 50
    for keep in ("dtype", None):
        index = made(codec, keep=keep)
        index.add(rows, attributes={"year": years})
        for condition, share in (("year == 3", 0.02), ("year < 20", 0.4), ("year >= 2", 0.96)):
            hits = index.search(rows[:20], k=10, filter=condition)
            assert (hits.ids >= 0).all()
            matching = {i for i in range(5000) if eval(condition, {"year": i % 50})}
            assert set(hits.ids.ravel().tolist()) <= matching
            assert len(matching) == pytest.approx(share * 5000)
            if keep is not None:
                true = index.search(rows[:20], k=10, filter=condition, exact=True).ids
                found = np.mean([np.isin(a, b).mean() for a, b in zip(hits.ids, true, strict=True)])
                assert found >= 0.9


def attributed(count: int, **options: Any) -> Any:
    index = lanner.Index(DIM, "l2", codec="PQ4x8", keep=None, **options)
    index.add(rows_of(count), attributes={"year": np.arange(count) % 50})
    return index


def test_sketches_follow_new_codes():
    index = attributed(3000)
    with pytest.warns(UserWarning, match="at least 9984"):
        index.fit(rows_of(2000))
    index.validate()
    assert lanner.Index.from_bytes(index.to_bytes()).to_bytes() == index.to_bytes()
    index = attributed(3000)
    index.add(rows_of(7000, seed=5), attributes={"year": np.zeros(7000, int)})
    index.validate()
    hits = index.search(rows_of(5), k=5, filter="year == 3")
    assert (hits.ids % 50 == 3).all()


@pytest.mark.parametrize("graph", ["hnsw", None])
def test_failed_add_takes_back_what_it_fitted(graph):
    index = attributed(3000, graph=graph)
    before = index.to_bytes()
    calls = []

    def stop(done: int, total: int) -> None:
        calls.append(done)
        if index.memory()["vectors"] < 3000 * DIM * 4 or done > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.add(rows_of(7500, seed=5), attributes={"year": np.zeros(7500, int)}, progress=stop)
    assert index.to_bytes() == before
    index.validate()
    lanner.Index.from_bytes(before)


def test_width_of_walks_is_measured_anew_over_new_codes():
    rows, queries = rows_of(10_500, 64), rows_of(200, 64, seed=4)
    index = lanner.Index(64, "l2", codec="PQ16x8")
    for first in range(0, 9000, 3000):
        index.add(rows[first : first + 3000])
    index.add(rows[9000:])  # 10,500: fitted now
    assert index.measure_recall(queries, k=10) >= 0.93


@pytest.mark.parametrize("keep", ["dtype", None])
def test_compacting_few_rows_keeps_the_codes_that_they_have(keep):
    index = lanner.Index(DIM, "l2", codec="PQ4x8", keep=keep)
    with pytest.warns(UserWarning, match="at least 9984"):
        index.fit(rows_of(1000))
    index.add(rows_of(2000))
    before, size = index.search(rows_of(9), k=5, rerank=0 if keep else None), index.memory()
    index.compact()
    index.validate()
    after = index.search(rows_of(9), k=5, rerank=0 if keep else None)
    assert after.distances.tobytes() == before.distances.tobytes()
    assert index.memory()["vectors"] == pytest.approx(size["vectors"], rel=0.1)


def test_searches_beside_the_add_that_fits():
    rows = rows_of(10_400)
    index = lanner.Index(DIM, "l2", codec="PQ4x8", keep=None)
    index.add(rows[:9000])
    stop, failed = threading.Event(), []

    def search() -> None:
        while not stop.is_set():
            hits = index.search(rows[:3], k=5)
            if not (np.isfinite(hits.distances).all() and (hits.ids >= 0).all()):
                failed.append(hits)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for each in threads:
        each.start()
    index.add(rows[9000:])
    stop.set()
    for each in threads:
        each.join()
    assert not failed
    index.validate()


def test_an_index_is_no_quantizer(tmp_path):
    path = tmp_path / "index.lanner"
    made("PQ8x4", rows_of(700)).save(path)
    with pytest.raises(lanner.FileFormatError, match="it is an index"):
        lanner.quantization.load(path)


# Names and budgets


def test_quantizers_and_names_say_the_same():
    for given_, name in (
        (PQ(8), "PQ8x8"),
        (PQ(8, bits=4), "PQ8x4"),
        (OPQ(16, bits=4), "OPQ16x4"),
        (Binary(2), "Binary2"),
        ("PQ8", "PQ8x8"),
        ("Binary", "Binary1"),
    ):
        index = lanner.Index(DIM, codec=given_, keep=None)
        assert index.codec == name
        assert f"codec={name!r}" in repr(index)
        assert lanner.Index(DIM, codec=index.codec).codec == name


@pytest.mark.parametrize(
    ("codec", "error", "says"),
    [
        ("PQ5x4", InvalidArgumentError, "divides the dimension, 32, got 5"),
        ("PQ64x4", InvalidArgumentError, "divides the dimension, 32, got 64"),
        ("PQ8x5", InvalidArgumentError, "4 or 8 bits a part, got 5"),
        ("OPQ0x4", InvalidArgumentError, "codec must be auto, SQ8"),
        ("PQ99999999999999x4", InvalidArgumentError, "codec must be auto, SQ8"),
        ("PQ8x", InvalidArgumentError, "codec must be auto, SQ8"),
        ("Binary5", InvalidArgumentError, "1 to 4 bits a feature, got 5"),
        ("SQ88", InvalidArgumentError, "codec must be auto, SQ8"),
        ("pq8x4", InvalidArgumentError, "got 'pq8x4'"),
        (
            8,
            WrongTypeError,
            "codec must be a str, a PQ, OPQ or Binary of lanner.quantization, or None, got int",
        ),
        (Reduce(4), WrongTypeError, "or Binary of lanner.quantization, or None, got Reduce"),
        (PQ, WrongTypeError, "got the class PQ"),
        ("none", InvalidArgumentError, "codec must be None for no codec"),
    ],
)
def test_codecs_that_cannot_be_are_refused(codec, error, says):
    with pytest.raises(error, match=says):
        lanner.Index(DIM, codec=codec)


def test_a_fitted_quantizer_is_refused():
    with pytest.raises(InvalidArgumentError, match="not fitted, as an index fits its own"):
        lanner.Index(DIM, codec=PQ(8, bits=4).fit(rows_of(700)))


@settings(deadline=None, max_examples=60)
@given(dim=st.integers(1, 300), budget=st.integers(1, 2000), metric=st.sampled_from(["l2", "snr"]))
def test_a_budget_is_kept(dim, budget, metric):
    try:
        index = lanner.Index(dim, metric, memory_budget=budget)
    except InvalidArgumentError as error:
        least = int(str(error).split("at least ")[1].split()[0])
        assert least > budget
        assert lanner.Index(dim, metric, memory_budget=least).bytes_a_vector == least
        return
    assert index.bytes_a_vector <= budget
    rows = np.random.default_rng(0).standard_normal((700, dim)).astype(np.float32)
    index.add(rows)
    # Pages are of a power of two of rows; the budget is a row's.
    assert index.memory()["vectors"] <= 1024 * index.bytes_a_vector
    if index.codec is None:
        assert index.codec_recall is None
        return
    assert 0 < index.codec_recall <= 1
    assert lanner.Index.from_bytes(index.to_bytes()).codec_recall == index.codec_recall


def test_the_largest_codes_that_fit_are_taken():
    for dim, budget, codec in (
        (127, 64, "Binary3"),
        (100, 64, "Binary3"),
        (384, 60, "OPQ96x4"),
        (384, 160, "Binary3"),
        (384, 108, "OPQ192x4"),
        (128, 64, "Binary3"),
        (384, 204, "SQ4"),
        (384, 396, "SQ8"),
    ):
        index = lanner.Index(dim, memory_budget=budget)
        assert (index.codec, index.keep) == (codec, None)
    for budget, kept in ((1000, "float16"), (1540, "float32"), (1744, "float32")):
        index = lanner.Index(384, memory_budget=budget)
        assert (index.codec, index.keep) == (None if budget == 1540 else "SQ4", kept)


def test_what_codes_find_is_remembered(tmp_path):
    path = tmp_path / "index.lanner"
    lanner.Index(DIM, memory_budget=32).save(path)
    index = lanner.open(path, durable=True)
    assert index.codec_recall is None
    index.add(rows_of(1000))
    known = index.codec_recall
    assert 0.2 < known < 1
    index.compact()
    assert index.codec_recall == known
    index.close()
    again = lanner.open(path, durable=True)
    assert again.codec_recall == known
    again.close()


def test_what_codes_find_is_what_searches_find():
    rows = rows_of(640)
    index = lanner.Index(DIM, "l2", graph=None, memory_budget=24)
    exact = lanner.Index(DIM, "l2", graph=None)
    index.add(rows)
    exact.add(rows)
    common = 0
    for row in range(0, 640, 5):
        nearest = []
        for each in (exact, index):
            ids = each.search(rows[row], k=11).ids.tolist()
            nearest.append({i for i in ids if i != row} if row in ids else set(ids[:10]))
        common += len(nearest[0] & nearest[1])
    assert index.codec_recall == pytest.approx(common / 1280, abs=1e-6)


def test_a_budget_for_vectors_that_cannot_be_is_refused_at_once():
    for dim in (65_537, 2_000_000_000):
        with pytest.raises(InvalidArgumentError, match="dim must be between 1 and 65536"):
            lanner.Index(dim, memory_budget=64)
    assert lanner.Index(8192, memory_budget=2048).codec.startswith("PQ")
    with pytest.raises(InvalidArgumentError, match="OPQ takes at most 4096 dimensions, got 8192"):
        lanner.Index(8192, codec="OPQ8x4")


def test_more_bytes_find_more(papers):
    found = []
    for budget in (40, "0.06 kB", 250, "400"):
        index = lanner.Index(384, memory_budget=budget)
        assert index.codec_recall is None
        index.add(papers.vectors)
        found.append(index.codec_recall)
        # What was said is what happens, to queries that were not there.
        alone = index.measure_recall(papers.queries, k=10, exact=True) if index.keep else None
        assert alone in (None, 1.0)
    assert found == sorted(found)
    assert found[0] > 0.4
    assert found[-1] > 0.98


@pytest.mark.parametrize(
    ("budget", "says"),
    [
        (0, "memory_budget must be at least 1"),
        ("12", None),
        ("64 MB", "number of bytes a vector"),
        ("a few", "number of bytes a vector"),
        ("9" * 400, "number of bytes a vector"),
        (64.0, "memory_budget must be an integer"),
    ],
)
def test_budgets_that_cannot_be_are_refused(budget, says):
    with pytest.raises((InvalidArgumentError, WrongTypeError), match=says):
        lanner.Index(384, memory_budget=budget)
    with pytest.raises(InvalidArgumentError, match="chooses codec and keep"):
        lanner.Index(384, memory_budget=64, codec="SQ8")
    with pytest.raises(InvalidArgumentError, match="has none"):
        lanner.Index(384, "hamming", "bits", memory_budget=64)
