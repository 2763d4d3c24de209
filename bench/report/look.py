"""Colours, dashes and markers: one look a method on a page, and tellable by the colour-blind."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

OWN = "#D55E00"
# Okabe and Ito's palette without lanner's vermilion and without yellow, which is faint on white.
COLOURS = ("#0072B2", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#4D4D4D")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.6)), (0, (1.4, 1.3)), (0, (6, 1.5, 1.4, 1.5)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*")

# For matplotlib; text is large enough to be read where the page shows a picture at half its size.
SETTINGS: Any = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9AA0A6",
    "axes.labelcolor": "#24292F",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E3E6EA",
    "grid.linewidth": 0.8,
    "xtick.color": "#57606A",
    "ytick.color": "#57606A",
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
}


@dataclasses.dataclass(frozen=True)
class Look:
    """How a method is drawn."""

    colour: str
    dashes: Any
    marker: str
    own: bool

    @property
    def width(self) -> float:
        """Of its line, in points."""
        return 2.6 if self.own else 1.4

    @property
    def text_colour(self) -> str:
        """The colour, dark enough to read."""
        parts = (int(self.colour[at : at + 2], 16) for at in (1, 3, 5))
        return "#" + "".join(f"{int(part * 0.72):02x}" for part in parts)


def looks(methods: Iterable[tuple[str, bool]]) -> dict[str, Look]:
    """Of methods, each with whether it is lanner's own, those that come first told apart best."""
    found: dict[str, Look] = {}
    own = peers = 0
    for method, is_own in dict.fromkeys(methods):
        if is_own:
            found[method] = Look(OWN, DASHES[own % len(DASHES)], MARKERS[own % len(MARKERS)], True)
            own += 1
        else:
            # Neighbours in the list differ in colour; a colour that comes again has other dashes.
            found[method] = Look(
                COLOURS[peers % len(COLOURS)],
                DASHES[peers // len(COLOURS) % len(DASHES)],
                MARKERS[peers % len(MARKERS)],
                False,
            )
            peers += 1
    return found
