"""Files of hashes, codes, tables of hashes and views."""

from __future__ import annotations

from typing import Any

import numpy as np
import plain_reader
import pytest
from hash_data import (
    DIM,
    drawn,
    each_family,
    items_for,
    labelled,
    with_section_bytes,
)

import lanner
from lanner import FileFormatError, _core, hashing
from lanner.hashing import (
    ITQ,
    Codes,
    Hyperplanes,
    LSHIndex,
    MultiView,
    PCASign,
)


@each_family
def test_a_saved_family_comes_back(family, tmp_path):
    path = tmp_path / "hash.lanner"
    family.save(path)
    again = hashing.load(path)
    items = items_for(family, 50)
    assert type(again) is type(family)
    assert repr(again) == repr(family)
    assert (again.encode(items) == family.encode(items)).all()
    again.save(tmp_path / "again.lanner")
    assert (tmp_path / "again.lanner").read_bytes() == path.read_bytes()


@each_family
def test_every_damaged_byte_of_a_file_is_noticed(family, tmp_path):
    path = tmp_path / "hash.lanner"
    family.save(path)
    sound = path.read_bytes()
    for place in range(0, len(sound), 7 if len(sound) < 4000 else 101):
        damaged = bytearray(sound)
        damaged[place] ^= 0x41
        path.write_bytes(damaged)
        with pytest.raises(FileFormatError, match=r"hash\.lanner"):
            hashing.load(path)
    for length in range(0, len(sound), 61 if len(sound) < 4000 else 997):
        path.write_bytes(sound[:length])
        with pytest.raises(FileFormatError):
            hashing.load(path)


@each_family
def test_a_file_that_lies_is_refused_or_harmless(family, tmp_path):
    path = tmp_path / "hash.lanner"
    family.save(path)
    sound = path.read_bytes()
    assert with_section_bytes(sound, 64, sound[64]) == sound
    items = items_for(family, 3)
    for place in range(64, min(len(sound) - 200, 64 + 160)):
        for value in (0, 1, 0x7F, 0xFF):
            path.write_bytes(with_section_bytes(sound, place, value))
            try:
                loaded = hashing.load(path)
            except lanner.Error:
                continue
            try:
                loaded.encode(items)
            except lanner.Error:
                continue


@each_family
def test_verify_says_what_a_hash_is_and_finds_every_damaged_byte(family, tmp_path):
    path = tmp_path / "hash.lanner"
    family.save(path)
    sound = path.read_bytes()
    about = lanner.verify(path)
    assert about == _core.file_info(str(path))
    assert set(about) == {"kind", "version", "bytes", "sections"}
    assert about["kind"] == "hash"
    assert about["bytes"] == len(sound)
    assert all(each["length"] > 0 for each in about["sections"])
    for place in range(0, len(sound), 7 if len(sound) < 4000 else 101):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 0x41]) + sound[place + 1 :])
        with pytest.raises(FileFormatError, match=r"hash\.lanner"):
            lanner.verify(path)


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "file.lanner"
    lanner.Index(4).save(path)
    with pytest.raises(FileFormatError, match="holds no hash: it is an index"):
        hashing.load(path)
    Hyperplanes(4, 8).save(path)
    with pytest.raises(FileFormatError, match="holds no index"):
        lanner.open(path)
    with pytest.raises(lanner.StorageError):
        hashing.load(tmp_path / "none.lanner")


# Codes, tables and views.


def made() -> dict[str, Any]:
    rows, labels = labelled(300, 3)
    table = {"label": labels, "name": [f"n{label}" for label in labels]}
    sets = [set(row.tolist()) for row in np.random.default_rng(0).integers(0, 50, (200, 9))]
    views = MultiView([Hyperplanes(DIM, 64), ITQ(16).fit(rows)], weights=[2, 1])
    return {
        "codes": Codes(Hyperplanes(DIM, 72).encode(rows), attributes=table),
        "codes with tables": Codes(Hyperplanes(DIM, 16).encode(rows), method="multi_index"),
        "l2": LSHIndex(rows, metric="l2", attributes=table, tables=4),
        "cosine": LSHIndex(rows, metric="cosine", tables=3, hashes=2),
        "jaccard": LSHIndex(sets, metric="jaccard", tables=3),
        "views": views,
        "votes": MultiView([Hyperplanes(DIM, 8), PCASign(8).fit(rows)], fusion="vote"),
        "no codes": Codes(np.zeros((0, 3), np.uint8)),
        "no rows": LSHIndex(np.zeros((0, 4), np.float32)),
    }


MADE = made()
each_made = pytest.mark.parametrize("which", MADE)


def used(thing: Any) -> list[Any]:
    """What it answers."""
    rows = drawn(40, seed=5)
    if isinstance(thing, MultiView):
        return [thing.encode([rows, rows]), thing.weights, thing.fusion]
    filters = [None] if not thing.schema else [None, "label == 1", {"name": {"$in": ["n0"]}}]
    if isinstance(thing, Codes):
        asked = np.random.default_rng(3).integers(0, 256, (40, thing.bits // 8), dtype=np.uint8)
        found = [thing.search(asked, 7, filter=each) for each in filters]
        found.append(thing.search(asked, 7, weights=np.arange(thing.bits)))
        inside = [thing.search_radius(asked, thing.bits // 3, filter=each) for each in filters]
    else:
        asked = rows if thing.metric != "jaccard" else [{1, 2, 3, 4}, {40, 41}]
        asked = asked[:, :4] if not len(thing) else asked
        found = [thing.search(asked, 7, filter=each) for each in filters]
        found += [thing.search(asked, 7, probes=9), thing.search(asked, 7, recall=0.5)]
        inside = [thing.search_radius(asked, 0.9, filter=each) for each in filters]
    arrays = [array for hits in found for array in (hits.ids, hits.distances)]
    return arrays + [array for hits in inside for array in (hits.ids, hits.distances)]


@each_made
def test_what_is_saved_comes_back(which, tmp_path):
    thing = MADE[which]
    path = tmp_path / "thing.lanner"
    thing.save(path)
    loaded = hashing.load(path, threads=2)
    assert type(loaded) is type(thing)
    assert repr(loaded) == repr(thing)
    for before, after in zip(used(thing), used(loaded), strict=True):
        assert np.array_equal(before, after)
    if not isinstance(thing, MultiView):
        assert dict(loaded.schema) == dict(thing.schema)
        assert len(loaded) == len(thing)
    again = tmp_path / "again.lanner"
    loaded.save(again)
    assert again.read_bytes() == path.read_bytes()


@each_made
def test_damaged_bytes_are_noticed(which, tmp_path):
    path = tmp_path / "thing.lanner"
    MADE[which].save(path)
    sound = path.read_bytes()
    for place in range(0, len(sound), max(1, len(sound) // 400)):
        damaged = bytearray(sound)
        damaged[place] ^= 0x41
        path.write_bytes(damaged)
        with pytest.raises(FileFormatError, match=r"thing\.lanner"):
            hashing.load(path)
    for length in range(0, len(sound), max(1, len(sound) // 40)):
        path.write_bytes(sound[:length])
        with pytest.raises(FileFormatError):
            hashing.load(path)


def sections_of(file: bytes) -> list[tuple[str, int, int]]:
    table, count = int.from_bytes(file[16:24], "little"), int.from_bytes(file[32:36], "little")
    entries = [file[table + 48 * i : table + 48 * i + 48] for i in range(count)]
    return [
        (
            entry[:24].rstrip(b"\0").decode(),
            int.from_bytes(entry[24:32], "little"),
            int.from_bytes(entry[32:40], "little"),
        )
        for entry in entries
    ]


@each_made
def test_files_that_lie_are_refused_or_harmless(which, tmp_path):
    path = tmp_path / "thing.lanner"
    MADE[which].save(path)
    sound = path.read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for name, begin, length in sections_of(sound):
        # Every byte of what describes the rest; some of the others.
        whole = length <= 64 or name.endswith((".config", ".reached"))
        places = range(length) if whole else rng.integers(0, length, 40)
        for place in places:
            for value in (0, 1, 0x7F, 0xFF):
                path.write_bytes(with_section_bytes(sound, begin + int(place), value))
                try:
                    used(hashing.load(path, threads=1))
                except lanner.Error:
                    refused += 1
    assert refused > 0


@pytest.mark.parametrize(
    ("which", "section", "said"),
    [
        ("codes", "bits.config", "it describes no codes"),
        ("l2", "lsh.config", "it describes no tables"),
        ("jaccard", "lsh.offsets", "do not follow one another"),
        ("jaccard", "lsh.items", "do not ascend"),
        ("l2", "lsh.starts", "do not follow one another"),
        ("l2", "lsh.rows", "a row that is not there"),
        ("l2", "lsh.reached", "out of range"),
        ("l2", "lsh.found_at", "do not ascend"),
        ("l2", "lsh.vectors", "NaN or infinity"),
        ("views", "views.config", "it describes no views"),
        ("views", "views.weights", "finite, not below 0"),
        ("views", "view.1", "begin as lanner files do"),
    ],
)
def test_what_is_wrong_with_a_section_is_said(which, section, said, tmp_path):
    path = tmp_path / "thing.lanner"
    MADE[which].save(path)
    sound = path.read_bytes()
    begin, length = next(
        (begin, length) for name, begin, length in sections_of(sound) if name == section
    )
    file = bytearray(sound)
    file[begin : begin + min(length, 16)] = b"\xff" * min(length, 16)
    path.write_bytes(with_section_bytes(bytes(file), begin, 0xFF))
    with pytest.raises(FileFormatError, match=f"{section}.*{said}|{said}"):
        hashing.load(path)


def test_views_that_learnt_nothing_cannot_be_saved(tmp_path):
    with pytest.raises(hashing.NotFittedError):
        MultiView([ITQ(16)]).save(tmp_path / "views.lanner")
    assert not list(tmp_path.iterdir())


@each_made
def test_verify_says_what_it_is_and_finds_damage_in_every_section(which, tmp_path):
    thing = MADE[which]
    path = tmp_path / "thing.lanner"
    thing.save(path)
    about = lanner.verify(path)
    kinds = {Codes: "codes", LSHIndex: "tables of hashes", MultiView: "views"}
    assert about["kind"] == kinds[type(thing)]
    assert about == _core.file_info(str(path))
    assert about.get("size") == (None if isinstance(thing, MultiView) else len(thing))
    sound = path.read_bytes()
    sections = [each for each in about["sections"] if each["length"]]
    assert len(sections) >= 1
    for section in sections:
        place = section["offset"] + section["length"] // 2
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 0x41]) + sound[place + 1 :])
        with pytest.raises(FileFormatError, match=f"section '?{section['name']}"):
            lanner.verify(path)


def test_verify_notices_contents_that_lie(tmp_path):
    path = tmp_path / "thing.lanner"
    MADE["codes"].save(path)
    sound = path.read_bytes()
    rows = int.from_bytes(sound[64:72], "little")
    assert rows == 300
    path.write_bytes(with_section_bytes(sound, 64, 255))  # more rows than there are
    with pytest.raises(FileFormatError, match=r"bits\.rows"):
        lanner.verify(path)
    assert _core.file_info(str(path))["size"] == 511


def test_what_is_of_no_known_kind_is_refused(tmp_path):
    path = tmp_path / "thing.lanner"
    Hyperplanes(4, 8).save(path)
    content = path.read_bytes().replace(b"planes.config", b"plants.config")
    path.write_bytes(plain_reader.sealed(bytearray(content)))
    for read in (lanner.verify, lambda name: _core.file_info(str(name))):
        with pytest.raises(FileFormatError, match="no index, hash, codes, tables of hashes, views"):
            read(path)
