"""Matrices saved by NumPy: ``papers.npy`` with ``papers_query.npy``."""

from __future__ import annotations

import pathlib

from bench.dataset import DataSet, FileSource
from bench.sets import folder


class NumpyFile(FileSource):
    suffixes = (".npy",)

    def load(self, path: pathlib.Path) -> DataSet:
        return folder.read(path)
