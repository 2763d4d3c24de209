"""SIFT descriptors of photographs, 128 dimensions; not the SIFT1M of the literature."""

from __future__ import annotations

import numpy as np

from bench.dataset import DataSet, DataSource
from bench.sets.shared import FOLDER


class Sift250k(DataSource):
    name = "sift250k"
    about = "250,000 descriptors x 128, l2; shared data, folder sift250k"

    def present(self) -> bool:
        return (FOLDER / "sift250k" / "sift250k.npz").exists()

    def load(self) -> DataSet:
        arrays = np.load(FOLDER / "sift250k" / "sift250k.npz")
        return DataSet(
            self.name,
            "l2",
            arrays["base"].astype(np.float32),
            arrays["query"].astype(np.float32),
            arrays["gt_dist"].astype(np.float32),
        )
