"""Where the shared data sets lie: ``LANNER_DATA``, or ``shared/data`` beside the repository."""

from __future__ import annotations

import os
import pathlib

FOLDER = pathlib.Path(
    os.environ.get("LANNER_DATA") or pathlib.Path(__file__).resolve().parents[3] / "shared" / "data"
)
