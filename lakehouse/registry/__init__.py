"""A list of cameras, as a city or a neighbourhood keeps one, read into cameras that hang in their RT."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationError

from lakehouse.city import cameras
from lakehouse.city.areas import Area
from lakehouse.city.cameras import WHOLE_PICTURE, Camera
from lakehouse.places.addresses import REFERENCE, one_form
from lakehouse.places.secrets import Secrets, put_away
from lakehouse.registry import rows
from lakehouse.registry.places import Places, new_areas
from lakehouse.registry.rows import BadRow, Row
from lakehouse.store import Lake

STREAMS = frozenset({"rtsp", "rtsps", "http", "https"})
"""The schemes of addresses that a camera can be watched at."""

ACTIVE = frozenset({"", "aktif", "active", "on", "online", "hidup", "menyala", "baik", "ya", "true", "1"})
INACTIVE = frozenset(
    {"tidakaktif", "nonaktif", "inactive", "off", "offline", "mati", "rusak", "tidak", "false", "0"}
)

_OURS = re.compile(r"synthetic:\d+|file:.*[^/]")
"""Sources for demonstrations and trials: a camera of the synthetic city, and a clip on the machine."""

_SLUG_LETTERS, _HASH_DIGITS = 40, 8
_AS_TOLD = ("name", "owner", "site", "width", "height", "fps", "limit_kmh", "grants")
_AS_JSON = ("zones", "calibration")
_UNTOLD: Mapping[str, Any] = {"site": "street", "width": 1280, "height": 720, "zones": WHOLE_PICTURE}
"""What is taken of a camera of which nobody said it; its picture's size is told by its first look."""


@dataclass
class Plan:
    """What an import would do: the cameras, areas and secrets that it brings, and the rows it refuses."""

    cameras: dict[str, Camera] = field(default_factory=dict)
    areas: list[Area] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    rejected: list[tuple[str, str]] = field(default_factory=list)
    """Where a row stands, and why it cannot be imported."""
    _where: dict[str, str] = field(default_factory=dict)

    def take(self, row: Row, camera: Camera, secrets: Mapping[str, str]) -> None:
        """Add a row's camera.

        Raises:
            BadRow: another row has its id.
        """
        first = self._where.setdefault(camera.camera_id, row.where)
        if first != row.where:
            how = "" if row["camera_id"] else ": give each camera of one place an id"
            raise BadRow(f"{first} has the camera {camera.camera_id} already{how}")
        self.cameras[camera.camera_id] = camera
        self.secrets |= secrets


def plan(lake: Lake, file: Path, owner: str) -> Plan:
    """Read a list of cameras and hold it against a lake, in which nothing is changed.

    Args:
        lake: what is known of a camera already is kept where the list does not speak of it.
        file: CSV or GeoJSON.
        owner: of the cameras of which the list does not say whose they are.

    Raises:
        BadRegistry: the file as a whole cannot be read.
    """
    listing, known, tree = rows.read(file), cameras.read(lake), cameras.tree(lake)
    made, places, now = Plan(), Places(tree), lake.now()
    for row in listing:
        try:
            made.take(row, *_camera(row, places, known, owner, now))
        except BadRow as reason:
            made.rejected.append((row.where, str(reason)))
    made.areas = new_areas(tree, made.cameras.values())
    return made


def carry_out(made: Plan, lake: Lake, secrets: Secrets) -> int:
    """Keep the secrets, then hang the cameras; returns how many new versions of cameras that made.

    Raises:
        BadSecret: the file of secrets cannot be used; the lake was not changed.
    """
    if made.secrets:
        secrets.must_lie_outside(lake.root)
        secrets.put(made.secrets)
    return cameras.register(lake, made.cameras.values(), made.areas)


def _camera(
    row: Row, places: Places, known: Mapping[str, Camera], owner: str, now: datetime
) -> tuple[Camera, dict[str, str]]:
    """The camera that a row tells of, and its secrets."""
    if row.reason:
        raise BadRow(row.reason)
    lat, lon = places.point(row)
    area_id = places.area_id(row)
    camera_id = _camera_id(row, area_id)
    source, secrets = _source(row, camera_id)
    unheard = {**_UNTOLD, "name": camera_id, "owner": owner}
    before = known[camera_id].model_dump() if camera_id in known else unheard
    told: dict[str, Any] = {name: row[name] for name in _AS_TOLD if row[name]}
    placed = {"camera_id": camera_id, "area_id": area_id, "lat": lat, "lon": lon, "source": source}
    try:
        given = {**before, **told, **_parsed(row), **placed, "valid_from": now, "version": 1}
        return Camera.model_validate(given), secrets
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise BadRow(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _parsed(row: Row) -> dict[str, Any]:
    found = {}
    for name in _AS_JSON:
        if row[name]:
            try:
                found[name] = json.loads(row[name])
            except ValueError:
                raise BadRow(f"{name} is no JSON") from None
    return found


def _camera_id(row: Row, area_id: str) -> str:
    """The list's own id, or one that is made of where the camera hangs and what the place is called."""
    if row["camera_id"]:
        slug = _slug(row["camera_id"])
        if not slug:
            raise BadRow(f"the id {row['camera_id']!r} has no letter and no digit")
        return slug
    if not row["name"]:
        raise BadRow("it has neither an id nor a location")
    digest = hashlib.sha256(f"{row['name'].casefold()}|{area_id}".encode()).hexdigest()[:_HASH_DIGITS]
    numbers = area_id.split(".")[4:]
    places = [f"{level}{int(number):02}" for level, number in zip(("rw", "rt"), numbers, strict=False)]
    return "-".join([*filter(None, [_slug(row["name"])[:_SLUG_LETTERS].strip("-")]), *places, digest])


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _source(row: Row, camera_id: str) -> tuple[str, dict[str, str]]:
    """The address without its secrets, '' of an inactive camera, and the secrets."""
    address, active = one_form(row["source"]), _active(row)
    if not address:
        if active:
            raise BadRow("it has no address, and is not inactive")
        return "", {}
    if _OURS.fullmatch(address):
        return address if active else "", {}
    _must_be_an_address(address)
    source, secrets = put_away(camera_id, address)
    return (source, secrets) if active else ("", {})


def _active(row: Row) -> bool:
    status = re.sub(r"[^a-z0-9]", "", row["status"].lower())
    if status not in ACTIVE | INACTIVE:
        raise BadRow(f"the status {row['status']!r} is none: write aktif, or tidak aktif")
    return status in ACTIVE


def _must_be_an_address(address: str) -> None:
    """Refuse what cannot be taken apart for certain, without repeating it: it may hold a password."""
    scheme, separator, rest = address.partition("://")
    if not separator or scheme not in STREAMS:
        raise BadRow(
            f"its address begins with none of {', '.join(f'{known}://' for known in sorted(STREAMS))}, file:"
        )
    behind_host = re.sub(r"^[^/?#]*", "", rest)
    if "@" in behind_host or re.search(r"[\s{}\x00-\x1f\x7f]", REFERENCE.sub("", rest)):
        raise BadRow(
            "its address has a blank, a brace, or an @ behind the host: write %20, %7B, %7D, %40 in it"
        )
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        parts = None
    if parts is None or not parts.hostname:
        raise BadRow(
            "its address has no host, or no number as port: write / ? # in a password as %2F %3F %23"
        )
