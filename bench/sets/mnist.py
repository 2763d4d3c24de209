"""Images of handwritten digits, 784 pixels."""

from __future__ import annotations

from bench.dataset import DataSet, DataSource
from bench.sets.shared import npz, read_npz


class Mnist(DataSource):
    name = "mnist"
    about = "60,000 images x 784, l2; shared data, folder mnist"

    def present(self) -> bool:
        return npz(self.name).exists()

    def load(self) -> DataSet:
        return read_npz(self.name, "l2", {"label": "base_labels"})
