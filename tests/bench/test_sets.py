"""Data sets by path and made ones: rows, queries and answers are those that the files hold."""

from __future__ import annotations

import pathlib

import numpy as np
import pytest

from bench import filters, sets
from bench.dataset import DataSet, exact_distances
from bench.sets import folder

GENERATOR = np.random.default_rng(3)
BASE = GENERATOR.standard_normal((400, 24)).astype(np.float32)
QUERIES = GENERATOR.standard_normal((20, 24)).astype(np.float32)
DEPTH = 30


def neighbours(metric: str, base=BASE, queries=QUERIES) -> np.ndarray:
    data = DataSet("", metric, base, queries)
    distances = np.array([data.distances(query[None], base) for query in queries])
    return np.argsort(distances, axis=1, kind="stable")[:, :DEPTH].astype(np.int32)


def truth(metric: str, base=BASE, queries=QUERIES) -> np.ndarray:
    return exact_distances(DataSet("", metric, base, queries), DEPTH)


def write_block(path: pathlib.Path, array: np.ndarray, *more: np.ndarray) -> None:
    with path.open("wb") as file:
        np.array(array.shape, "<u4").tofile(file)
        for each in (array, *more):
            each.tofile(file)


def write_rows(path: pathlib.Path, array: np.ndarray) -> None:
    with path.open("wb") as file:
        for row in array:
            np.array([len(row)], "<i4").tofile(file)
            row.tofile(file)


def check(data: DataSet, metric: str) -> None:
    assert data.metric == metric
    np.testing.assert_array_equal(data.base, BASE)
    np.testing.assert_array_equal(data.queries, QUERIES)
    assert data.truth is not None
    assert data.truth.dtype == np.float32
    np.testing.assert_allclose(data.truth, truth(metric), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("query", ["query.fbin", "query.public.10K.fbin", "queries.fbin"])
@pytest.mark.parametrize("pair", [False, True])
def test_billion_scale_names_are_found_beside_the_base(tmp_path, query, pair):
    write_block(tmp_path / "base.1M.fbin", BASE)
    write_block(tmp_path / query, QUERIES)
    ids = neighbours("l2")
    write_block(tmp_path / "groundtruth.ibin", ids, *([truth("l2")] if pair else []))
    check(sets.load(str(tmp_path / "base.1M.fbin")), "l2")


def test_metric_follows_a_number_sign(tmp_path):
    write_block(tmp_path / "base.fbin", BASE)
    write_block(tmp_path / "query.fbin", QUERIES)
    write_block(tmp_path / "groundtruth.ibin", neighbours("ip"))
    check(sets.load(f"{tmp_path / 'base.fbin'}#ip"), "ip")
    with pytest.raises(SystemExit, match="another metric"):
        sets.load(f"{tmp_path / 'base.fbin'}#l2")
    with pytest.raises(SystemExit, match="metric must be one of"):
        sets.load(f"{tmp_path / 'base.fbin'}#cosin")


def test_answers_for_another_base_are_refused(tmp_path):
    write_block(tmp_path / "base.fbin", BASE)
    write_block(tmp_path / "query.fbin", QUERIES)
    write_block(tmp_path / "groundtruth.ibin", neighbours("l2") + 1000)
    with pytest.raises(SystemExit, match="row numbers below 400"):
        sets.load(str(tmp_path / "base.fbin"))
    write_block(tmp_path / "groundtruth.ibin", neighbours("l2")[:5])
    with pytest.raises(SystemExit, match="a row for each of 20 queries"):
        sets.load(str(tmp_path / "base.fbin"))


def test_texmex_names_are_found_beside_the_base(tmp_path):
    write_rows(tmp_path / "sift_base.fvecs", BASE)
    write_rows(tmp_path / "sift_query.fvecs", QUERIES)
    write_rows(tmp_path / "sift_groundtruth.ivecs", neighbours("cosine"))
    # Of another set in the same folder.
    write_rows(tmp_path / "gist_query.fvecs", QUERIES[:3])
    check(sets.load(f"{tmp_path / 'sift_base.fvecs'}#cosine"), "cosine")


@pytest.mark.parametrize(
    ("name", "dtype"), [("base.u8bin", np.uint8), ("base.i8bin", np.int8), ("base.bvecs", np.uint8)]
)
def test_bytes_become_float32(tmp_path, name, dtype):
    low = np.iinfo(dtype).min
    rows = GENERATOR.integers(low, low + 256, (300, 8)).astype(dtype)
    (write_rows if name.endswith("vecs") else write_block)(tmp_path / name, rows)
    data = sets.load(str(tmp_path / name))
    assert data.base.dtype == data.queries.dtype == np.float32
    np.testing.assert_array_equal(np.concatenate([data.base, data.queries]), rows)


def test_last_rows_are_held_out_where_there_are_no_queries(tmp_path):
    np.save(tmp_path / "papers.npy", BASE.astype(np.float16))
    data = sets.load(str(tmp_path / "papers.npy"))
    assert (len(data.base), len(data.queries)) == (360, 40)
    np.testing.assert_array_equal(data.queries, BASE[360:].astype(np.float16))
    assert data.truth is None
    assert folder.held_out_rows(12_000) == 1000


def test_npy_takes_its_stem_as_the_name_of_the_set(tmp_path):
    np.save(tmp_path / "papers.npy", BASE)
    np.save(tmp_path / "papers_query.npy", QUERIES)
    np.save(tmp_path / "papers_groundtruth.npy", neighbours("l2"))
    np.save(tmp_path / "other_query.npy", QUERIES[:2])
    check(sets.load(str(tmp_path / "papers.npy")), "l2")


def test_several_queries_are_ambiguous_unless_one_is_public(tmp_path):
    write_block(tmp_path / "base.fbin", BASE)
    write_block(tmp_path / "query.private.fbin", QUERIES[:2])
    write_block(tmp_path / "query.heldout.fbin", QUERIES[:3])
    with pytest.raises(SystemExit, match="one called public"):
        sets.load(str(tmp_path / "base.fbin"))
    write_block(tmp_path / "query.public.fbin", QUERIES)
    np.testing.assert_array_equal(sets.load(str(tmp_path / "base.fbin")).queries, QUERIES)


def test_bool_rows_are_packed_for_hamming(tmp_path):
    bits = BASE > 0
    np.save(tmp_path / "base.npy", bits)
    np.save(tmp_path / "query.npy", QUERIES > 0)
    data = sets.load(str(tmp_path / "base.npy")).with_truth()
    assert (data.metric, data.dim, data.base.shape) == ("hamming", 24, (400, 3))
    nearest = ((QUERIES > 0)[:, None] != bits[None]).sum(axis=2).min(axis=1)
    np.testing.assert_array_equal(data.truth[:, 0], nearest)


def test_nan_and_unequal_dimensions_are_refused(tmp_path):
    np.save(tmp_path / "base.npy", BASE)
    np.save(tmp_path / "query.npy", QUERIES[:, :20])
    with pytest.raises(SystemExit, match="must have rows of 24"):
        sets.load(str(tmp_path / "base.npy"))
    np.save(tmp_path / "base.npy", np.where(BASE > 2, np.nan, BASE))
    with pytest.raises(SystemExit, match="must be finite"):
        sets.load(str(tmp_path / "base.npy"))


def test_parquet_brings_columns_to_filter_by(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = {
        "vectors": arrow.array(list(BASE), arrow.list_(arrow.float32())),
        "year": arrow.array([2000 + row % 20 for row in range(400)]),
        "codes": arrow.array([[row % 3, 7] for row in range(400)]),
    }
    parquet.write_table(arrow.table(table), tmp_path / "papers.parquet")
    data = sets.load(f"{tmp_path / 'papers.parquet'}#cosine")
    np.testing.assert_array_equal(data.base, BASE[:360])
    columns = data.read_attributes()
    assert sorted(columns) == ["codes", "year"]
    assert len(columns["year"]) == 360
    assert columns["codes"][5] == [2, 7]


@pytest.mark.parametrize(
    ("distance", "metric"), [("euclidean", "l2"), ("angular", "cosine"), ("dot", "ip")]
)
def test_ann_benchmarks_files_keep_rows_and_answers(tmp_path, distance, metric):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "some.hdf5", "w") as file:
        file.attrs["distance"] = distance
        file["train"], file["test"], file["neighbors"] = BASE, QUERIES, neighbours(metric)
        # Unsquared, as they are there; ours come out squared all the same.
        file["distances"] = np.sqrt(np.abs(truth(metric)))
    check(sets.load(str(tmp_path / "some.hdf5")), metric)


def test_ann_benchmarks_bits_are_counted_not_averaged(tmp_path):
    h5py = pytest.importorskip("h5py")
    base, queries = (np.packbits(each > 0, axis=1, bitorder="little") for each in (BASE, QUERIES))
    with h5py.File(tmp_path / "bits.hdf5", "w") as file:
        file.attrs["distance"] = "hamming"
        file["train"], file["test"] = BASE > 0, QUERIES > 0
        file["neighbors"] = neighbours("hamming", base, queries)
    data = sets.load(str(tmp_path / "bits.hdf5"))
    np.testing.assert_array_equal(data.truth, truth("hamming", base, queries))
    assert data.truth.max() > 1


def test_ann_benchmarks_metric_that_the_harness_lacks_is_named(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "sets.hdf5", "w") as file:
        file.attrs["distance"] = "jaccard"
        file["train"], file["test"] = BASE > 0, QUERIES > 0
    with pytest.raises(SystemExit, match="distance 'jaccard'"):
        sets.load(str(tmp_path / "sets.hdf5"))


def test_files_that_need_a_package_name_it(tmp_path, monkeypatch):
    import sys

    for name, module in (("some.hdf5", "h5py"), ("some.parquet", "pyarrow.parquet")):
        (tmp_path / name).touch()
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(SystemExit, match=f"{module.partition('.')[0]}: pip install"):
            sets.load(str(tmp_path / name))


@pytest.mark.parametrize("name", ["clustered", "uniform", "duplicates"])
def test_made_set_is_the_same_for_the_same_seed(name):
    first, again, other = (sets.load(f"{name}:500x16:seed={seed}") for seed in (1, 1, 2))
    assert first.base.shape == (500, 16)
    assert first.queries.shape == (1000, 16)
    assert first.fingerprint() == again.fingerprint() != other.fingerprint()
    assert first.read_attributes() == again.read_attributes() != other.read_attributes()
    assert np.isfinite(first.base).all()


def test_made_set_has_columns_for_every_kind_of_filter():
    data = sets.load("clustered:2000x8:metric=ip")
    assert data.metric == "ip"
    columns = data.read_attributes()
    assert all(len(each) == 2000 for each in columns.values())
    shares = [columns["category"].count(f"category-{rank}") for rank in (0, 9, 90)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 200
    kinds = {each.kind for each in filters.of(data, 10)}
    assert kinds >= {"equal", "in", "range", "tag", "and", "or", "positive", "negative", "random"}


def test_clusters_make_neighbours_nearer_than_uniform_rows_have_them():
    def contrast(name: str) -> float:
        data = sets.load(f"{name}:2000x64:metric=l2").with_truth()
        anywhere = np.median(data.distances(data.queries[:, None], data.base[None, ::50]))
        return float(np.median(data.truth[:, 0]) / anywhere)

    assert contrast("clustered") < 0.9 * contrast("uniform")


def test_duplicates_are_many_and_half_of_the_queries_are_among_them():
    data = sets.load("duplicates:3000x16").with_truth()
    assert len(np.unique(data.base, axis=0)) <= 30
    at_zero = (data.truth[:, 0] == 0).mean()
    assert at_zero == 0.5


@pytest.mark.parametrize("options", ["", "12", "0x8", "seed=-1", "metric=hamming", "size=3"])
def test_unknown_options_are_named(options):
    with pytest.raises(SystemExit, match=f"options of uniform.*'{options}'"):
        sets.load(f"uniform:{options}")
