"""Pictures by matplotlib, without a display."""

from __future__ import annotations

import contextlib
import dataclasses
import math
import pathlib
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from bench import scoring
from bench.report.labels import label_ends, plain
from bench.report.look import SETTINGS, Look
from bench.report.tables import number

# A recall r lies at -log10(1 - r + SHARP): each nine takes the same room, and 1 is on the axis.
SHARP = 0.0007
RECALL_TICKS = (0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1)
DPI = 144


@dataclasses.dataclass(frozen=True)
class Bar:
    """A row of bars: two values, of which the second may lie behind the first."""

    label: str
    own: bool
    values: Mapping[str, float | None]
    note: str = ""


def recall_and_rate(
    curves: Mapping[str, Sequence[tuple[float, float]]],
    looks: Mapping[str, Look],
    title: str,
    k: int,
    path: pathlib.Path,
    wide: bool = True,
) -> pathlib.Path:
    """Fronts of methods: queries a second, logarithmic, against recall."""
    fronts = {name: scoring.front(points) for name, points in curves.items() if points}
    lowest = min(min(recall for recall, _ in front) for front in fronts.values())
    reached = min(max(recall for recall, _ in front) for front in fronts.values())
    left = min(max(lowest, 0.7), reached) - 0.003
    with _drawing():
        figure, axes = _figure(9.4 if wide else 7.2, 5.8 if wide else 5.0)
        axes.set_title(plain(title))
        axes.set_xscale("function", functions=(_stretched, _unstretched))
        # A little past 1, so that markers there are whole.
        axes.set_xlim(max(0.0, left), 1 + SHARP * 0.12)
        ticks = [tick for tick in RECALL_TICKS if left + 0.005 <= tick]
        axes.xaxis.set_major_locator(FixedLocator(_apart(ticks, axes, wide)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.set_xlabel(f"recall@{k}")
        axes.set_ylabel("queries a second")
        ends = {}
        for name, front in fronts.items():
            recalls, rates = zip(*front, strict=True)
            _line(axes, recalls, rates, looks[name])
            ends[name] = front[-1]
        seen = [rate for front in fronts.values() for recall, rate in front if recall >= left]
        _log_axis(axes, seen)
        label_ends(axes, ends, looks, fronts)
        return _save(figure, path)


def rate_and_selectivity(
    panels: Mapping[str, Mapping[str, Sequence[tuple[float, float | None]]]],
    looks: Mapping[str, Look],
    path: pathlib.Path,
    level: tuple[str, float | None] = ("", None),
) -> pathlib.Path:
    """Rates against selectivity, both logarithmic, one panel a kind; a gap where there is none.

    `level` names a rate to draw across all panels.
    """
    columns = 2 if len(panels) > 1 else 1
    rows = math.ceil(len(panels) / columns)
    found = [each for panel in panels.values() for line in panel.values() for each in line]
    with _drawing():
        figure = Figure(figsize=(6.3 * columns, 3.9 * rows), layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.subplots(rows, columns, squeeze=False)
        every = [axes for row in grid for axes in row]
        for axes in every[len(panels) :]:
            axes.set_visible(False)
        for axes, (kind, lines) in zip(every, panels.items(), strict=False):
            axes.set_title(plain(kind))
            axes.set_xscale("log")
            shares = [share for share, _ in found]
            axes.set_xlim(min(shares) / 1.3, max(shares) * 1.15)
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:g} %"))
            axes.xaxis.set_minor_locator(NullLocator())
            axes.set_xlabel("rows that match")
            axes.set_ylabel("queries a second")
            ends = {}
            for name, line in lines.items():
                ordered = sorted(line, key=lambda each: each[0])
                rates = [math.nan if rate is None else rate for _, rate in ordered]
                _line(axes, [share for share, _ in ordered], rates, looks[name])
                there = [(share, rate) for share, rate in ordered if rate is not None]
                if there:
                    ends[name] = there[-1]
            _log_axis(axes, [rate for rate in (*(each for _, each in found), level[1]) if rate])
            if level[1] is not None:
                axes.axhline(level[1], color="#24292F", linewidth=1, linestyle=(0, (1, 2)))
            low = [name for name in lines if name not in ends]
            if low:
                axes.annotate(
                    plain(f"nowhere that accurate: {', '.join(low)}"),
                    (0.02, 0.03),
                    xycoords="axes fraction",
                    fontsize=8.5,
                    color="#57606A",
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
                    zorder=7,
                )
            drawn = {
                name: [(share, rate) for share, rate in line if rate is not None]
                for name, line in lines.items()
            }
            label_ends(axes, ends, looks, drawn)
        return _save(figure, path)


def bars(
    rows: Sequence[Bar],
    title: str,
    unit: str,
    path: pathlib.Path,
    line: tuple[float, str] | None = None,
) -> pathlib.Path:
    """Horizontal bars, one group a row and one bar a value, each with its figure at its end."""
    names = list(dict.fromkeys(name for row in rows for name in row.values))
    height = 0.8 / max(1, len(names))
    greatest = max((v for row in rows for v in row.values.values() if v is not None), default=1.0)
    if line is not None:
        greatest = max(greatest, line[0])
    with _drawing(grid="x"):
        each = 0.22 * len(names) + 0.16
        figure, axes = _figure(9.4, 1.25 + each * len(rows))
        axes.set_title(plain(title), pad=22)
        for at, row in enumerate(rows):
            for part, name in enumerate(names):
                value = row.values.get(name)
                place = at + (part - (len(names) - 1) / 2) * height
                note = f" {row.note}" if row.note and part == 0 else ""
                if value is None:
                    label, end = "no figure", 0.0
                else:
                    label, end = f"{number(value)}{note}", value
                    axes.barh(place, value, height * 0.88, color=_shade(row.own, part))
                axes.annotate(
                    plain(label),
                    (end, place),
                    xytext=(4, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=8.5,
                    color="#24292F",
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
                )
        axes.set_yticks(range(len(rows)), [plain(row.label) for row in rows])
        for tick, row in zip(axes.get_yticklabels(), rows, strict=True):
            tick.set_color("#24292F")
            tick.set_fontweight("bold" if row.own else "normal")
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(0, greatest * 1.14)
        axes.set_xlabel(unit)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        if line is not None:
            axes.axvline(line[0], color="#24292F", linewidth=1, linestyle=(0, (4, 2)))
        # Shades named above the bars, in the order of the bars of a group.
        shades = ("dark", "lighter", "lightest")
        words = [f"{shades[min(part, 2)]}: {name}" for part, name in enumerate(names)]
        words = words if len(names) > 1 else names
        if line is not None:
            words.append(f"dashed: {line[1]}")
        axes.annotate(
            plain(" \u00b7 ".join(words)),
            (0, 1),
            xycoords="axes fraction",
            xytext=(0, 7),
            textcoords="offset points",
            fontsize=9,
            color="#57606A",
        )
        return _save(figure, path)


@contextlib.contextmanager
def _drawing(grid: Literal["both", "x"] = "both") -> Iterator[None]:
    """Draw with the page's settings, whatever those of the process are."""
    with mpl.rc_context({**SETTINGS, "axes.grid.axis": grid}), warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes; the tables have it right.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots()


def _save(figure: Figure, path: pathlib.Path) -> pathlib.Path:
    figure.savefig(path, dpi=DPI, metadata={"Software": None})
    return path


def _line(axes: Axes, x: Sequence[float], y: Sequence[float], look: Look) -> None:
    axes.plot(
        x,
        y,
        color=look.colour,
        linestyle=look.dashes,
        linewidth=look.width,
        marker=look.marker,
        markersize=5.5 if look.own else 4.2,
        markeredgecolor="white",
        markeredgewidth=0.5,
        zorder=4 if look.own else 3,
    )


def _log_axis(axes: Axes, values: Sequence[float]) -> None:
    """A logarithmic vertical axis around values, its ticks numbers that one reads."""
    low, high = (min(values) / 1.25, max(values) * 1.25) if values else (1.0, 10.0)
    decades = math.log10(high / low)
    steps = (1, 1.5, 2, 3, 5, 7) if decades < 1 else (1, 2, 5) if decades < 3.6 else (1,)
    first = math.floor(math.log10(low))
    ticks = [
        step * 10.0**power
        for power in range(first, first + math.ceil(decades) + 2)
        for step in steps
        if low <= step * 10.0**power <= high
    ]
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 1 else f"{value:g}")
    )


def _apart(ticks: Sequence[float], axes: Axes, wide: bool) -> list[float]:
    """Those ticks that have room; the ones that matter most go first."""
    low, high = _stretched(np.array(axes.get_xlim()))
    room = (high - low) * (0.05 if wide else 0.075)
    kept: list[float] = []
    for tick in sorted(ticks, key=lambda each: (each not in (0.9, 0.95, 0.99, 1), -each)):
        place = _stretched(np.array(tick))
        if all(abs(place - _stretched(np.array(other))) >= room for other in kept):
            kept.append(tick)
    return sorted(kept)


def _stretched(recall: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(-np.log10(np.maximum(1 - np.asarray(recall) + SHARP, SHARP / 9)))


def _unstretched(place: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 + SHARP - 10.0 ** -np.asarray(place))


def _shade(own: bool, part: int) -> str:
    shades = ("#D55E00", "#EE9A66", "#F7CBB0") if own else ("#7B818A", "#ADB3BB", "#D5D9DE")
    return shades[min(part, 2)]
