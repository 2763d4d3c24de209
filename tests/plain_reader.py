"""A reader of lanner files in plain Python, written from cpp/FORMAT.md alone.

It knows nothing of the library: what both read from a file is compared by test_fixtures.py.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from pathlib import Path
from typing import Any

METRICS = ("l2", "cosine", "ip", "snr", "snr_item", "hamming", "jaccard")
DTYPES = ("float32", "float16", "bfloat16", "int8", "uint8", "bits")
FORMATS = {"float32": "f", "float16": "e", "bfloat16": "H", "int8": "b", "uint8": "B"}


def sections(data: bytes) -> dict[str, bytes]:
    """Return the sections by name, every checksum checked."""
    magic, major, _, table_at, length, count, table_crc = struct.unpack_from("<8sIIQQII", data)
    assert (magic, major, length) == (b"\x89lanner\n", 1, len(data))
    assert struct.unpack_from("<I", data, 60)[0] == zlib.crc32(data[:60])
    assert table_at + 48 * count == length
    assert zlib.crc32(data[table_at:]) == table_crc
    found = {}
    at = 64
    for number in range(count):
        name, offset, size, crc, zero = struct.unpack_from("<24sQQII", data, table_at + 48 * number)
        assert (offset, zero) == (at, 0)
        section = data[offset : offset + size]
        assert zlib.crc32(section) == crc
        at = (offset + size + 63) // 64 * 64
        assert not any(data[offset + size : at])
        found[name.rstrip(b"\0").decode()] = section
    assert at == table_at
    return found


def sealed(data: bytes | bytearray) -> bytes:
    """Return the bytes of a file with every checksum made to fit what they are now."""
    made = bytearray(data)
    table, count = struct.unpack_from("<Q8xI", made, 16)
    for entry in range(table, table + 48 * count, 48):
        offset, size = struct.unpack_from("<QQ", made, entry + 24)
        struct.pack_into("<I", made, entry + 40, zlib.crc32(made[offset : offset + size]))
    struct.pack_into("<I", made, 36, zlib.crc32(made[table:]))
    struct.pack_into("<I", made, 60, zlib.crc32(made[:60]))
    return bytes(made)


def array(kind: str, section: bytes) -> list[Any]:
    return list(struct.unpack(f"<{len(section) // struct.calcsize(kind)}{kind}", section))


def pieces(ends: bytes, text: bytes) -> list[bytes]:
    places = array("Q", ends)
    return [text[begin:end] for begin, end in itertools.pairwise(places)]


def vectors(config: dict[str, Any], section: bytes) -> list[list[float]]:
    dim, dtype = config["dim"], config["dtype"]
    size = (dim + 7) // 8 if dtype == "bits" else dim * struct.calcsize(FORMATS[dtype])
    stride = (size + 63) // 64 * 64 if size >= 256 else size
    rows = [section[at : at + size] for at in range(0, len(section), stride)]
    if dtype == "bits":
        return [[row[i // 8] >> i % 8 & 1 for i in range(dim)] for row in rows]
    if dtype == "bfloat16":
        return [
            [struct.unpack("<f", struct.pack("<HH", 0, each))[0] for each in array("H", row)]
            for row in rows
        ]
    return [array(FORMATS[dtype], row) for row in rows]


def columns(found: dict[str, bytes], slots: int) -> dict[str, list[Any]]:
    """Return the attributes, a value a slot."""
    if "attr.schema" not in found:
        return {}
    schema = found["attr.schema"]
    count, _ = struct.unpack_from("<II", schema)
    at, table = 8, {}
    for number in range(count):
        kind, size = struct.unpack_from("<II", schema, at)
        name = schema[at + 8 : at + 8 + size].decode()
        at += 8 + size
        part = {
            key.rpartition(".")[2]: section
            for key, section in found.items()
            if key.startswith(f"attr.{number}.")
        }
        bits = {
            key: int.from_bytes(part[key], "little") for key in ("present", "values") if key in part
        }
        if kind >= 4:
            distinct: list[Any] = pieces(part["ends"], part["text"])
            is_text = kind in (4, 5)
            distinct = [
                each.decode() if is_text else struct.unpack("<q", each)[0] for each in distinct
            ]
            codes = iter(array("I", part["codes"]))
        values: list[Any] = []
        for slot in range(slots):
            if kind == 4:
                code = next(codes)
                values.append(distinct[code - 1] if code else None)
                continue
            lists = kind in (5, 6)
            counts = array("I", part["counts"])[slot] if lists else 0
            elements = [distinct[next(codes) - 1] for _ in range(counts)] if lists else None
            if not bits["present"] >> slot & 1:
                values.append(None)
            elif lists:
                values.append(elements)
            elif kind == 2:
                values.append(bool(bits["values"] >> slot & 1))
            else:
                values.append(array("d" if kind == 1 else "q", part["values"])[slot])
        table[name] = values
    return table


def read(path: Path) -> dict[str, Any]:
    """Return what a file holds: its config, and by id vectors, attributes and neighbours."""
    found = sections(path.read_bytes())
    fields = struct.unpack_from("<QQQQqQIIIBBBBBBBBIfB", found["config"])
    names = (
        *("dim", "seed", "slots", "size", "next_id", "changes", "M", "ef_construction", "entry"),
        *("metric", "dtype", "graph", "id_kind", "codec", "keep", "fitted"),
        *("codec_bits", "codec_parts", "codec_recall", "measure_codec"),
    )
    config = dict(zip(names, fields, strict=True))
    assert not any(found["config"][77:])
    config["metric"], config["dtype"] = METRICS[config["metric"]], DTYPES[config["dtype"]]
    slots, live = config["slots"], found["live"]
    assert len(live) == slots
    assert sum(live) == config["size"]
    ids: list[Any] = []
    if config["id_kind"] == 1:
        ids = array("q", found["ids"])
    elif config["id_kind"] == 2:
        ids = [each.decode() for each in pieces(found["ids.ends"], found["ids.text"])]
    if "ids.table" in found:
        assert array("I", found["ids.table"]) == id_table(ids, live)
    order = array("I", found["order"]) if "order" in found else list(range(slots))
    assert sorted(order) == list(range(slots))
    held = [slot for slot in order if live[slot]]
    stored = config if config["keep"] != 1 else {**config, "dtype": "float16"}
    rows = vectors(stored, found["vectors"]) if "vectors" in found else []
    attributes = columns(found, slots)
    neighbours: dict[Any, list[Any]] = {}
    if config["graph"]:
        places, width = array("I", found["graph.ground"]), 2 * config["M"]
        for slot in held:
            block = places[slot * width : slot * width + width]
            neighbours[ids[slot]] = [ids[each] for each in block if each != slot]
    return {
        "config": config,
        "sections": set(found),
        "ids": [ids[slot] for slot in held],
        "vectors": {ids[slot]: rows[slot] for slot in held} if rows else None,
        "attributes": {
            name: {ids[slot]: values[slot] for slot in held} for name, values in attributes.items()
        },
        "neighbours": neighbours,
    }


def mix(value: int) -> int:
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    value = (value ^ value >> 27) * 0x94D049BB133111EB % 2**64
    return value ^ value >> 31


def id_table(ids: list[Any], live: bytes) -> list[int]:
    """Return the hash table of the ids of live slots."""
    count = sum(live)
    size = 16
    while size <= count + count // 2:
        size *= 2
    table = [0xFFFFFFFF] * size
    for slot, each in enumerate(ids):
        if not live[slot]:
            continue
        if isinstance(each, str):
            fnv = 0xCBF29CE484222325
            for byte in each.encode():
                fnv = (fnv ^ byte) * 0x100000001B3 % 2**64
            place = mix(fnv) % size
        else:
            place = mix((each + 0x9E3779B97F4A7C15) % 2**64) % size
        while table[place] != 0xFFFFFFFF:
            place = (place + 1) % size
        table[place] = slot
    return table


def journal(path: Path) -> tuple[tuple[int, int, int], list[tuple[int, bytes]]]:
    """Return which file a journal continues, and its records: kind and payload of each."""
    data = path.read_bytes()
    magic, version, zero, *file = struct.unpack_from("<8sIIQII", data)
    assert (magic, version, zero) == (b"\x89lanjrn\n", 1, 0)
    assert struct.unpack_from("<I", data, 60)[0] == zlib.crc32(data[:60])
    records: list[tuple[int, bytes]] = []
    at = 64
    while at + 40 <= len(data):
        length, number, _, kind, crc, _, header_crc = struct.unpack_from("<QQQIIII", data, at)
        payload = data[at + 40 : at + 40 + length]
        sound = zlib.crc32(data[at : at + 36]) == header_crc and zlib.crc32(payload) == crc
        if not sound or number != len(records) + 1 or len(payload) < length:
            break
        records.append((kind, payload))
        at += 40 + (length + 7) // 8 * 8
    return (file[0], file[1], file[2]), records
