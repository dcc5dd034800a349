"""The camera of a source that nobody has registered: the whole picture is its zone."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

from lakehouse.city.areas import Areas
from lakehouse.city.cameras import WHOLE_PICTURE, Camera
from lakehouse.places.addresses import one_form, path_of, redact
from serving.watching.sources import scheme_of

_ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
_DIGITS = 10


def place(source: str) -> str:
    """The address without its secrets, or the file's absolute path."""
    if scheme_of(source) in {None, "file"}:
        return str(Path(path_of(one_form(source))).absolute())
    return redact(one_form(source))


def camera_of(source: str, width: int, height: int, fps: float, areas: Areas) -> Camera:
    """The camera `adhoc-<hash of the source>`, in the city's area; the same source is the same camera."""
    where, city = place(source), areas.city
    digest = hashlib.sha256(where.encode()).hexdigest()[:_DIGITS]
    return Camera(
        camera_id=f"adhoc-{digest}", valid_from=_ALWAYS, name=Path(where).name or where, owner="adhoc",
        site="street", area_id=city.area_id, lat=city.lat, lon=city.lon, source=where, width=width,
        height=height, fps=fps, zones=WHOLE_PICTURE,
    )  # fmt: skip
