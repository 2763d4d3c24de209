"""Tables, and how they look in HTML and in Markdown. Whatever goes in is escaped here."""

from __future__ import annotations

import dataclasses
import html
import re
from collections.abc import Iterable, Sequence

TIMES = "\N{MULTIPLICATION SIGN}"
NONE = "-"


@dataclasses.dataclass(frozen=True)
class Cell:
    """A text, and a lesser one that goes with it."""

    text: str
    note: str = ""
    best: bool = False
    number: bool = True


@dataclasses.dataclass
class Table:
    """Rows of cells under a head; ``groups`` are names over so many columns each."""

    caption: str
    head: Sequence[str]
    rows: list[list[Cell]]
    groups: Sequence[tuple[str, int]] = ()
    emphasised: frozenset[int] = frozenset()

    def html(self) -> str:
        """As HTML."""
        numbers = [
            all(row[column].number for row in self.rows) if self.rows else False
            for column in range(len(self.head))
        ]
        parts = [f'<div class="wide"><table><caption>{escape(self.caption)}</caption><thead>']
        if self.groups:
            spans = "".join(
                f'<th colspan="{width}" class="group">{escape(name)}</th>'
                for name, width in self.groups
            )
            parts.append(f"<tr>{spans}</tr>")
        names = "".join(
            f'<th scope="col"{_number(number)}>{escape(name)}</th>'
            for name, number in zip(self.head, numbers, strict=True)
        )
        parts.append(f"<tr>{names}</tr></thead><tbody>")
        for number, row in enumerate(self.rows):
            kind = ' class="own"' if number in self.emphasised else ""
            parts.append(f"<tr{kind}>{''.join(_cell(cell) for cell in row)}</tr>")
        parts.append("</tbody></table></div>")
        return "".join(parts)

    def markdown(self) -> str:
        """As a Markdown table; notes go behind the text."""
        groups = [name for name, width in self.groups for _ in range(width)]
        head = [
            " ".join(part for part in (group, name) if part)
            for group, name in zip(groups or [""] * len(self.head), self.head, strict=True)
        ]
        aligned = [
            "---:" if self.rows and all(row[column].number for row in self.rows) else "---"
            for column in range(len(head))
        ]
        lines = [
            "| " + " | ".join(map(markdown_escape, head)) + " |",
            "|" + "|".join(aligned) + "|",
        ]
        for row in self.rows:
            cells = []
            for cell in row:
                text = markdown_escape(cell.text)
                text = f"**{text}**" if cell.best and text else text
                cells.append(f"{text} ({markdown_escape(cell.note)})" if cell.note else text)
            lines.append("| " + " | ".join(cells) + " |")
        return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Text for HTML, good within attributes too."""
    return html.escape(text, quote=True)


def markdown_escape(text: str) -> str:
    """Text for a cell of a Markdown table."""
    line = " ".join(text.split())
    line = re.sub(r"([\\|*`\[\]])", r"\\\1", line)
    return line.replace("&", "&amp;").replace("<", "&lt;")


def name(text: str, note: str = "") -> Cell:
    """A cell of words."""
    return Cell(text, note, number=False)


def number(value: float | None, digits: int = 3) -> str:
    """Three digits that count, or all of those before the point; thousands set apart."""
    if value is None:
        return NONE
    if value == 0:
        return "0"
    rounded = abs(float(f"{value:.{digits}g}"))
    if rounded >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    magnitude = len(str(int(rounded))) if rounded >= 1 else 0
    text = f"{value:.{max(0, digits - magnitude)}f}"
    return text if float(text) else f"{value:.1e}"


def ratio(value: float | None, mark: str = "") -> str:
    """A ratio with its sign, and a mark before it."""
    if value is None:
        return ""
    return f"{mark}{TIMES}{value:.{2 if value >= 0.1 else 3}f}"


def multiple(value: float | None, whole: float | None) -> str:
    """A value as a multiple of another, for a note."""
    return ratio(value / whole) if value is not None and whole else ""


def mebibytes(value: float | None) -> str:
    """Bytes as MiB."""
    return number(None if value is None else value / 2**20)


def percent(share: float) -> str:
    """A share as per cent."""
    return f"{share * 100:.3g} %"


def joined(parts: Iterable[str]) -> str:
    """Different ones of some words, in a row."""
    return ", ".join(dict.fromkeys(part for part in parts if part))


def _number(is_number: bool) -> str:
    return ' class="n"' if is_number else ""


def _cell(cell: Cell) -> str:
    kinds = [kind for kind, there in (("n", cell.number), ("best", cell.best)) if there]
    attribute = f' class="{" ".join(kinds)}"' if kinds else ""
    note = f"<small>{escape(cell.note)}</small>" if cell.note else ""
    return f"<td{attribute}>{escape(cell.text)}{note}</td>"
