"""What docs/codecs.md says of codecs is so, and its code runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import lanner
from lanner import demo

DOCUMENT = (Path(__file__).parents[1] / "docs" / "codecs.md").read_text(encoding="utf-8")
CODE = "\n".join(re.findall(r"^```python\n(.*?)^```$", DOCUMENT, re.M | re.S))
RECALLS = [
    (codec, int(size), float(recall))
    for codec, size, recall in re.findall(r"^\| `(\w+)` \| (\d+) \| (0\.\d+) \|$", DOCUMENT, re.M)
]
BUDGETS = re.findall(r"^\| `(\d+)` \| (.*) \| (\d+) \|$", DOCUMENT, re.M)
NAMES = re.findall(r'^\| `"(\w+x\d|SQ\d)"` \| (\d+) \| ([\d,]+)', DOCUMENT, re.M)


@pytest.fixture(scope="module")
def papers() -> Any:
    """Return the papers, and the hits of exact search among them."""
    data = demo.load()
    exact = lanner.Index(384, graph=None)
    exact.add(data.vectors)
    return data, exact.search(data.queries, 10)


def test_there_is_something_to_hold_the_document_to() -> None:
    assert (len(RECALLS), len(BUDGETS), len(NAMES)) == (10, 8, 6)
    assert len([codec for codec, _, _ in RECALLS if "OPQ" not in codec]) == 6


@pytest.mark.parametrize(("codec", "size"), [each[:2] for each in RECALLS])
def test_sizes_beside_recalls_are_those_of_indexes(codec: str, size: int) -> None:
    assert lanner.Index(384, codec=codec, keep=None).bytes_a_vector == size


# OPQ is left out, whose rotations take ten seconds each to learn; the document's code measures one.
@pytest.mark.parametrize(
    ("codec", "recall"), [(each[0], each[2]) for each in RECALLS if "OPQ" not in each[0]]
)
def test_recalls_are_those_of_indexes(codec: str, recall: float, papers: Any) -> None:
    data, truth = papers
    index = lanner.Index(384, codec=codec, keep=None, graph=None)  # recall=1 walks no graph
    index.add(data.vectors)
    # Codebooks learned with other kernels differ in the last digits, and so do a few neighbours.
    bound = 0.01 if "PQ" in codec else 0.005
    measured = index.measure_recall(data.queries, 10, truth=truth, recall=1)
    assert measured == pytest.approx(recall, abs=bound)


@pytest.mark.parametrize(("codec", "size", "rows"), NAMES)
def test_sizes_and_least_rows_of_names_are_those_of_indexes(
    codec: str, size: str, rows: str
) -> None:
    index = lanner.Index(384, codec=codec, keep=None)
    assert index.bytes_a_vector == int(size)
    assert index._core.rows_to_fit[1] == int(rows.replace(",", ""))


def test_sizes_of_binary_codes_and_of_vectors_are_those_of_indexes() -> None:
    sizes = [lanner.Index(384, codec=f"Binary{n}", keep=None).bytes_a_vector for n in (4, 3, 2, 1)]
    assert f"| {', '.join(map(str, sizes))} | 256 |" in DOCUMENT
    assert f"| {lanner.Index(384, codec=None).bytes_a_vector}, the vectors |" in DOCUMENT


@pytest.mark.parametrize(("budget", "choice", "size"), BUDGETS)
def test_budgets_choose_what_the_document_says(budget: str, choice: str, size: str) -> None:
    index = lanner.Index(384, memory_budget=int(budget))
    assert index.bytes_a_vector == int(size)
    if index.codec is None:
        assert choice == f"the {index.keep} vectors"
    else:
        beside = f"beside {index.keep}" if index.keep else "alone"
        assert choice == f"`{index.codec}` {beside}"


def test_its_code_finds_what_it_says() -> None:
    names: dict[str, Any] = {}
    exec(compile(CODE, "docs/codecs.md", "exec"), names)
    index, small = names["index"], names["small"]
    assert index.bytes_a_vector == 60
    stated = {codec: recall for codec, _, recall in RECALLS}
    # Codebooks learned with other kernels differ in the last digits, and so do a few neighbours.
    assert names["recall"] == pytest.approx(stated["OPQ96x4"], abs=0.01)
    assert (small.codec, small.keep, small.bytes_a_vector) == ("OPQ96x4", None, 60)
    assert small.codec_recall == pytest.approx(0.84, abs=0.02)
