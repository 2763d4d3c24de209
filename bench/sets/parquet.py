"""Tables: one column of vectors, ``vectors`` if there are several, the others to filter by."""

from __future__ import annotations

import pathlib
from typing import Any

from bench.dataset import DataSet, FileSource
from bench.sets import folder
from lanner.readers import read_vectors


class Parquet(FileSource):
    suffixes = (".parquet",)

    def load(self, path: pathlib.Path) -> DataSet:
        file, _ = folder.split_metric(str(path))
        try:
            import pyarrow.parquet
        except ImportError:
            raise SystemExit('.parquet files need pyarrow: pip install "lanner[bench]"') from None
        schema = pyarrow.parquet.read_schema(file)
        lists = [each.name for each in schema if _is_number_list(each.type)]
        column = lists[0] if len(lists) == 1 else "vectors"
        data = folder.read(path, read_vectors(file, name=column))

        def read_attributes() -> dict[str, Any]:
            names = [each.name for each in schema if each.name != column]
            # Rows held out as queries are the last ones.
            table = pyarrow.parquet.read_table(file, columns=names).slice(0, len(data.base))
            return {name: table.column(name).to_pylist() for name in names}

        data.read_attributes = read_attributes
        return data


def _is_number_list(kind: Any) -> bool:
    import pyarrow.types as types

    if not (types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)):
        return False
    return bool(types.is_floating(kind.value_type) or types.is_integer(kind.value_type))
