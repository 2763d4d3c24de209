"""Uses altered files as a user would, in a process of its own: what it looks for is a crash.

Arguments: folder, "hnsw" or "none", "int" or "str", a codec or "none", what it keeps or "none", and
the number of alterations of each section.
Every lanner.Error is an answer; any other exception, or a signal, is a defect.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

import lanner

DIM = 12
# Bytes that make small numbers large, signs change, and counts and offsets zero.
BYTES = (0x00, 0x01, 0x7F, 0x80, 0xFF)
WORDS = (0, 1, 2**31 - 1, 2**31, 2**32 - 1)


def use(path: Path, rows: np.ndarray) -> None:
    index = lanner.open(path, writable=True)
    ids = list(index)
    index.search(rows[:2], k=5)
    index.search(rows[:2], k=5, exact=True)
    if index.graph:
        index.search(rows[:2], k=2, ef=1)
    index.search_radius(rows[0], 30.0)
    index.get(ids[:5])
    index.search_by_id(ids[:2], k=3)
    new = [f"new {row}" for row in range(6)] if index.id_kind == "str" else None
    index.add(rows[:6], new)
    index.upsert(rows[:3], ids[-3:])
    index.remove(ids[:4])
    index.to_bytes()
    index.validate()


def main(folder: Path, graph: str, kind: str, codec: str, keep: str, rounds: int) -> None:
    rng = np.random.default_rng(1)
    options: dict[str, Any] = {"M": 2} if graph == "hnsw" else {"graph": None}
    if codec != "none":
        options |= {"codec": codec, "keep": None if keep == "none" else keep}
    # Scalar and binary codes are fitted to 256 rows, product codes of 4 bits to 624.
    count = 80 if codec == "none" else 640 if "PQ" in codec else 280
    index = lanner.Index(DIM, "l2", **options)
    rows = rng.integers(0, 9, (count, DIM)).astype(np.float32)
    index.add(rows, [f"item {row}" for row in range(count)] if kind == "str" else None, threads=1)
    index.remove(list(index)[20:40])
    whole = index.to_bytes()
    path = folder / "a.lanner"
    path.write_bytes(whole)
    sections = [(0, 256)]
    sections += [
        (each["offset"], each["length"])
        for each in lanner.verify(path)["sections"]
        if each["length"]
    ]
    for offset, length in sections:
        for turn in range(rounds):
            altered = bytearray(whole)
            place = offset + int(rng.integers(0, length))
            if turn % 2:
                altered[place] = BYTES[int(rng.integers(len(BYTES)))]
            else:
                place -= place % 4
                word = WORDS[int(rng.integers(len(WORDS)))]
                altered[place : place + 4] = word.to_bytes(4, "little")
            # A new name each time: one that is still mapped must not change beneath its reader.
            path = folder / f"{offset}-{turn}.lanner"
            path.write_bytes(altered)
            try:
                use(path, rows)
            except lanner.Error:
                pass
            except BaseException:
                sys.stderr.write(f"byte {place}, in the section at {offset}, round {turn}\n")
                raise
            path.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:6], int(sys.argv[6]))
