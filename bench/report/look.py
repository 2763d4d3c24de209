"""Colours, dashes and markers: one look a method on a page, and tellable by the colour-blind."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Collection, Mapping
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


def looks(company: Mapping[str, Collection[str]], own: Collection[str]) -> dict[str, Look]:
    """Of methods, each with the pictures that it is in; `own` are lanner's.

    Methods of one picture get different colours as long as there are some, the more surely the
    fewer they are; a colour that comes again comes with other dashes and another marker.
    """
    found: dict[str, Look] = {}
    sizes = Counter(picture for pictures in company.values() for picture in set(pictures))
    order = sorted(company, key=lambda method: (-len(set(company[method])), method))
    peers = 0
    for method in order:
        colours = (OWN,) if method in own else COLOURS
        cost = {
            colour: sum(
                1.0 / sizes[picture] ** 2
                for other, look in found.items()
                if look.colour == colour
                for picture in set(company[method]) & set(company[other])
            )
            for colour in colours
        }
        again = Counter(look.colour for look in found.values())
        colour = min(colours, key=lambda each: (cost[each], again[each]))
        place = again[colour] if method in own else peers
        peers += method not in own
        found[method] = Look(
            colour,
            DASHES[again[colour] % len(DASHES)],
            MARKERS[place % len(MARKERS)],
            method in own,
        )
    return found
