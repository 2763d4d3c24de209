"""Files: saving, opening, verifying, pickling, and what is not a sound file."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import plain_reader
import pytest
import reference
from conftest import points

import lanner
from lanner import (
    FileFormatError,
    ReadOnlyError,
    StorageError,
    WrongTypeError,
    _core,
    hashing,
    quantization,
)

space = pytest.mark.parametrize(
    ("metric", "dtype"), reference.SPACES, ids=["-".join(each) for each in reference.SPACES]
)


def make_index(
    metric="l2", dtype="float32", graph="hnsw", dim=24, count=60, names=False, **options
):
    rng = np.random.default_rng(11)
    index = lanner.Index(dim, metric, dtype, graph=graph, seed=5, **options)
    rows = reference.random_vectors(rng, metric, dtype, count, dim)
    index.add(rows, [f"item {row}" for row in range(count)] if names else range(100, 100 + count))
    ids = index.ids.tolist()
    index.remove(ids[3:9])
    return index


def assert_same(one: lanner.Index, other: lanner.Index) -> None:
    for name in (
        *("dim", "metric", "dtype", "graph", "M", "ef_construction", "codec", "keep", "seed"),
        "id_kind",
    ):
        assert getattr(one, name) == getattr(other, name)
    assert len(one) == len(other)
    assert sorted(one) == sorted(other)
    assert one.get(sorted(one)).tobytes() == other.get(sorted(one)).tobytes()
    if len(one):
        queries = one.get(sorted(one)[:5])
        mine, others = one.search(queries, k=7), other.search(queries, k=7)
        assert mine.ids.tolist() == others.ids.tolist()
        assert mine.distances.tobytes() == others.distances.tobytes()
    assert one.to_bytes() == other.to_bytes()
    other.validate()


@space
def test_open_gives_back_what_was_saved(metric, dtype, graph, tmp_path):
    index = make_index(metric, dtype, graph)
    path = tmp_path / "a.lanner"
    index.save(path)
    assert path.read_bytes() == index.to_bytes()
    for options in ({}, {"writable": True}, {"verify": True}):
        assert_same(index, lanner.open(path, **options))
    about = lanner.verify(path)
    assert (about["size"], about["dim"], about["metric"]) == (len(index), 24, metric)
    assert (about["dtype"], about["graph"]) == (dtype, graph is not None)
    assert about["bytes"] == path.stat().st_size
    assert about["kind"] == "index"
    assert about == _core.file_info(str(path))


CODED = [
    ("SQ8", "dtype"),
    ("SQ4", "float16"),
    ("SQ8", None),
    ("SQ4", None),
    ("Binary2", "dtype"),
    ("Binary1", None),
    ("PQ12x4", None),  # of 300 rows: not fitted
]


@pytest.mark.parametrize(("codec", "keep"), CODED)
@pytest.mark.parametrize("metric", reference.FLOAT_METRICS)
@pytest.mark.parametrize("count", [60, 300])  # fewer and more than a codec is fitted to
def test_open_gives_back_codes(metric, codec, keep, count, graph, tmp_path):
    index = make_index(metric, graph=graph, codec=codec, keep=keep, count=count)
    path = tmp_path / "a.lanner"
    index.save(path)
    assert path.read_bytes() == index.to_bytes()
    for options in ({}, {"writable": True}, {"verify": True}):
        assert_same(index, lanner.open(path, **options))
    assert_same(index, pickle.loads(pickle.dumps(index)))
    sections = {each["name"] for each in lanner.verify(path)["sections"]}
    assert ("vectors" in sections) == (keep is not None)
    assert ("codes.mean" in sections) == (count >= 256 and codec != "PQ12x4")
    again = lanner.open(path, writable=True)
    again.add(np.ones((300, 24)))
    again.remove(list(again)[:20])
    assert_same(again, pickle.loads(pickle.dumps(again)))


@pytest.mark.parametrize("names", [False, True])
def test_string_ids_and_nothing_at_all(names, graph, tmp_path):
    for count in (0, 10):
        index = lanner.Index(24, "l2", graph=graph)
        if count:
            index = make_index(graph=graph, count=count, names=names)
        index.save(tmp_path / "a.lanner")
        assert_same(index, lanner.open(tmp_path / "a.lanner"))
        assert_same(index, pickle.loads(pickle.dumps(index)))


def test_emptied_index_is_saved(graph, tmp_path):
    index = make_index(graph=graph)
    index.remove(list(index))
    index.save(tmp_path / "a.lanner")
    again = lanner.open(tmp_path / "a.lanner", writable=True, verify=True)
    assert_same(index, again)
    again.add(np.ones((3, 24)))
    assert again.search(np.ones(24), k=3).counts == 3


@pytest.mark.parametrize(
    "make", [copy.copy, copy.deepcopy, lambda index: pickle.loads(pickle.dumps(index))]
)
def test_copies_are_whole_and_apart(make, graph):
    index = make_index(graph=graph, names=True)
    twin = make(index)
    assert type(twin) is lanner.Index
    assert_same(index, twin)
    twin.remove(["item 20"])
    assert "item 20" in index
    index.add(np.ones((1, 24)), ["new"])
    assert "new" not in twin


def test_copy_goes_on_as_the_first_would_have(rng):
    index = make_index()
    twin = copy.deepcopy(index)
    more = rng.standard_normal((100, 24))
    assert index.add(more).tolist() == twin.add(more).tolist()
    assert index.to_bytes() == twin.to_bytes()


def test_subclass_is_pickled_as_such():
    again = pickle.loads(pickle.dumps(Named(24)))
    assert type(again) is Named


class Named(lanner.Index):
    pass


def test_opened_index_is_read_only_unless_asked(graph, tmp_path):
    path = tmp_path / "a.lanner"
    make_index(graph=graph).save(path)
    before = path.read_bytes()
    index = lanner.open(path)
    assert index.read_only
    for call in (
        lambda: index.add(np.ones((1, 24))),
        lambda: index.upsert(np.ones((1, 24)), [100]),
        lambda: index.remove([100]),
    ):
        with pytest.raises(ReadOnlyError, match="writable=True"):
            call()
    writable = lanner.open(path, writable=True)
    assert not writable.read_only
    writable.add(np.ones((30, 24)))
    writable.upsert(np.full((1, 24), 2.0), [100])
    writable.remove([101])
    writable.validate()
    assert path.read_bytes() == before
    assert_same(make_index(graph=graph), index)
    writable.save(path)
    assert_same(writable, lanner.open(path, verify=True))


def test_index_saved_over_its_own_file_goes_on(graph, tmp_path):
    path = tmp_path / "a.lanner"
    make_index(graph=graph).save(path)
    reader, writer = lanner.open(path), lanner.open(path, writable=True)
    writer.add(np.ones((5, 24)))
    if sys.platform != "win32":  # where a mapped file cannot be replaced
        writer.save(path)
        assert len(writer) == len(lanner.open(path)) == len(reader) + 5
    assert_same(make_index(graph=graph), reader)


def test_save_leaves_no_other_file(tmp_path):
    for _ in range(3):
        make_index().save(tmp_path / "a.lanner")
    assert os.listdir(tmp_path) == ["a.lanner"]


def test_paths(tmp_path):
    index = make_index()
    for path in (tmp_path / "ü 1.lanner", str(tmp_path / "2.lanner"), os.fsencode(tmp_path / "3")):
        index.save(path)
        assert len(lanner.open(path)) == len(index)
        assert lanner.verify(path)["size"] == len(index)
        assert len(lanner.Index.open(path)) == len(index)
    for call in (index.save, lanner.open, lanner.verify):
        with pytest.raises(WrongTypeError, match="path must be a str or a path, got int"):
            call(5)


def test_what_the_system_refuses_is_a_storage_error_naming_the_path(tmp_path):
    for call in (lanner.open, lanner.verify):
        with pytest.raises(StorageError, match=r"none.lanner"):
            call(tmp_path / "none.lanner")
        with pytest.raises((StorageError, FileFormatError)):
            call(tmp_path)
    with pytest.raises(StorageError, match="none"):
        make_index().save(tmp_path / "none" / "a.lanner")


@pytest.mark.parametrize("path", [".", "..", "folder", "folder/", "folder/.", "new/", "link"])
def test_a_directory_is_no_name_of_a_file(path, tmp_path, monkeypatch):
    (tmp_path / "here" / "folder").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    try:
        Path("link").symlink_to("folder", target_is_directory=True)
    except OSError:
        pytest.skip("no links here")
    codes = hashing.Codes(np.zeros((3, 2), np.uint8))
    quantizer = quantization.Binary(1).fit(np.eye(4, dtype=np.float32))
    for thing in (make_index(), hashing.Hyperplanes(4, 8), codes, quantizer):
        with pytest.raises(StorageError) as caught:
            thing.save(path)
        example = os.path.normpath(os.path.join(path, "index.lanner"))
        assert str(caught.value) == (
            f"cannot save to {path}: it names a directory, and the name of a file is wanted, "
            f"such as {example}"
        )
        with pytest.raises(StorageError, match="empty path: the name of a file is wanted"):
            thing.save("")
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["folder", "here", "link"]
    index = lanner.Index(2)
    index.save(Path("folder") / "a.lanner")
    assert len(lanner.open(Path("folder") / "a.lanner")) == 0


def test_failed_save_leaves_the_old_file(tmp_path):
    if not hasattr(os, "geteuid") or os.geteuid() == 0:
        target = tmp_path / "a.lanner"
        target.mkdir()
        with pytest.raises(StorageError):
            make_index().save(target)
        assert os.listdir(tmp_path) == ["a.lanner"]
        assert target.is_dir()
    else:
        path = tmp_path / "a.lanner"
        make_index().save(path)
        before = path.read_bytes()
        tmp_path.chmod(0o500)
        try:
            with pytest.raises(StorageError):
                make_index(count=20).save(path)
        finally:
            tmp_path.chmod(0o700)
        assert path.read_bytes() == before


def test_flags_are_flags(tmp_path):
    make_index().save(tmp_path / "a.lanner")
    with pytest.raises(WrongTypeError, match="writable must be True or False, got 'r'"):
        lanner.open(tmp_path / "a.lanner", writable="r")
    with pytest.raises(WrongTypeError, match="verify must be True or False, got 1"):
        lanner.open(tmp_path / "a.lanner", verify=1)
    with pytest.raises(WrongTypeError, match="data must be bytes, got str"):
        lanner.Index.from_bytes("x")


# What is not a sound file


@pytest.mark.parametrize("content", [b"", b"\0", b"lanner", b"PK\x03\x04" * 100, b"\xff" * 5000])
def test_other_files_are_refused(content, tmp_path):
    path = tmp_path / "a.lanner"
    path.write_bytes(content)
    for call in (lanner.open, lanner.verify, lambda path: lanner.Index.from_bytes(content)):
        with pytest.raises(FileFormatError):
            call(path)


@pytest.mark.parametrize("names", [False, True])
def test_file_cut_short_anywhere_is_refused(names, graph, tmp_path):
    whole = make_index(graph=graph, names=names).to_bytes()
    path = tmp_path / "a.lanner"
    sections = []
    path.write_bytes(whole)
    for each in lanner.verify(path)["sections"]:
        sections += [each["offset"], each["offset"] + each["length"]]
    near = {edge + step for edge in sections for step in (-1, 0, 1)}
    lengths = sorted(near | set(range(0, len(whole), 97)) | set(range(200)))
    for length in lengths:
        if not 0 <= length < len(whole):
            continue
        path.write_bytes(whole[:length])
        for call in (lanner.open, lanner.verify):
            with pytest.raises(FileFormatError):
                call(path)
    path.write_bytes(whole + b"\0")
    with pytest.raises(FileFormatError):
        lanner.verify(path)


@pytest.mark.parametrize("names", [False, True])
@pytest.mark.parametrize("space", [("cosine", "float32"), ("ip", "float32"), ("hamming", "bits")])
def test_altered_byte_of_any_section_is_found_and_the_section_named(names, space, graph, tmp_path):
    check_alterations(make_index(*space, graph=graph, names=names), tmp_path)


@pytest.mark.parametrize(("codec", "keep"), CODED)
@pytest.mark.parametrize("metric", ["ip", "cosine", "snr_item"])
def test_altered_byte_of_a_coded_index_is_found(metric, codec, keep, graph, tmp_path):
    check_alterations(make_index(metric, graph=graph, codec=codec, keep=keep, count=280), tmp_path)


def check_alterations(index, tmp_path):
    whole = index.to_bytes()
    path = tmp_path / "a.lanner"
    path.write_bytes(whole)
    sections = [each for each in lanner.verify(path)["sections"] if each["length"]]
    assert len({each["name"] for each in sections}) == len(sections) > 1
    for each in sections:
        first, last = each["offset"], each["offset"] + each["length"] - 1
        for place in (first, (first + last) // 2, last):
            altered = bytearray(whole)
            altered[place] ^= 0x10
            path.write_bytes(altered)
            with pytest.raises(FileFormatError, match=each["name"]):
                lanner.verify(path)
            with pytest.raises(FileFormatError, match=each["name"]):
                lanner.open(path, verify=True)


@pytest.mark.parametrize(
    ("kind", "codec", "keep"),
    [
        ("int", None, "dtype"),
        ("str", None, "dtype"),
        ("int", "SQ8", "dtype"),
        ("int", "SQ8", None),
        ("str", "SQ4", None),
        ("int", "Binary2", None),
        ("int", "OPQ2x4", None),
    ],
)
def test_no_altered_file_crashes_its_reader(kind, codec, keep, graph, tmp_path):
    program = Path(__file__).with_name("hostile.py")
    command = [sys.executable, "-X", "faulthandler", str(program), str(tmp_path)]
    done = subprocess.run(
        [*command, graph or "none", kind, codec or "none", keep or "none", "150"],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


def test_from_bytes_is_checked_like_a_file(graph):
    whole = make_index(graph=graph).to_bytes()
    for length in range(0, len(whole), 211):
        with pytest.raises(FileFormatError):
            lanner.Index.from_bytes(whole[:length])
    altered = bytearray(whole)
    altered[len(whole) * 2 // 3] ^= 0xFF
    with pytest.raises(FileFormatError):
        lanner.Index.from_bytes(bytes(altered))
    assert len(lanner.Index.from_bytes(whole)) == 54


def test_points_survive_a_round_trip_of_bytes():
    index = lanner.Index(4, "l2")
    index.add(points(7))
    assert lanner.Index.from_bytes(index.to_bytes()).search(
        points(7), k=1
    ).ids.ravel().tolist() == list(range(7))


@pytest.mark.parametrize("values", [["aa", "ab"], [["aa"], ["ab"]]], ids=["string", "list"])
def test_values_that_stand_twice_are_refused_and_hold_nothing_up(values, tmp_path):
    index = lanner.Index(2, "l2", M=2)
    index.add(np.eye(2), [5, 6], attributes={"name": values})
    data = bytearray(index.to_bytes())
    at = data.index(b"aaab")
    data[at : at + 4] = b"aaaa"
    path = tmp_path / "a.lanner"
    path.write_bytes(plain_reader.sealed(data))
    altered = lanner.open(path, writable=True)
    wanted = "name == 'aa'" if isinstance(values[0], str) else "'aa' in name"
    for _ in range(2):
        with pytest.raises(FileFormatError, match="stands twice"):
            altered.count(wanted)
    altered.upsert(np.ones((1, 2)), [5])
    altered.remove([5, 6])
    assert len(altered) == 0


def test_string_ids_are_read_where_they_lie_and_altered_ones_lead_nowhere(tmp_path):
    index = lanner.Index(2, "l2", M=2)
    names = [f"né{number}" for number in range(40)]
    index.add(np.random.default_rng(2).normal(size=(40, 2)), names)
    index.remove(names[5:9])
    whole = index.to_bytes()
    path = tmp_path / "a.lanner"
    path.write_bytes(whole)
    opened = lanner.open(path)
    assert opened.ids.tolist() == index.ids.tolist()
    assert all(name in opened for name in index.ids)
    assert "né5" not in opened
    assert "" not in opened
    assert opened.to_bytes() == whole
    found, known = (each.search_by_id("né3", k=2) for each in (opened, index))
    assert found.ids.tolist() == known.ids.tolist()
    table = {each["name"]: each for each in lanner.verify(path)["sections"]}
    for name in ("ids.ends", "ids.text", "ids.table"):
        for place in range(0, table[name]["length"], 3):
            data = bytearray(whole)
            data[table[name]["offset"] + place] ^= 0xA5
            sealed = path.with_name(f"{name}-{place}")
            sealed.write_bytes(plain_reader.sealed(data))
            altered = lanner.open(sealed)
            for each in (*altered.ids, *names):
                assert isinstance(each in altered, bool)
            altered.search(np.zeros(2), k=40, exact=True)
            altered.to_bytes()
            try:
                found = lanner.open(sealed, verify=True)
            except FileFormatError:
                pass
            else:
                # Another name is as good as any, where its place in the table is the same.
                assert name == "ids.text"
                assert len(set(found.ids)) == 36


def test_string_ids_that_are_not_sound_stop_the_first_change_and_nothing_else(tmp_path):
    path = tmp_path / "a.lanner"
    make_index(names=True).save(path)
    text = next(each for each in lanner.verify(path)["sections"] if each["name"] == "ids.text")
    image = bytearray(path.read_bytes())
    at = image.index(b"item 20", text["offset"])
    for damage, says in ((b"item 21", "stands twice"), (b"item \xff0", "not UTF-8")):
        image[at : at + 7] = damage
        path.write_bytes(image)
        index = lanner.open(path, writable=True)
        rows = index.get(["item 40", "item 41"])
        before = index.search(rows, k=5)
        for change in (
            lambda: index.add(rows[:1], ["new"]),  # noqa: B023
            lambda: index.remove(["item 40"]),  # noqa: B023
        ):
            with pytest.raises(lanner.FileFormatError, match=says):
                change()
        assert len(index) == 54
        assert index.search(rows, k=5).ids.tolist() == before.ids.tolist()
        assert index.search(rows, k=5).distances.tobytes() == before.distances.tobytes()


def test_index_with_string_ids_changes_as_if_it_had_never_been_filed(tmp_path, graph):
    index = make_index(graph=graph, names=True)
    path = tmp_path / "a.lanner"
    index.save(path)
    again = lanner.open(path, writable=True)
    rows = index.get(["item 40", "item 41"])
    with pytest.raises(lanner.InvalidArgumentError, match="'item 40' is in the index already"):
        again.add(rows[:1], ["item 40"])
    for each in (index, again):
        each.remove(["item 50"])
        each.upsert(rows, ["item 20", "new"])
    assert_same(index, again)
    reopened = lanner.open(path, writable=True)
    reopened.add(rows[:0], [])  # nothing to add
    reopened.save(tmp_path / "b.lanner")
    assert (tmp_path / "b.lanner").read_bytes() == path.read_bytes()
