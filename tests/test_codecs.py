"""Indexes over codes: what they find, what they keep, and that nothing depends on threads."""

from __future__ import annotations

import copy
import pickle
import threading

import numpy as np
import plain_reader
import pytest
import reference

import lanner
from lanner import InvalidArgumentError, WrongTypeError

CODECS = ("SQ8", "SQ4")
codecs = pytest.mark.parametrize("codec", CODECS)
# With those of test_small_codes.py, which 1,000 rows fit.
every = pytest.mark.parametrize("codec", [*CODECS, "PQ8x4", "OPQ8x4", "Binary1", "Binary3"])
metrics = pytest.mark.parametrize("metric", reference.FLOAT_METRICS)


def rows_of(count, dim=32, seed=3):
    rng = np.random.default_rng(seed)
    # Off the origin, so that the mean matters, and of unlike lengths.
    rows = rng.standard_normal((count, dim)) + rng.standard_normal(dim)
    return (rows * np.exp(rng.normal(0, 0.2, (count, 1)))).astype(np.float32)


# Recall


@codecs
@pytest.mark.parametrize("keep", ["dtype", "float16"])
def test_recall_with_vectors_kept(papers, codec, keep):
    index = lanner.Index(384, codec=codec, keep=keep)
    index.add(papers.vectors)
    assert index.measure_recall(papers.queries, k=10) >= 0.985  # measured: 1.000 each


@pytest.mark.parametrize(("codec", "least"), [("SQ8", 0.97), ("SQ4", 0.87)])
def test_recall_of_codes_alone(papers, codec, least):
    index = lanner.Index(384, codec=codec, keep=None)
    index.add(papers.vectors)
    truth = lanner.Index(384, graph=None)
    truth.add(papers.vectors)
    true = truth.search(papers.queries, k=10).distances[:, -1:]
    found = index.search(papers.queries, k=10).ids
    near = np.stack(
        [
            lanner.distances(query, papers.vectors[ids])
            for query, ids in zip(papers.queries, found, strict=True)
        ]
    )
    assert (near <= true + 1e-6).mean() >= least  # measured: 0.990, 0.907


@codecs
@metrics
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int8", "uint8"])
def test_recall_under_every_metric_and_dtype(codec, metric, dtype, graph):
    rng = np.random.default_rng(5)
    centres = reference.random_vectors(rng, metric, dtype, 40, 24).astype(np.float32)
    noise = rng.standard_normal((4040, 24)) * centres.std() * 0.4
    rows = centres[np.arange(4040) % 40] + noise
    if dtype in reference.INTEGER_DTYPES:
        bounds = np.iinfo(dtype)
        rows = np.clip(np.round(rows), bounds.min, bounds.max)
    index = lanner.Index(24, metric, dtype, graph=graph, codec=codec)
    index.add(rows[:4000].astype(np.float32))
    found = index.measure_recall(rows[4000:].astype(np.float32), k=10)
    assert found >= 0.95  # measured: 0.985 at least


@every
def test_distances_are_true_ones_where_vectors_are_kept(codec, graph):
    rows, queries = rows_of(2000), rows_of(20, seed=4)
    for metric in reference.FLOAT_METRICS:
        index = lanner.Index(32, metric, graph=graph, codec=codec)
        index.add(rows)
        hits = index.search(queries, k=5)
        reference.check_hits(hits, queries, rows, range(2000), metric, 5, complete=False)


@codecs
def test_more_looked_at_again_finds_no_less(codec, graph):
    rows, queries = rows_of(4000), rows_of(100, seed=4)
    index = lanner.Index(32, "l2", graph=graph, codec=codec)
    index.add(rows)
    ef = {"ef": 200} if graph else {}
    exact = index.search(queries, k=10, exact=True).ids
    shares = []
    for rerank in (10, 20, 200):
        found = index.search(queries, k=10, rerank=rerank, **ef).ids
        shares.append(np.mean([np.isin(a, b).mean() for a, b in zip(found, exact, strict=True)]))
    assert shares == sorted(shares)
    assert shares[-1] >= 0.98
    estimates = index.search(queries, k=10, rerank=0, **ef)
    true = lanner.distances(queries, rows, "l2")
    near = np.take_along_axis(true, estimates.ids, 1)
    assert not np.array_equal(estimates.distances, near)
    np.testing.assert_allclose(estimates.distances, near, atol=0.15 * true.mean())


# Codes alone


@codecs
@metrics
def test_get_returns_about_what_was_put_in(codec, metric, graph):
    rows = rows_of(1000, dim=64)
    index = lanner.Index(64, metric, graph=graph, codec=codec, keep=None)
    ids = index.add(rows)
    error = np.linalg.norm(index.get(ids) - rows, axis=1) / np.linalg.norm(rows, axis=1)
    # Of normal numbers 16 levels lose 0.107 of the length (Max 1960), 255 levels over three
    # deviations either way 0.007; the mean takes part of the length before.
    assert error.max() < (0.02 if codec == "SQ8" else 0.2)


@codecs
@metrics
def test_estimates_err_little_and_to_neither_side(codec, metric):
    rows, queries = rows_of(3000, dim=128), rows_of(30, dim=128, seed=4)
    index = lanner.Index(128, metric, graph=None, codec=codec, keep=None)
    index.add(rows)
    hits = index.search(queries, k=3000)
    true = np.take_along_axis(reference.distances(queries, rows, metric), hits.ids, 1)
    scale = np.abs(true - np.median(true)).mean()
    error = (hits.distances - true) / scale
    assert np.sqrt((error**2).mean()) < (0.03 if codec == "SQ8" else 0.3)
    assert abs(error.mean()) < (0.005 if codec == "SQ8" else 0.02)


@codecs
def test_codes_alone_take_little_memory(codec):
    rows = np.ones((65_536, 256), np.float32)
    plain = lanner.Index(256, "l2", graph=None)
    plain.add(rows)
    index = lanner.Index(256, "l2", graph=None, codec=codec, keep=None)
    index.add(rows)
    share = index.memory()["vectors"] / plain.memory()["vectors"]
    assert share < (0.30 if codec == "SQ8" else 0.17)


def mean_edge(index, rows, path):
    """Return how far apart, truly, the ends of an edge of the ground layer are."""
    index.save(path)
    neighbours = plain_reader.read(path)["neighbours"]
    return np.mean(
        [np.linalg.norm(rows[a] - rows[b]) for a, near in neighbours.items() for b in near]
    )


@every
def test_graph_over_codes_alone_joins_rows_that_are_near(codec, tmp_path):
    """By the vectors at hand, not by what is kept of them: PQ8x4 makes edges a quarter longer."""
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((50, 32))[rng.integers(0, 50, 2000)] * 3
    rows = (rows + rng.standard_normal(rows.shape)).astype(np.float32)
    plain = lanner.Index(32, "l2", codec=None)
    plain.add(rows)
    index = lanner.Index(32, "l2", codec=codec, keep=None)
    index.add(rows[:1000])
    index.add(rows[1000:])
    apart = mean_edge(plain, rows, tmp_path / "plain")
    alone = lanner.Index(32, "l2", codec=codec, keep=None)
    alone.add(rows)
    assert mean_edge(alone, rows, tmp_path / "alone") == pytest.approx(apart, rel=0.01)
    assert mean_edge(index, rows, tmp_path / "twice") < 1.15 * apart


def test_zero_and_constant_vectors_are_where_the_metric_puts_them():
    rows = rows_of(400, dim=16)
    rows[7] = 0
    rows[8] = 2
    for codec in CODECS:
        for keep in ("dtype", None):
            cosine = lanner.Index(16, "cosine", graph=None, codec=codec, keep=keep)
            cosine.add(rows)
            by_id = dict(iter(cosine.search(rows[0], k=400)))
            assert abs(by_id[7] - 1) < 0.05
            np.testing.assert_allclose(cosine.search(np.zeros(16), k=400).distances, 1, atol=0.05)
            snr = lanner.Index(16, "snr_item", graph=None, codec=codec, keep=keep)
            snr.add(rows)
            hits = dict(iter(snr.search(rows[0], k=400)))
            assert hits[7] == hits[8] == np.inf


# Fitting


@codecs
@pytest.mark.parametrize("keep", ["dtype", None])
def test_codes_of_the_first_vectors_are_made_anew_once_there_are_enough(codec, keep, graph):
    rows = rows_of(400) + 30  # far off the origin: codes about zero are poor
    index = lanner.Index(32, "l2", graph=graph, codec=codec, keep=keep)
    index.add(rows[:200])
    before = index.search(rows[:200], k=1)
    index.add(rows[200:], threads=2)
    index.validate()
    again = pickle.loads(pickle.dumps(index))  # verified: codes are those of their vectors
    found = again.search(rows, k=1)
    if keep is None:
        worse = before.distances.max() if codec == "SQ8" else 50.0
        assert np.median(found.distances) < worse
        assert (before.distances >= 0).all()  # estimates come as distances
    else:
        assert found.ids.ravel().tolist() == list(range(400))


@codecs
def test_fit_comes_before_the_first_vectors(codec):
    rows = rows_of(600)
    index = lanner.Index(32, "l2", codec=codec, keep=None)
    index.fit(rows)
    assert len(index) == 0
    for row in rows[:50]:
        index.add(row)
    error = np.linalg.norm(index.get(range(50)) - rows[:50]) / np.linalg.norm(rows[:50])
    assert error < (0.01 if codec == "SQ8" else 0.15)
    with pytest.raises(InvalidArgumentError, match="fitted once"):
        index.fit(rows)
    assert copy.copy(index).to_bytes() == index.to_bytes()


def test_fit_says_what_is_wrong():
    index = lanner.Index(32, "l2", codec="SQ8")
    with pytest.raises(InvalidArgumentError, match="at least 256 rows to fit a codec, got 255"):
        index.fit(rows_of(255))
    with pytest.raises(InvalidArgumentError, match="dim 32, got 31"):
        index.fit(rows_of(300, dim=31))
    with pytest.raises(InvalidArgumentError, match="row 4 holds NaN"):
        index.fit(np.where(np.arange(300)[:, None] == 4, np.nan, rows_of(300)))
    with pytest.raises(InvalidArgumentError, match="has none"):
        lanner.Index(32, "l2").fit(rows_of(300))
    index.fit(rows_of(256))


# Changes


@every
@pytest.mark.parametrize("keep", ["dtype", "float16", None])
def test_index_is_the_same_on_any_number_of_threads(codec, keep, graph):
    rows = rows_of(1500)
    made = []
    for threads in (1, 2, 5):
        index = lanner.Index(32, "cosine", graph=graph, codec=codec, keep=keep)
        index.add(rows[:100], threads=threads)
        index.add(rows[100:1200], threads=threads)
        index.remove(range(0, 300, 3), threads=threads)
        index.upsert(rows[1200:], range(1, 301), threads=threads)
        made.append(index.to_bytes())
    assert made[0] == made[1] == made[2]


class StopError(Exception):
    pass


@codecs
@pytest.mark.parametrize("keep", ["dtype", None])
@pytest.mark.parametrize("there", [0, 100, 300])
def test_stopped_add_leaves_everything_as_it_was(codec, keep, there, graph):
    rows = rows_of(900)
    index = lanner.Index(32, "l2", graph=graph, codec=codec, keep=keep)
    if there:
        index.add(rows[:there])
        index.remove(range(0, there, 7))
    before = index.to_bytes()
    answers = index.search(rows[:5], k=5).distances.tobytes() if there else b""

    def stop(done: int, total: int) -> None:
        if done >= (300 if graph else 0):
            raise StopError

    with pytest.raises(StopError):
        index.add(rows[300:], progress=stop)
    assert index.to_bytes() == before
    if there:
        assert index.search(rows[:5], k=5).distances.tobytes() == answers
    index.add(rows[300:], range(1000, 1600))
    other = lanner.Index.from_bytes(before)
    other.add(rows[300:], range(1000, 1600))
    assert index.to_bytes() == other.to_bytes()


@codecs
@pytest.mark.parametrize("keep", ["dtype", None])
def test_equal_vectors_stay_equal(codec, keep, graph):
    rows = np.repeat(rows_of(300), 5, axis=0)
    index = lanner.Index(32, "l2", graph=graph, codec=codec, keep=keep)
    index.add(rows)
    index.validate()
    hits = index.search(rows[:25:5], k=5)
    assert [sorted(row) for row in hits.ids.tolist()] == [
        list(range(first, first + 5)) for first in range(0, 25, 5)
    ]
    assert (hits.ids == np.sort(hits.ids)).all()
    index.remove(range(0, 1500, 5))
    index.validate()
    assert index.search(rows[0], k=4).ids.tolist() == [1, 2, 3, 4]


@codecs
def test_radius_is_drawn_through_true_distances(codec, graph):
    rows, query = rows_of(4000), rows_of(1, seed=9)[0]
    index = lanner.Index(32, "l2", graph=graph, codec=codec)
    index.add(rows)
    true = lanner.distances(query, rows, "l2")
    radius = float(np.partition(true, 60)[60])
    hits = index.search_radius(query, radius, **({"ef": 300} if graph else {}))
    assert set(hits.ids.tolist()) <= set(np.flatnonzero(true <= radius).tolist())
    assert len(hits.ids) >= 55
    exact = index.search_radius(query, radius, exact=True)
    assert sorted(exact.ids.tolist()) == np.flatnonzero(true <= radius).tolist()


@codecs
def test_neighbours_of_stored_items(codec, graph):
    rows = rows_of(3000)
    index = lanner.Index(32, "cosine", graph=graph, codec=codec)
    index.add(rows)
    truth = index.search_by_id(range(50), k=5, exact=True)
    found = index.search_by_id(range(50), k=5)
    assert np.isin(found.ids, truth.ids).mean() >= 0.95
    assert not (found.ids == np.arange(50)[:, None]).any()


@codecs
@pytest.mark.parametrize("keep", ["dtype", None])
def test_searches_beside_the_fitting_see_either_codes_whole(codec, keep):
    rows, queries = rows_of(700) + 20, rows_of(40, seed=4) + 20
    true = lanner.distances(queries, rows, "l2")
    # Above what codes about zero err by here, and below what a query for one mean would find among
    # codes about another: with means 20 apart in each of 32 features, some 13,000.
    slack = 1e-3 * true.max() if keep else (400.0 if codec == "SQ8" else 4000.0)
    for _ in range(5):
        index = lanner.Index(32, "l2", codec=codec, keep=keep)
        index.add(rows[:250])
        wrong: list[float] = []
        done = threading.Event()

        def look(index=index, wrong=wrong, done=done) -> None:
            while not done.is_set():
                for hits, row in zip(index.search(queries, k=5, threads=1), true, strict=True):
                    wrong.append(float(np.abs(hits.distances - row[hits.ids]).max()))

        thread = threading.Thread(target=look)
        thread.start()
        for first in range(250, 700, 50):
            index.add(rows[first : first + 50], threads=1)
        done.set()
        thread.join()
        assert wrong
        assert max(wrong) <= slack


# The codec that nobody named


@pytest.mark.parametrize(
    ("options", "codec"),
    [
        ({"dim": 63}, None),
        ({"dim": 64}, "SQ8"),
        ({"dim": 127, "metric": "l2"}, "SQ8"),
        ({"dim": 128, "metric": "ip"}, "SQ4"),
        ({"dim": 384, "dtype": "float16", "metric": "snr"}, "SQ4"),
        ({"dim": 384, "dtype": "int8"}, None),
        ({"dim": 384, "dtype": "uint8"}, None),
        ({"dim": 384, "dtype": "bits", "metric": "hamming"}, None),
        ({"dim": 384, "graph": None}, None),
        ({"dim": 384, "codec": None}, None),
        ({"dim": 8, "codec": "SQ4"}, "SQ4"),
    ],
)
def test_codec_is_chosen_by_dimension_and_dtype(options, codec):
    index = lanner.Index(**options)
    assert index.codec == codec
    assert (f"codec={codec!r}" in repr(index)) == (codec is not None)
    assert index.keep == index.dtype
    assert lanner.Index.from_bytes(index.to_bytes()).codec == codec


@pytest.mark.parametrize(
    ("options", "codec"),
    [
        ({"dim": 8}, "SQ8"),
        ({"dim": 63, "metric": "ip"}, "SQ8"),
        ({"dim": 64, "metric": "snr"}, "SQ8"),
        ({"dim": 128, "metric": "l2"}, "SQ4"),
        ({"dim": 384, "graph": None}, "SQ8"),
        ({"dim": 8, "dtype": "float16"}, "SQ8"),
        ({"dim": 8, "dtype": "int8"}, "SQ4"),
        ({"dim": 384, "dtype": "uint8"}, "SQ4"),
    ],
)
@pytest.mark.parametrize("keep", [None, "float16"])
def test_who_keeps_less_gets_codes(options, codec, keep):
    if keep and options.get("dtype") is not None:
        options = {**options, "dtype": "float32", "codec": codec}
    index = lanner.Index(**options, keep=keep)
    assert (index.codec, index.keep) == (codec, keep)
    vectors = lanner.Index(**options, codec=None) if "codec" not in options else None
    assert vectors is None or index.bytes_a_vector < vectors.bytes_a_vector + 12


def test_chosen_codec_is_the_named_one(rng):
    rows = rng.standard_normal((300, 130))
    chosen, named = lanner.Index(130), lanner.Index(130, codec="SQ4")
    chosen.add(rows)
    named.add(rows)
    assert chosen.to_bytes() == named.to_bytes()


def test_distances_are_true_whatever_was_chosen(rng):
    rows = rng.standard_normal((3000, 128)).astype(np.float32)
    index, plain = lanner.Index(128), lanner.Index(128, graph=None)
    for each in (index, plain):
        each.add(rows)
    hits = index.search(rows[:20], k=5, ef=50)
    true = plain.search(rows[:20], k=3000)
    for mine, all_of_them in zip(hits, true, strict=True):
        place = {id: at for at, id in enumerate(all_of_them.ids.tolist())}
        same = all_of_them.distances[[place[id] for id in mine.ids.tolist()]]
        same = np.maximum(same, 0)  # an index with codes reports none below
        np.testing.assert_array_equal(mine.distances, same)


# Words


def test_parameters_are_checked():
    for arguments, match in (
        ({"codec": "SQ2"}, "codec must be auto, SQ8, SQ4, .* got 'SQ2'"),
        ({"codec": "SQ8", "keep": "int8"}, "keep must be one of"),
        ({"codec": "SQ8", "keep": "float16", "dtype": "bfloat16"}, "keep must be one of"),
        ({"codec": None, "keep": None}, "codec=None has none; got None"),
        ({"codec": None, "keep": "float16"}, "codec=None has none; got 'float16'"),
        ({"dtype": "bits", "metric": "hamming", "keep": None}, "dtype bits has none; got None"),
        ({"keep": "int8"}, "keep must be one of"),
        ({"keep": "float16", "dtype": "int8"}, "keep must be one of"),
        ({"codec": "SQ8", "dtype": "bits", "metric": "hamming"}, "codec must be None for dtype"),
    ):
        with pytest.raises(InvalidArgumentError, match=match):
            lanner.Index(8, **arguments)
    for arguments in ({"codec": 8}, {"codec": "SQ8", "keep": 16}):
        with pytest.raises(WrongTypeError):
            lanner.Index(8, **arguments)
    for options, match in (
        ({}, "this index has no codec"),
        ({"codec": "SQ8", "keep": None}, "this index keeps none"),
    ):
        with pytest.raises(InvalidArgumentError, match=match):
            lanner.Index(8, **options).search(np.ones(8), rerank=5)
    index = lanner.Index(8, codec="SQ8")
    with pytest.raises(InvalidArgumentError, match="exact=True looks at vectors alone"):
        index.search(np.ones(8), rerank=5, exact=True)
    with pytest.raises(InvalidArgumentError, match="rerank must be at least 0"):
        index.search(np.ones(8), rerank=-1)
    assert (index.codec, index.keep) == ("SQ8", "float32")
    assert "codec='SQ8', keep='float32'" in repr(index)
    assert (lanner.Index(8).codec, lanner.Index(8).keep) == (None, "float32")
    assert lanner.Index(8, codec="SQ4", keep=None).keep is None


def test_values_that_float16_cannot_hold_are_refused():
    index = lanner.Index(4, "l2", codec="SQ8", keep="float16")
    with pytest.raises(InvalidArgumentError, match="float16"):
        index.add([[1e5, 0, 0, 0]])
    assert index.dtype == "float32"
    index.add([[1 / 3, 0, 0, 1]])
    vector = index.get(0)
    assert vector.dtype == np.float32
    assert vector[0] == np.float32(np.float16(1 / 3))
