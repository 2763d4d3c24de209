"""Files of ann-benchmarks: ``train``, ``test``, ``neighbors``, and the distance as an attribute.

Their distances are not read: euclidean ones are not squared, hamming ones are shares of the bits,
angular ones have meant several things over the years. Ours are worked out from ``neighbors``.
"""

from __future__ import annotations

import pathlib

import numpy as np

from bench.dataset import DataSet, FileSource
from bench.sets import folder

METRICS = {
    "euclidean": "l2",
    "angular": "cosine",
    "cosine": "cosine",
    "ip": "ip",
    "dot": "ip",
    "inner_product": "ip",
    "hamming": "hamming",
}


class AnnBenchmarks(FileSource):
    suffixes = (".hdf5", ".h5")

    def load(self, path: pathlib.Path) -> DataSet:
        try:
            import h5py
        except ImportError:
            raise SystemExit('.hdf5 files need h5py: pip install "lanner[bench]"') from None
        path, forced = folder.split_metric(str(path))
        with h5py.File(path, "r") as file:
            for name in ("train", "test"):
                if name not in file:
                    raise SystemExit(f"{path} must hold {name!r}, it has {', '.join(file)}")
            distance = file.attrs.get("distance", "")
            if isinstance(distance, bytes):
                distance = distance.decode()
            metric = forced or METRICS.get(distance)
            if metric is None:
                known = ", ".join(METRICS)
                raise SystemExit(
                    f"{path} has distance {str(distance)!r}, and the harness knows {known}"
                )
            base, queries = (
                folder.to_rows(np.asarray(file[name]), metric, f"{path}, {name}")
                for name in ("train", "test")
            )
            data = DataSet(path.stem, metric, base, queries)
            if "neighbors" in file:
                folder.take_truth(data, np.asarray(file["neighbors"]), f"{path}, neighbors")
        return data
