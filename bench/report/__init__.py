"""One page, pictures and a Markdown table from records; see `bench.records` for what these are."""

from __future__ import annotations

import pathlib

from bench.records import Record

__all__ = ["write"]


def write(records: list[Record], folder: pathlib.Path) -> list[pathlib.Path]:
    """Write ``index.html``, its pictures as PNG files, and ``table.md``; paths, the page first."""
    # The pictures need matplotlib; the rest of the package does without.
    from bench.report import page

    return page.write(records, folder)
