"""Files of every version that there was are read for ever, by the library and by plain Python."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import plain_reader
import pytest

import lanner

FOLDER = Path(__file__).with_name("fixtures")
VERSIONS = sorted(each.name for each in FOLDER.iterdir() if each.name.startswith("v"))


def load_writer() -> Any:
    spec = importlib.util.spec_from_file_location("write", FOLDER / "write.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


write = load_writer()
every = pytest.mark.parametrize("name", list(write.FIXTURES))
version = pytest.mark.parametrize("version", VERSIONS)


def expected(name: str) -> tuple[list[Any], np.ndarray, dict[str, list[Any]]]:
    """Return ids, vectors and attributes, by the formulas."""
    options, count, kind, has_table = write.FIXTURES[name]
    if not count:
        return [], np.empty((0, options["dim"])), {}
    keep = [row for row in range(count) if row not in (2, 3)]
    rows = write.vectors(options, count)
    table = write.table(count) if has_table else {}
    given = write.ids(kind, count)
    return (
        [*(given[row] for row in keep), kind(5000)],
        np.concatenate([rows[keep], rows[:1]]),
        {column: [*(values[row] for row in keep), None] for column, values in table.items()},
    )


def error(name: str) -> float:
    """How far what is kept may be from what was added."""
    codec, keep = (write.FIXTURES[name][0].get(each, "none") for each in ("codec", "keep"))
    return 1.0 if codec != "none" and keep is None else 0.0


@version
@every
def test_library_reads_what_was_written(version, name, tmp_path):
    path = FOLDER / version / f"{name}.lanner"
    ids, rows, table = expected(name)
    for options in ({}, {"writable": True}, {"verify": True}, {"preload": True}):
        index = lanner.open(path, **options)
        assert sorted(index) == sorted(ids)
        index.validate()
        if not ids:
            continue
        vectors = index.get(ids)
        if index.dtype == "bits":
            vectors = np.unpackbits(vectors, axis=1, bitorder="little")[:, : index.dim]
        np.testing.assert_allclose(vectors, rows, atol=error(name))
        for place in (0, 5, len(ids) - 2):
            hits = index.search(rows[place], k=len(ids))
            assert sorted(hits.ids.tolist()) == sorted(ids)
            nearest = index.search(rows[place], k=3, exact=True)
            np.testing.assert_array_equal(hits.distances[:3], nearest.distances)
        for column, values in table.items():
            _, found = index.get(ids, attributes=[column])
            assert [plain(each) for each in found[column]] == [plain(each) for each in values]
    # And goes on from there.
    changed = lanner.open(path, writable=True)
    if ids:
        changed.remove(ids[:3])
        changed.add(rows[:2] if changed.dtype == "bits" else rows[:2] + 1, ids[:2])
    changed.validate()
    changed.save(tmp_path / "a")
    assert len(lanner.open(tmp_path / "a", verify=True)) == max(0, len(ids) - 1)


def plain(value: Any) -> Any:
    """A value without NumPy: None for every kind of null."""
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else int(value.astype("datetime64[us]").astype(np.int64))
    if isinstance(value, (float, np.floating)) and np.isnan(value):
        return None
    if isinstance(value, (list, np.ndarray)):
        return [plain(each) for each in value]
    return value.item() if isinstance(value, np.generic) else value


@version
@every
def test_plain_reader_reads_the_same(version, name):
    path = FOLDER / version / f"{name}.lanner"
    ids, rows, table = expected(name)
    found = plain_reader.read(path)
    index = lanner.open(path)
    assert found["ids"] == index.ids.tolist()
    assert sorted(found["ids"]) == sorted(ids)
    config = found["config"]
    assert (config["dim"], config["metric"], config["dtype"]) == (
        index.dim,
        index.metric,
        index.dtype,
    )
    assert (config["size"], config["seed"]) == (len(index), index.seed)
    if found["vectors"] is not None and ids:
        mine = np.array([found["vectors"][id] for id in ids])
        np.testing.assert_array_equal(mine, rows)
    assert set(found["attributes"]) == set(table)
    for column, values in table.items():
        assert [found["attributes"][column][id] for id in ids] == [plain(each) for each in values]
    if index.graph and ids:
        assert sum(len(each) for each in found["neighbours"].values()) == index.validate()["edges"]
        assert all(set(each) <= set(ids) for each in found["neighbours"].values())


@version
def test_journal_is_read_and_replayed(version, tmp_path):
    path = FOLDER / version / "durable.lanner"
    file, records = plain_reader.journal(path.with_name("durable.lanner.journal"))
    data = path.read_bytes()
    assert file == (len(data), *np.frombuffer(data[36:40] + data[60:64], np.uint32).tolist())
    assert [kind for kind, _ in records] == [1, 2, 4, 3]
    for each in (path, path.with_name("durable.lanner.journal")):
        shutil.copy(each, tmp_path)
    with lanner.open(tmp_path / "durable.lanner", durable=True) as index:
        index.validate()
        assert {7001, 7002} <= set(index)
        assert 1 not in index
        np.testing.assert_array_equal(index.get([7001, 7002]), write.rows(2, 6, 900))
        np.testing.assert_array_equal(index.get(10), write.rows(1, 6, 902)[0])
        assert index.get(7002, attributes=["tags"])[1]["tags"] == ["late"]
        assert index.count("name == 'x'") == 1


@every
def test_this_version_writes_what_plain_reader_reads(name, tmp_path):
    path = tmp_path / "a.lanner"
    index = write.make(name)
    index.save(path)
    assert plain_reader.read(path)["ids"] == index.ids.tolist()


def test_every_byte_of_a_small_file_matters(tmp_path):
    """Changed in turn, each is found; cut short anywhere, a file is refused."""
    whole = (FOLDER / "v1.0" / "long.lanner").read_bytes()
    path = tmp_path / "a.lanner"
    for at in range(len(whole)):
        altered = bytearray(whole)
        altered[at] ^= 1 << at % 8
        path.write_bytes(altered)
        with pytest.raises(lanner.FileFormatError):
            lanner.open(path, verify=True)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(lanner.FileFormatError):
            lanner.open(path)
