"""The page as it grows, of headings, text, tables and pictures; one file that needs no other."""

from __future__ import annotations

import base64
import pathlib
import re

from bench.report.tables import Table, escape

STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #57606a; --line: #d8dee4;
  --faint: #f6f8fa; --paper: #fff; --own: #fff4ec; --mark: #b34700;
  --warn: #fff8c5; --warn-line: #d4a72c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa4af; --line: #30363d;
  --faint: #161b22; --paper: #0d1117; --own: #2b1d14; --mark: #ffa366; --warn: #332b00;
  --warn-line: #9e7b0f; } }
* { box-sizing: border-box; }
html { scroll-behavior: smooth; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main, header { max-width: 1180px; margin: 0 auto; padding: 0 28px; }
header { padding-top: 36px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; letter-spacing: -.01em; }
h2 { font-size: 23px; margin: 56px 0 8px; padding-top: 14px; border-top: 1px solid var(--line); }
h3 { font-size: 18px; margin: 34px 0 8px; }
h4 { font-size: 15px; margin: 26px 0 8px; color: var(--soft); }
p { margin: 8px 0; max-width: 82ch; }
p.soft { color: var(--soft); }
p.warning { background: var(--warn); border-left: 4px solid var(--warn-line); padding: 8px 14px;
  max-width: none; }
nav { border: 1px solid var(--line); background: var(--faint); border-radius: 8px;
  padding: 12px 20px; margin: 22px 0; }
nav ul { margin: 0; padding: 0; list-style: none; columns: 3 230px; }
nav li { break-inside: avoid; padding: 1px 0; }
nav br + a { margin-left: 18px; font-size: 14px; }
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: 2px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 3px 18px; margin: 10px 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; max-width: 88ch; }
.wide { overflow-x: auto; margin: 16px 0 22px; }
table { border-collapse: collapse; font-size: 13.5px; line-height: 1.35; min-width: 40%; }
caption { text-align: left; color: var(--soft); padding: 0 0 6px; }
th, td { padding: 5px 10px; text-align: left; vertical-align: top; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
thead th { border-bottom: 1.5px solid var(--soft); font-weight: 600; vertical-align: bottom;
  white-space: normal; }
th.group { text-align: center; border-bottom: 1px solid var(--line); }
th.n, td.n { text-align: right; font-variant-numeric: tabular-nums; }
td:not(.n) { white-space: normal; overflow-wrap: break-word; max-width: 56ch; }
td small { display: block; color: var(--soft); font-size: 12px; }
td:first-child { font-weight: 500; white-space: nowrap; }
td:first-child small { font-weight: 400; }
tr.own td { background: var(--own); }
td.best { font-weight: 700; color: var(--mark); }
td.best small { font-weight: 400; }
figure { margin: 14px 0 22px; }
figure img { display: block; max-width: 100%; height: auto; background: #fff;
  border: 1px solid var(--line); border-radius: 6px; }
figcaption { color: var(--soft); font-size: 13.5px; margin-top: 5px; }
.beside { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(480px, 100%), 1fr));
  gap: 0 18px; }
footer { color: var(--soft); font-size: 13px; margin: 60px 0 30px; }
@media print { :root { color-scheme: light; --ink: #000; --soft: #444; --line: #ccc; --faint: #fff;
  --paper: #fff; --own: #fff4ec; --mark: #000; --warn: #fff; }
  body { font-size: 9.5pt; } header { padding-top: 0; } main, header { padding: 0; }
  nav { display: none; } h2 { margin-top: 26px; } h3 { margin-top: 18px; }
  table { font-size: 7pt; } td small { font-size: 6.5pt; } th, td { padding: 2px 5px; }
  .wide { overflow: visible; margin: 10px 0; } .beside { grid-template-columns: 1fr 1fr; }
  figure img { max-height: 235mm; margin: 0 auto; } figure, tr { break-inside: avoid; }
  h2, h3, h4, caption { break-after: avoid; } @page { size: A4; margin: 13mm; } }
"""


class Document:
    """What is written so far, and the folder for its pictures."""

    def __init__(self, folder: pathlib.Path, title: str) -> None:
        self.folder = folder
        self.title = title
        self.pictures: list[pathlib.Path] = []
        self._parts: list[str] = []
        self._contents: list[tuple[int, str, str]] = []
        self._anchors: set[str] = set()
        self._files: set[str] = set()

    def heading(self, level: int, title: str, context: str = "") -> None:
        """A heading; those of levels 2 and 3 come into the table of contents."""
        anchor = _unique(f"{context} {title}", self._anchors)
        if level <= 3:
            self._contents.append((level, anchor, title))
        self._parts.append(f'<h{level} id="{anchor}">{escape(title)}</h{level}>')

    def text(self, words: str, kind: str = "") -> None:
        """A paragraph; kinds: ``soft``, ``warning``."""
        attribute = f' class="{kind}"' if kind else ""
        self._parts.append(f"<p{attribute}>{escape(words)}</p>")

    def facts(self, found: dict[str, str]) -> None:
        """Names and what they stand for."""
        rows = "".join(
            f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in found.items()
        )
        self._parts.append(f"<dl>{rows}</dl>")

    def table(self, table: Table) -> None:
        """A table."""
        self._parts.append(table.html())

    def picture_path(self, *words: str) -> pathlib.Path:
        """Where a picture goes, named for what it shows; no two alike."""
        return self.folder / f"{_unique(' '.join(words), self._files)}.png"

    def pictures_beside(self, found: list[tuple[pathlib.Path, str]]) -> None:
        """Pictures that were drawn, with captions, next to each other where there is room."""
        figures = []
        for path, caption in found:
            self.pictures.append(path)
            image = base64.b64encode(path.read_bytes()).decode("ascii")
            figures.append(
                f'<figure><img alt="{escape(caption)}" src="data:image/png;base64,{image}">'
                f"<figcaption>{escape(caption)}</figcaption></figure>"
            )
        inner = "".join(figures)
        self._parts.append(f'<div class="beside">{inner}</div>' if len(found) > 1 else inner)

    def html(self) -> str:
        """The whole page."""
        entries: list[str] = []
        for level, anchor, title in self._contents:
            link = f'<a href="#{anchor}">{escape(title)}</a>'
            if level == 2 or not entries:
                entries.append(link)
            else:
                entries[-1] += f"<br>{link}"
        listed = "".join(f"<li>{entry}</li>" for entry in entries)
        contents = f'<nav aria-label="Contents"><ul>{listed}</ul></nav>'
        return (
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(self.title)}</title><style>{STYLE}</style></head>\n"
            f"<body><header><h1>{escape(self.title)}</h1>{contents}</header>\n<main>"
            + "\n".join(self._parts)
            + "</main></body></html>\n"
        )


def _unique(words: str, taken: set[str]) -> str:
    """Words as a name of plain letters that is not taken yet; takes it."""
    base = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-") or "part"
    found, number = base, 2
    while found in taken:
        found, number = f"{base}-{number}", number + 1
    taken.add(found)
    return found
