"""Records of benchmarks that are made up, and a reader of the report's page."""

from __future__ import annotations

import html.parser
import pathlib
from typing import Any

import pytest

from bench import records as records_module

MACHINE = {
    "cpu": "Some CPU",
    "processors": 2,
    "governor": None,
    "memory_bytes": 8 * 2**30,
    "system": "Linux 6",
    "python": "3.12.1",
    "numpy": "2.0.0",
    "lanner": "1.0.0",
    "isa": "avx2",
}
DATA = {"name": "papers", "rows": 1000, "queries": 100, "dim": 8, "metric": "l2", "bytes": 2**20}
STRANGE = 'peer <b>&"quoted"</b> $x_1$ | *a*'


def point(recall: float, rate: float, ef: int | None = 10, /, **more: Any) -> dict[str, Any]:
    return {
        "k": 10,
        "parameters": {} if ef is None else {"ef": ef},
        "recall": {"1": recall, "10": recall},
        "one": {"rate": rate, "spread": 0.02, "p50_us": 1.0, "p95_us": 2.0, "p99_us": 3.0},
        "batch": {"1": {"rate": rate, "spread": 0.0}, "2": {"rate": 2 * rate, "spread": 0.0}},
        "distances": None,
        "hops": None,
        **more,
    }


def record(method: str, suite: str = "plain", round: int = 0, **fields: Any) -> dict[str, Any]:
    build = fields.get("build_parameters", {})
    data = fields.get("data", DATA)
    name = data["name"] if data else ""
    return {
        "format": 1,
        "key": records_module.key(suite, name, method, build, [10], 1, round),
        "suite": suite,
        "status": "ok",
        "detail": "",
        "time": "2026-11-24T02:40:00+00:00",
        "revision": "70cafa5",
        "machine": MACHINE,
        "control": [40.0, 40.4],
        "data": data,
        "method": method,
        "library": {"name": method, "version": "1.0"},
        "build_parameters": build,
        "threads": 1,
        "round": round,
        "build": {
            "seconds": 2.0,
            "threads": 2,
            "peak_bytes": 3 * 2**20,
            "resting_bytes": 2 * 2**20,
            "disk_bytes": None,
            "save_seconds": None,
            "open_seconds": None,
        },
        "points": [],
        **fields,
    }


def curve(scale: float) -> list[dict[str, Any]]:
    return [
        point(recall, scale * rate, ef)
        for ef, (recall, rate) in enumerate([(0.85, 4000), (0.95, 2000), (0.995, 500)], 10)
    ]


def several() -> list[dict[str, Any]]:
    lines = [
        {
            "k": 10,
            "parameters": {"ef": ef},
            "kind": kind,
            "selectivity": share,
            "filters": 20,
            "recall": recall,
            "rate": 1000.0 * share / ef,
            "p50_us": 1.0,
            "p95_us": 1.0,
            "p99_us": None,
            "short": 3 if share < 0.01 else 0,
        }
        for kind in ("equal", "<range> & more")
        for share in (0.001, 0.1, 0.99)
        for ef, recall in ((10, 0.9), (20, 0.97 if share > 0.01 else 0.91))
    ]
    nothing = dict.fromkeys(record("x")["build"])
    kernels = [{"dtype": "f32", "kernels": "avx2", "cache_ns": 8.25, "scan_ns": None}]
    return [
        record("lanner", points=curve(2)),
        record("twin a", points=curve(1)),
        record("twin b", points=curve(1)),
        record(STRANGE, points=curve(0.5), build=None),
        record("flat", points=[point(1.0, 10.0, None)], build=nothing),
        record("early", points=[point(0.86, 900.0, 1), point(0.88, 800.0, 2, one=None)]),
        record("untimed", points=[point(0.9, 1.0, one=None, batch={})]),
        record("bare", points=[]),
        record("gone", status="missing", detail="No module named 'gone'", library=None, build=None),
        record(
            "broken", status="crashed", detail="<first> line\nmiddle\nlast & line\n", build=None
        ),
        record("slow", status="timeout", detail="", build=None),
        record("lanner", "filtered", filtered=lines),
        record(
            STRANGE, "filtered", filtered=[{**each, "rate": each["rate"] / 4} for each in lines]
        ),
        record("lanner", "exact", points=[point(1.0, 30.0, None)]),
        record("flat", "exact", points=[point(1.0, 10.0, None)]),
        record("lanner", "hashing", points=[point(0.4, 30.0, 1), point(0.5, 20.0, 2)]),
        record("lanner", "build", build={**nothing, "seconds": 4.0, "threads": 1}),
        record("lanner", "kernels", data=None, build=None, kernels=kernels),
    ]


class Reader(html.parser.HTMLParser):
    """Tags, addresses and texts of a page; every tag must be closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.texts: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(page: pathlib.Path) -> Reader:
    reader = Reader()
    reader.feed(page.read_text(encoding="utf-8"))
    assert reader.open == []
    return reader


def write(found: list[dict[str, Any]], folder: pathlib.Path) -> list[pathlib.Path]:
    pytest.importorskip("matplotlib")
    from bench import report

    return report.write(found, folder)
