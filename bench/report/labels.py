"""Methods are named at the ends of their lines, without a legend and without overlaps."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import Normal, Stroke
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from bench.report.look import Look

# Height of a label, in points.
LABEL = 11.5
# A line that ends left of this share of the width is named within the axes, the others beside them.
INSIDE = 0.72
# Where the labels beside the axes begin, as a share of the width.
BESIDE = 1.05
# Where a label within the axes may go, in points from the end of its line; left if negative.
AROUND = tuple(
    (right, up) for up in (-12, 12, -20, 20, 0, -32, 32, -44, 44) for right in (6, -6, 16, -16)
)


def label_ends(
    axes: Axes,
    ends: Mapping[str, tuple[float, float]],
    looks: Mapping[str, Look],
    lines: Mapping[str, Sequence[tuple[float, float]]],
) -> None:
    """Name lines at their ends: those that come near the right edge beside the axes, others inside.

    Labels beside the axes keep the order of the ends, moved no more than their neighbours ask for.
    """
    figure = axes.figure
    assert isinstance(figure, Figure)
    labels = {}
    # The layout knows labels only once they are there: they go in, it settles, they are moved.
    outside = [name for name in ends if _across(axes, ends[name]) >= INSIDE]
    for name in outside:
        labels[name] = _label(axes, name, ends[name], (BESIDE, 0.5), "axes fraction", looks[name])
    figure.draw_without_rendering()
    box = axes.get_window_extent()
    gap = LABEL * figure.dpi / 72
    places = [float(axes.transData.transform(ends[name])[1]) for name in outside]
    moved = spread_out(places, gap, box.y0 + gap / 2, box.y1 - gap / 2)
    for name, place in zip(outside, moved, strict=True):
        labels[name].set_position((BESIDE, (place - box.y0) / box.height))
    crossed = _pixels(axes, lines.values())
    taken: list[Bbox] = []
    for name in ends:
        if name not in outside:
            text = _label(axes, name, ends[name], (0, 0), "offset points", looks[name])
            text.set_path_effects([Stroke(linewidth=3, foreground="white"), Normal()])
            size = text.get_window_extent()
            x, y = axes.transData.transform(ends[name])
            best: tuple[float, tuple[float, float], Bbox] | None = None
            for right, up in AROUND:
                left = x + right * figure.dpi / 72 - (size.width if right < 0 else 0)
                low = y + up * figure.dpi / 72 - size.height / 2
                here = Bbox.from_bounds(left, low, size.width, size.height)
                cost = float(
                    ((crossed >= here.min) & (crossed <= here.max)).all(axis=1).sum()
                    + 1000 * sum(here.overlaps(other) for other in taken)
                    + 1000 * (left < box.x0 or low < box.y0 or here.y1 > box.y1)
                    + 0.05 * (abs(right) + abs(up))
                )
                if best is None or cost < best[0]:
                    best = cost, (right, up), here
            assert best is not None
            taken.append(best[2])
            text.set_position(best[1])
            text.set_horizontalalignment("right" if best[1][0] < 0 else "left")


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


def _label(
    axes: Axes,
    name: str,
    end: tuple[float, float],
    place: tuple[float, float],
    coordinates: Literal["axes fraction", "offset points"],
    look: Look,
) -> Annotation:
    """A name, and a thin line from it to the end of its curve."""
    return axes.annotate(
        plain(name),
        xy=end,
        xytext=place,
        textcoords=coordinates,
        va="center",
        ha="left",
        fontsize=9.5 if look.own else 9,
        fontweight="bold" if look.own else "normal",
        color=look.text_colour,
        annotation_clip=False,
        zorder=6,
        arrowprops={
            "arrowstyle": "-",
            "color": look.colour,
            "linewidth": 0.7,
            "alpha": 0.75,
            "shrinkA": 1,
            # Beside the axes all lines come from the left; inside from wherever the end is.
            "relpos": (0.0, 0.5) if coordinates == "axes fraction" else (0.5, 0.5),
            "shrinkB": 3,
        },
    )


def _across(axes: Axes, end: tuple[float, float]) -> float:
    """How far right an end lies, as a share of the width of the axes."""
    return float(axes.transAxes.inverted().transform(axes.transData.transform(end))[0])


def _pixels(axes: Axes, lines: Iterable[Sequence[tuple[float, float]]]) -> NDArray[np.float64]:
    """Places that lines cross, a few pixels apart, shape (places, 2)."""
    found = [np.empty((0, 2))]
    for line in lines:
        corners = axes.transData.transform(np.array(line, np.float64).reshape(-1, 2))
        corners = corners[np.isfinite(corners).all(axis=1)]
        found.append(corners)
        for start, stop in itertools.pairwise(corners):
            count = int(np.hypot(*(stop - start)) / 4) + 2
            found.append(np.linspace(start, stop, count))
    return np.concatenate(found)


def plain(text: str) -> str:
    """Text that matplotlib takes as it is, and not as a formula."""
    return " ".join(text.split()).replace("$", r"\$")
