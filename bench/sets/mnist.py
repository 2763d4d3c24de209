"""Images of handwritten digits, 784 pixels."""

from __future__ import annotations

import numpy as np

from bench.dataset import DataSet, DataSource
from bench.sets.shared import FOLDER


class Mnist(DataSource):
    name = "mnist"
    about = "60,000 images x 784, l2; shared data, folder mnist"

    def present(self) -> bool:
        return (FOLDER / "mnist" / "mnist.npz").exists()

    def load(self) -> DataSet:
        arrays = np.load(FOLDER / "mnist" / "mnist.npz")
        return DataSet(
            self.name,
            "l2",
            arrays["base"].astype(np.float32),
            arrays["query"].astype(np.float32),
            arrays["gt_dist"].astype(np.float32),
            read_attributes=lambda: {"label": arrays["base_labels"].tolist()},
        )
