"""Pictures by matplotlib, without a display. Methods are named at the ends of their lines."""

from __future__ import annotations

import dataclasses
import math
import pathlib
import warnings
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator
from numpy.typing import NDArray

from bench import scoring
from bench.report.look import SETTINGS, Look
from bench.report.tables import number

# A recall r lies at -log10(1 - r + SHARP): each nine takes the same room, and 1 is on the axis.
SHARP = 0.0007
RECALL_TICKS = (0, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1)
# Height of a label, in points.
LABEL = 11.5
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
    with mpl.rc_context(SETTINGS):
        figure, axes = _figure(9.4 if wide else 7.2, 5.8 if wide else 5.0)
        axes.set_title(_plain(title))
        axes.set_xscale("function", functions=(_stretched, _unstretched))
        axes.set_xlim(max(0.0, left), 1.0)
        ticks = [tick for tick in RECALL_TICKS if left <= tick]
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
        _label_ends(axes, ends, looks)
        return _save(figure, path)


def rate_and_selectivity(
    panels: Mapping[str, Mapping[str, Sequence[tuple[float, float | None]]]],
    looks: Mapping[str, Look],
    path: pathlib.Path,
) -> pathlib.Path:
    """Rates against selectivity, both logarithmic, one panel a kind; a gap where there is none."""
    columns = 2 if len(panels) > 1 else 1
    rows = math.ceil(len(panels) / columns)
    found = [each for panel in panels.values() for line in panel.values() for each in line]
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(6.3 * columns, 3.9 * rows), layout="constrained")
        FigureCanvasAgg(figure)
        grid = figure.subplots(rows, columns, squeeze=False)
        every = [axes for row in grid for axes in row]
        for axes in every[len(panels) :]:
            axes.set_visible(False)
        for axes, (kind, lines) in zip(every, panels.items(), strict=False):
            axes.set_title(_plain(kind))
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
            _log_axis(axes, [rate for _, rate in found if rate is not None])
            _label_ends(axes, ends, looks)
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
    with mpl.rc_context({**SETTINGS, "axes.grid.axis": "x"}):
        each = 0.22 * len(names) + 0.16
        figure, axes = _figure(9.4, 1.25 + each * len(rows))
        axes.set_title(_plain(title), pad=22)
        for at, row in enumerate(rows):
            for part, name in enumerate(names):
                value = row.values.get(name)
                place = at + (part - (len(names) - 1) / 2) * height
                note = f" {row.note}" if row.note and part == 0 else ""
                if value is None:
                    label, end = "not told" if name in row.values else "", 0.0
                else:
                    label, end = f"{number(value)}{note}", value
                    axes.barh(place, value, height * 0.88, color=_shade(row.own, part))
                axes.annotate(
                    _plain(label),
                    (end, place),
                    xytext=(4, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=8.5,
                    color="#24292F",
                )
        axes.set_yticks(range(len(rows)), [_plain(row.label) for row in rows])
        for tick, row in zip(axes.get_yticklabels(), rows, strict=True):
            tick.set_color("#24292F")
            tick.set_fontweight("bold" if row.own else "normal")
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(0, greatest * 1.14)
        axes.set_xlabel(unit)
        if line is not None:
            axes.axvline(line[0], color="#24292F", linewidth=1, linestyle=(0, (4, 2)))
        # Shades named above the bars, in the order of the bars of a group.
        shades = ("dark", "lighter", "lightest")
        words = [f"{shades[min(part, 2)]}: {name}" for part, name in enumerate(names)]
        words = words if len(names) > 1 else names
        if line is not None:
            words.append(f"dashed: {line[1]}")
        axes.annotate(
            _plain("   ".join(words)),
            (0, 1),
            xycoords="axes fraction",
            xytext=(0, 7),
            textcoords="offset points",
            fontsize=9,
            color="#57606A",
        )
        return _save(figure, path)


def spread_out(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Move places as little as it takes that neighbours are `gap` apart and all lie within bounds.

    Order is kept. Where they do not all fit, the gap shrinks until they do.
    """
    if not places:
        return []
    order = sorted(range(len(places)), key=lambda at: places[at])
    if len(places) > 1:
        gap = min(gap, (high - low) / (len(places) - 1))
    # Less what those below need, the places must not fall: least squares by pooling neighbours.
    pools: list[tuple[float, int]] = []
    for rank, at in enumerate(order):
        total, count = places[at] - rank * gap, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            before = pools.pop()
            total, count = total + before[0], count + before[1]
        pools.append((total, count))
    level = [total / count for total, count in pools for _ in range(count)]
    last = high - (len(places) - 1) * gap
    out = [0.0] * len(places)
    for rank, at in enumerate(order):
        out[at] = min(max(level[rank], low), last) + rank * gap
    return out


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots()


def _save(figure: Figure, path: pathlib.Path) -> pathlib.Path:
    with warnings.catch_warnings():
        # A name in a script that the font lacks is drawn as boxes; the tables have it right.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
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


def _label_ends(
    axes: Axes, ends: Mapping[str, tuple[float, float]], looks: Mapping[str, Look]
) -> None:
    """Name lines at the right of the axes, as near to their ends as their neighbours allow."""
    if not ends:
        return
    figure = axes.figure
    assert isinstance(figure, Figure)
    # The layout knows the labels only once they are there: they go in, it settles, they are moved.
    labels = {
        name: axes.annotate(
            _plain(name),
            xy=end,
            xytext=(1.035, 0.5),
            textcoords="axes fraction",
            va="center",
            ha="left",
            fontsize=9.5 if looks[name].own else 9,
            fontweight="bold" if looks[name].own else "normal",
            color=looks[name].text_colour,
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": looks[name].colour,
                "linewidth": 0.7,
                "alpha": 0.75,
                "shrinkA": 1,
                "shrinkB": 3,
            },
        )
        for name, end in ends.items()
    }
    figure.draw_without_rendering()
    box = axes.get_window_extent()
    gap = LABEL * figure.dpi / 72
    places = [float(axes.transData.transform(end)[1]) for end in ends.values()]
    moved = spread_out(places, gap, box.y0 + gap / 2, box.y1 - gap / 2)
    for label, place in zip(labels.values(), moved, strict=True):
        label.set_position((1.035, (place - box.y0) / box.height))


def _log_axis(axes: Axes, values: Sequence[float]) -> None:
    """A logarithmic vertical axis around values, its ticks numbers that one reads."""
    low, high = (min(values) / 1.25, max(values) * 1.25) if values else (1.0, 10.0)
    decades = math.log10(high / low)
    steps = (1, 1.5, 2, 3, 5, 7) if decades < 1 else (1, 2, 5) if decades < 2.6 else (1,)
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
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))


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
    return np.asarray(-np.log10(np.maximum(1 - np.asarray(recall), 0) + SHARP))


def _unstretched(place: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 + SHARP - 10.0 ** -np.asarray(place))


def _shade(own: bool, part: int) -> str:
    shades = ("#D55E00", "#EE9A66", "#F7CBB0") if own else ("#7B818A", "#ADB3BB", "#D5D9DE")
    return shades[min(part, 2)]


def _plain(text: str) -> str:
    """Text that matplotlib takes as it is, and not as a formula."""
    return " ".join(text.split()).replace("$", r"\$")
