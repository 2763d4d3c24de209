"""Writes the seeds of the fuzzers: python tests/cpp/fuzz/seeds.py (in the repository's root).

Beside them lie inputs on which a fuzzer once stopped; those have no source but themselves.
"""

from __future__ import annotations

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
    write_journal_seeds()
