"""Blocks of rows, of the billion-scale challenges: ``base.10M.u8bin`` and the like."""

from __future__ import annotations

import pathlib

from bench.dataset import DataSet, FileSource
from bench.sets import folder


class Blocks(FileSource):
    suffixes = (".fbin", ".u8bin", ".i8bin", ".ibin")

    def load(self, path: pathlib.Path) -> DataSet:
        return folder.read(path)
