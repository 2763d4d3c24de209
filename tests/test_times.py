"""Times: how far they reach, and what of ISO 8601 is read."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

import lanner
from lanner import InvalidArgumentError
from lanner._tables import to_columns

RANGE = "a time from -290308-12-21T19:59:05.224193 to 294247-01-10T04:00:54.775807, got "
UNITS = ("Y", "M", "W", "D", "h", "m", "s", "ms")


@pytest.mark.parametrize("unit", [*UNITS, "2Y", "25s"])
def test_times_beyond_microseconds_are_refused_in_any_unit(unit: str) -> None:
    last = np.datetime64(2**63 - 1, "us").astype(f"M8[{unit}]")
    first = (2 - last.astype(np.int64)).astype(last.dtype)
    column = np.array([first, last, np.datetime64("NaT")])
    kept = to_columns({"x": column}, 3, {}).to_dict()["x"]
    np.testing.assert_array_equal(kept, column.astype("M8[us]"))
    np.testing.assert_array_equal(to_columns({"x": [*column]}, 3, {}).to_dict()["x"], kept)
    far = np.int64(2**62).astype(f"M8[{unit}]")
    for beyond in (last + 1, first - 4, far, np.int64(-(2**62)).astype(far.dtype)):
        column = np.array([first, beyond])
        for values in (column, [*column]):
            with pytest.raises(InvalidArgumentError, match=rf"\['x'\].* must be {RANGE}.*"):
                to_columns({"x": values}, 2, {})
        with pytest.raises(InvalidArgumentError, match=f"'x' must be {RANGE}"):
            lanner.col.x == beyond  # noqa: B015


def test_times_beyond_microseconds_are_named_with_their_row() -> None:
    column = np.array(["2024-05-06", "NaT", "300000-01-01"], dtype="M8[D]")
    with pytest.raises(InvalidArgumentError, match=f"must be {RANGE}300000-01-01 in row 2"):
        to_columns({"x": column}, 3, {})
    east = dt.timezone(dt.timedelta(hours=1))
    early = to_columns({"x": [dt.datetime(1, 1, 1, tzinfo=east)]}, 1, {}).to_dict()["x"]
    assert early[0] == np.datetime64("0000-12-31T23", "us")
    pd = pytest.importorskip("pandas")
    series = pd.Series(column.astype("M8[s]"))
    for each in (series, series.dt.tz_localize("UTC"), [None, pd.NaT, series[2]]):
        with pytest.raises(InvalidArgumentError, match=f"must be {RANGE}300000-01-01"):
            to_columns({"x": each}, 3, {})


@pytest.mark.parametrize(
    "text",
    [
        "2024",
        "2024-05",
        "2024-05-06",
        "2024-02-30",
        "20240506",
        " 2024-05-06",
        "2024-05-06T07",
        "2024-05-06T07:08",
        "2024-05-06t07:08z",
        "2024-05-06 07:08:09",
        "2024-05-06 07:08 +01",
        "2024-05-06T07:08:09.5+0130",
        "2024-05-06T07:08:09.5-01:30",
        "2024-05-06T07:08:09.",
        "2024-05-06T07:08:09.1234560",
        "2024-05-06T07:08:09.1234567",
        "2024-05-06T24:00",
        "2024-05-06T07:08+24",
        "2024-05-06T07:08+01:60",
        "2024-05-06T070809",
        "2024-05-06Z",
        "9999-12-31",
        "soon",
        "",
    ],
)
def test_times_are_the_same_as_strings_and_as_timestamps(text: str) -> None:
    index = lanner.Index(2, "l2", graph=None)
    times = np.datetime64("2024-05-06T00:00", "us") + np.arange(3000) * np.timedelta64(30, "s")
    index.add(np.zeros((3000, 2)), attributes={"t": times})
    found = []
    for form in (f"t > {text!r}", f"t > timestamp({text!r})"):
        try:
            found.append(index.count(form))
        except InvalidArgumentError:
            found.append(-1)
    assert found[0] == found[1]
