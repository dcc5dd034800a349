"""What stands before a camera at one instant."""

from dataclasses import dataclass
from datetime import datetime

from lakehouse.synthetic.chance import Ints


@dataclass(frozen=True, slots=True)
class Thing:
    """A person or a vehicle on the ground.

    x and y are the middle of its footprint in metres in the calibration's ground frame. `heading` is in
    radians: 0 looks away from the camera (+y), and it grows clockwise towards +x. length lies along the
    heading; `height` is its top above the ground, for a rider too. `tone` seeds its colours; `on` is the
    id of the motorcycle or bicycle that a rider sits on.
    """

    id: int
    label: str
    x: float
    y: float
    heading: float
    speed_ms: float
    length: float
    width: float
    height: float
    tone: int
    on: int | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """A camera's view at an instant: daylight 0-1, rain in mm an hour, the share 0-1 of road under water."""

    camera_id: str
    at: datetime
    things: tuple[Thing, ...]
    daylight: float
    rain_mm: float
    water: float


def numbers(slot: int | Ints, stream: int, index: Ints) -> Ints:
    """Ids (n,) of one stream's things in one slot of time; each leaves the next id free for a rider."""
    return ((slot * 8 + stream) * 2048 + index) * 2
