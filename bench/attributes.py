"""Memory of attributes: lanner's columns beside Roaring bitmaps and sorted columns of them.

The other design holds what is needed to answer the same filters and to give values back: of a
string a dictionary and a 4-byte code a row; of a list the codes and where they begin, 4 bytes each;
of both a bitmap a value, as CRoaring lays it out in memory, without what `malloc` adds to each of
its pieces; of a number 8 bytes a row, and as many with a 4-byte row number in order; of a bool two
bitmaps of a bit a row. Every column of lanner is asked filters first, so that whatever it makes
when it is asked for is counted.

    python -m bench.attributes --set papers
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

import lanner
from bench import machine, sets

# roaring_bitmap_t; and of a container its pointer, key and type with its own head.
BITMAP_BYTES = 40
CONTAINER_BYTES = 8 + 2 + 1 + 16


def lanner_bytes(name: str, values: Sequence[Any]) -> int:
    """Return what an index takes for one column that has answered filters of every kind."""
    index = lanner.Index(1, "l2", graph=None, codec=None)
    index.add(np.zeros((len(values), 1), np.float32), attributes={name: values})
    some = next(value for value in values if value is not None and value != [])
    column = lanner.col(name)
    index.count(column.contains(some[0]) if isinstance(some, list) else column == some)
    if isinstance(some, int | float) and not isinstance(some, bool):
        index.count(column < some)
    return int(index.memory()["attributes"])


def other_bytes(values: Sequence[Any]) -> int:
    """Return what Roaring bitmaps or a sorted column of the values take."""
    from pyroaring import BitMap

    present = [value for value in values if value is not None]
    if present and isinstance(present[0], bool):
        return 2 * ((len(values) + 7) // 8)
    if not present or not isinstance(present[0], str | list):
        return 8 * len(values) + 12 * len(present)
    lists = isinstance(present[0], list)
    rows: dict[Any, list[int]] = {}
    for row, value in enumerate(values):
        for each in value if lists and value is not None else () if value is None else (value,):
            rows.setdefault(each, []).append(row)
    elements = sum(map(len, present)) if lists else 0
    total = 4 * len(values) + 4 * elements
    for value, held in rows.items():
        # The characters, or a number, and where they begin.
        total += (len(value.encode()) if isinstance(value, str) else 8) + 8
        bitmap = BitMap(held)
        bitmap.run_optimize()
        facts = bitmap.get_statistics()
        payload = (
            facts["n_bytes_array_containers"]
            + facts["n_bytes_run_containers"]
            + facts["n_bytes_bitset_containers"]
        )
        total += BITMAP_BYTES + CONTAINER_BYTES * facts["n_containers"] + payload
    return total


def main(arguments: list[str] | None = None) -> int:
    """Print a line a column and one of all; 1 where lanner takes more than the other design."""
    parser = argparse.ArgumentParser(prog="python -m bench.attributes", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--set", default="papers")
    given = parser.parse_args(arguments)
    columns = sets.load(given.set).read_attributes()
    print(f"{machine.describe()['cpu']}, lanner {lanner.__version__}")
    totals = [0, 0]
    for name, values in columns.items():
        held = values.tolist() if isinstance(values, np.ndarray) else list(values)
        pair = lanner_bytes(name, held), other_bytes(held)
        totals = [totals[0] + pair[0], totals[1] + pair[1]]
        print(f"{name:18} {pair[0]:12,} {pair[1]:12,} {pair[0] / pair[1]:6.2f}", flush=True)
    print(f"{'all':18} {totals[0]:12,} {totals[1]:12,} {totals[0] / totals[1]:6.2f}")
    return 0 if totals[0] <= totals[1] else 1


if __name__ == "__main__":
    raise SystemExit(main())
