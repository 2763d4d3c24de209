"""Writes the seeds of the fuzzers: python tests/cpp/fuzz/seeds.py (in the repository's root).

Beside them lie inputs on which a fuzzer once stopped; those have no source but themselves.
"""

from __future__ import annotations

import struct
import sys
import tempfile
from pathlib import Path

import numpy as np

import lanner

ROOT = Path(__file__).parents[3]
CORPUS = Path(__file__).with_name("corpus")
sys.path.append(str(ROOT / "tests"))


def rows(count: int) -> np.ndarray:
    i, j = np.ogrid[0:count, 0:3]
    return ((i * 7 + j * 13 + i * j * 5) % 23 - 11) / 2.0


def write_reader_seeds() -> None:
    for metric, dtype, graph, names in (
        ("l2", "float32", "hnsw", False),
        ("cosine", "float16", "hnsw", True),
        ("snr_item", "int8", None, False),
        ("hamming", "bits", "hnsw", True),
    ):
        options = {"graph": graph} if graph is None else {"M": 2}
        index = lanner.Index(3, metric, dtype, **options)
        values = rows(9) > 0 if dtype == "bits" else np.trunc(rows(9))
        index.add(
            values,
            [f"n{row}" for row in range(9)] if names else None,
            attributes={"year": list(range(9)), "tags": [["a"] * (row % 3) for row in range(9)]},
        )
        index.remove(list(index)[2:4])
        for how in (0, 1):
            name = f"{metric}-{dtype}-{how}"
            (CORPUS / "reader" / name).write_bytes(bytes([how]) + index.to_bytes())
    coded = lanner.Index(2, "ip", M=2, codec="SQ4", keep=None)
    coded.add(rows(260)[:, :2])
    coded.remove(range(4, 260))
    coded.compact()
    (CORPUS / "reader" / "ip-codes").write_bytes(b"\x01" + coded.to_bytes())


def container(sections: dict[str, bytes]) -> bytes:
    """Return the file of these sections as `cpp/FORMAT.md` has it, its checksums yet to be made."""
    body, table = bytearray(64), b""
    for name, section in sections.items():
        table += struct.pack("<24sQQII", name.encode(), len(body), len(section), 0, 0)
        body += section + bytes(-len(section) % 64)
    struct.pack_into("<8sIIQQI", body, 0, b"\x89lanner\n", 1, 0, len(body), 0, len(sections))
    struct.pack_into("<Q", body, 24, len(body) + len(table))
    return bytes(body) + table


def write_seeds_with_cells() -> None:
    """Write files of a few rows that have what large ones have: cells, sketches and an order.

    They are those of an index that is large enough, of which these rows are part.
    """
    import plain_reader

    many, few, dim = 2048, 12, 2
    rng = np.random.default_rng(3)
    values = rng.integers(-50, 50, (many, dim))
    for metric, dtype, codec in (("l2", "float32", None), ("cosine", "int8", "SQ4")):
        made = []
        for count in (many, few):
            index = lanner.Index(dim, metric, dtype, M=2, codec=codec)
            index.add(
                values[:count],
                range(count),
                attributes={
                    "year": [None if row % 5 == 4 else row % 7 for row in range(count)],
                    "score": [row / 8 for row in range(count)],
                    "open": [row % 3 == 0 for row in range(count)],
                    "name": [f"n{row % 4}" for row in range(count)],
                    "tags": [["a", "b"][: row % 3] for row in range(count)],
                    "numbers": [[row % 3] * (row % 2) for row in range(count)],
                },
            )
            made.append(plain_reader.sections(index.to_bytes()))
        large, small = made
        slots = [plain_reader.array("q", large["ids"]).index(item) for item in range(few)]
        for name in ("cells.rows", "cells.groups", "cells.tops", "cells.centroids", "cells.of"):
            small[name] = large[name]
        small["sketches"], small["sketches.mean"] = large["sketches"], large["sketches.mean"]
        for name, size in (("cells.of", 4), ("sketches", len(large["sketches"]) // many)):
            small[name] = b"".join(large[name][slot * size :][:size] for slot in slots)
        small["order"] = struct.pack(f"<{few}I", *reversed(range(few)))
        data = plain_reader.sealed(container(small))
        lanner.Index.from_bytes(data).validate()
        for how in (0, 1):
            (CORPUS / "reader" / f"cells-{metric}-{dtype}-{how}").write_bytes(bytes([how]) + data)


def write_seed_with_marks() -> None:
    """Write a column of so many numbers that filters set marks among them."""
    count = 8200
    index = lanner.Index(1, "l2", "uint8", graph=None)
    index.add(
        np.zeros((count, 1), np.uint8), attributes={"year": [row % 99 for row in range(count)]}
    )
    (CORPUS / "reader" / "marks").write_bytes(b"\x00" + index.to_bytes())


def write_journal_seeds() -> None:
    import plain_reader

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a"
        lanner.Index(2, "l2").save(path)
        with lanner.open(path, durable=True) as index:
            table = {"n": [1, None], "t": [["a", "b"], None], "s": ["x", "y"], "f": [0.5, 1.0]}
            index.add(rows(2)[:, :2], [5, 6], attributes=table)
            index.upsert(rows(1)[:, :2], [5])
            index.update_attributes([6], {"s": ["z"], "b": [True]})
            index.remove([5])
            index.compact()
        _, records = plain_reader.journal(Path(folder) / "a.journal")
        for number, (kind, payload) in enumerate(records):
            (CORPUS / "journal" / f"{number}").write_bytes(bytes([kind]) + payload)


if __name__ == "__main__":
    for each in ("reader", "journal"):
        (CORPUS / each).mkdir(parents=True, exist_ok=True)
    write_reader_seeds()
    write_seeds_with_cells()
    write_seed_with_marks()
    write_journal_seeds()
