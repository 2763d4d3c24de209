"""SIFT descriptors of photographs, 128 dimensions; not the SIFT1M of the literature."""

from __future__ import annotations

from bench.dataset import DataSet, DataSource
from bench.sets.shared import npz, read_npz


class Sift250k(DataSource):
    name = "sift250k"
    about = "250,000 descriptors x 128, l2; shared data, folder sift250k"

    def present(self) -> bool:
        return npz(self.name).exists()

    def load(self) -> DataSet:
        return read_npz(self.name, "l2")
