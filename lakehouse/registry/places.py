"""Where a row's camera hangs: its point in the city, and its kelurahan, RW and RT."""

import re
from collections import defaultdict
from collections.abc import Iterable
from difflib import get_close_matches

from lakehouse.city.areas import Area, Areas
from lakehouse.city.cameras import Camera
from lakehouse.registry.rows import BadRow, Row

MARGIN_DEG = 0.02
"""The city reaches 0.014 degrees beyond the centres of its outermost kelurahan."""

_PREFIX = re.compile(r"(?i)^\s*(?:kelurahan|kel|desa|kecamatan|kec)\b[.:\s]*")
_ORDERS = (
    re.compile(r"(?i)\brt\b\W*(?P<rt>\d+)\W+rw\b\W*(?P<rw>\d+)"),
    re.compile(r"(?i)\brw\b\W*(?P<rw>\d+)\W+rt\b\W*(?P<rt>\d+)"),
    re.compile(r"^\s*(?P<rt>\d+)\s*/\s*(?P<rw>\d+)\s*$"),
)
_ONE = re.compile(r"(?i)^(?:r[tw]\b)?\W*(\d{0,3})\W*$")
_LEVELS = {5: "rw", 6: "rt"}
"""By how many parts the code of an area has."""


class Places:
    """The city's areas, in which rows are looked up."""

    def __init__(self, areas: Areas) -> None:
        self._areas = areas
        self._kelurahan: dict[str, list[Area]] = defaultdict(list)
        for area in areas.at_level("kelurahan"):
            self._kelurahan[_plain(area.name)].append(area)
        lats, lons = zip(*((area.lat, area.lon) for area in areas if area.level != "camera"), strict=True)
        self._lats = (min(lats) - MARGIN_DEG, max(lats) + MARGIN_DEG)
        self._lons = (min(lons) - MARGIN_DEG, max(lons) + MARGIN_DEG)

    def point(self, row: Row) -> tuple[float, float]:
        """Latitude and longitude, in degrees.

        Raises:
            BadRow: one is missing or no number; they are swapped, or lie outside of the city.
        """
        lat, lon = _degrees(row, "lat"), _degrees(row, "lon")
        if self._inside(lat, lon):
            return lat, lon
        if self._inside(lon, lat):
            raise BadRow(f"latitude {lat} and longitude {lon} are swapped")
        raise BadRow(f"latitude {lat}, longitude {lon} lies outside of the city")

    def _inside(self, lat: float, lon: float) -> bool:
        (south, north), (west, east) = self._lats, self._lons
        return bool(south <= lat <= north and west <= lon <= east)

    def area_id(self, row: Row) -> str:
        """The smallest area that a row names: its RT, its RW, or its kelurahan; it may be a new one.

        Raises:
            BadRow: there is no such kelurahan or area, or several; an RT is named without its RW.
        """
        if row["area_id"]:
            around = self._known(row["area_id"])
        else:
            around = self._of_name(row["kelurahan"], row["kecamatan"])
        rw, rt = _rw_and_rt(row)
        numbers = [f"{number:03}" for number in (rw, rt) if number]
        if numbers and around.level != "kelurahan":
            raise BadRow(f"{around.area_id} is no kelurahan, so that RW {rw} may be any of several")
        return ".".join([around.area_id, *numbers])

    def _known(self, area_id: str) -> Area:
        if area_id not in self._areas or self._areas[area_id].level == "camera":
            raise BadRow(f"no area has the id {area_id!r}: `python -m lakehouse areas` lists them")
        return self._areas[area_id]

    def _of_name(self, name: str, kecamatan: str) -> Area:
        if not name:
            raise BadRow("it names no kelurahan")
        found = self._kelurahan.get(_plain(name), [])
        within = [area for area in found if _plain(kecamatan) in {"", _plain(self._around(area))}]
        if len(within) == 1:
            return within[0]
        told = " and ".join(f"{self._around(area)} ({area.area_id})" for area in found)
        if within:
            raise BadRow(f"kelurahan {name!r} is in {told}: give a column kecamatan, or area_id")
        if found:
            raise BadRow(f"kelurahan {name!r} is in {told}, not in {kecamatan!r}")
        raise BadRow(f"no kelurahan is called {name!r}{self._near(name)}")

    def _around(self, area: Area) -> str:
        return self._areas[area.parent_id or area.area_id].name

    def _near(self, name: str) -> str:
        close = get_close_matches(_plain(name), self._kelurahan, n=3)
        names = [f"{area.name} ({self._around(area)})" for one in close for area in self._kelurahan[one]]
        return f"; do you mean {', '.join(names)}?" if names else ""


def new_areas(areas: Areas, cameras: Iterable[Camera]) -> list[Area]:
    """The RW and RT in which cameras hang and which the tree lacks, each in the middle of its cameras."""
    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for camera in cameras:
        area_id = camera.area_id
        while area_id not in areas:
            points[area_id].append((camera.lat, camera.lon))
            area_id = area_id.rpartition(".")[0]
    return [_new(area_id, found) for area_id, found in sorted(points.items())]


def _new(area_id: str, points: list[tuple[float, float]]) -> Area:
    parent, _, number = area_id.rpartition(".")
    level = _LEVELS[area_id.count(".") + 1]
    name = f"RW {number[-2:]}" if level == "rw" else f"RT {number[-2:]} / RW {parent[-2:]}"
    lat, lon = (round(sum(values) / len(points), 6) for values in zip(*points, strict=True))
    return Area(area_id, parent, level, name, None, None, lat, lon)


def _plain(name: str) -> str:
    """A name as people mean it: 'Kel. Karang Kidul' is 'karangkidul'."""
    return re.sub(r"[^a-z0-9]", "", _PREFIX.sub("", name).lower())


def _degrees(row: Row, name: str) -> float:
    text = row[name].replace(" ", "")
    try:
        return float(text if "." in text else text.replace(",", "."))
    except ValueError:
        raise BadRow(
            f"{name} {row[name]!r} is no number of degrees" if text else f"it has no {name}"
        ) from None


def _rw_and_rt(row: Row) -> tuple[int, int]:
    """The numbers of a row's RW and RT; 0 where it names none."""
    for told in (f"{row['rt']} {row['rw']}", row["rt"], row["rw"]):
        for order in _ORDERS:
            match = order.search(told)
            if match:
                return _numbered(match["rw"], match["rt"])
    return _numbered(*(_one(row, name) for name in ("rw", "rt")))


def _one(row: Row, name: str) -> str:
    match = _ONE.match(row[name])
    if not match:
        raise BadRow(f"{row[name]!r} is no number of an {name.upper()}")
    return match[1]


def _numbered(rw: str, rt: str) -> tuple[int, int]:
    numbers = int(rw or 0), int(rt or 0)
    if numbers[1] and not numbers[0]:
        raise BadRow(f"it names RT {numbers[1]} without its RW")
    if max(numbers) > 999:  # noqa: PLR2004 - three digits in the area's code
        raise BadRow(f"no RW or RT has the number {max(numbers)}")
    return numbers
