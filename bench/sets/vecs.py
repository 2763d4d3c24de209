"""Rows that each begin with their dimension, of the TEXMEX sets: ``sift_base.fvecs``."""

from __future__ import annotations

import pathlib

from bench.dataset import DataSet, FileSource
from bench.sets import folder


class RowFiles(FileSource):
    suffixes = (".fvecs", ".bvecs", ".ivecs")

    def load(self, path: pathlib.Path) -> DataSet:
        return folder.read(path)
