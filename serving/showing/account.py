"""The account of a lake's last minutes: what was seen of each camera, counted in each zone, and reported."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.city import cameras
from lakehouse.city.cameras import Camera
from lakehouse.clock import city_day
from lakehouse.runs import Runs
from lakehouse.scenes import LOOK_S, Health, Outcome
from lakehouse.store import Lake
from serving import analytic

Language = Literal["id", "en"]
Why = Literal["unseen", "undecoded", "unhealthy", "unmeasured"]
SEEN = (int(Outcome.LOOKED), int(Outcome.GATED))


@dataclass(frozen=True)
class Count:
    """What was measured of a kind in a zone: a sum, a mean or a peak, in the kind's unit."""

    zone_id: str
    kind: str
    value: float


@dataclass
class Seen:
    """A camera's minutes: the frames that came and that were seen, how its picture was, what was counted."""

    camera: Camera
    frames: int = 0
    seen: int = 0
    health: str = Health.LIVE
    counts: list[Count] = field(default_factory=list)

    @property
    def unknown(self) -> dict[str, Why]:
        """The kinds that its zones are for and that nobody can tell, each with the reason."""
        counted = {count.kind for count in self.counts}
        return {kind: self._why for kind in _kinds_of(self.camera) if kind not in counted}

    @property
    def _why(self) -> Why:
        if not self.frames:
            return "unseen"
        if not self.seen:
            return "undecoded" if self.health == Health.LIVE else "unhealthy"
        return "unmeasured"


@dataclass(frozen=True)
class Account:
    """From `since` up to `until`, the end of the newest look: what is known then, camera by camera."""

    since: datetime
    until: datetime
    seen: tuple[Seen, ...]
    events: tuple[Mapping[str, Any], ...]
    hours: tuple[Mapping[str, Any], ...]
    kinds: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, lake: Lake, minutes: float = 10, camera_id: str | None = None) -> "Account | None":
        """The last `minutes` before the newest look, of one camera or of all; None where there is no look."""
        until = _newest(lake, camera_id)
        if until is None:
            return None
        since = until - timedelta(minutes=minutes)
        of_camera = _of(camera_id)
        hung = {one: camera for one, camera in cameras.read(lake).items() if camera_id in {None, one}}
        kinds = {row["kind"]: row for row in lake.read("kinds").to_pylist()}
        seen = _looks(lake, since, until, hung)
        for count_of, count in _counts(lake, since, until, of_camera, kinds):
            seen[count_of].counts.append(count)
        return cls(
            since,
            until,
            tuple(seen.values()),
            tuple(_events(lake, since, until, of_camera)),
            tuple(_hours(lake, since, until, set(seen))),
            kinds,
        )

    def title(self, kind: str, language: Language) -> str:
        """What a kind is called."""
        return str(self.kinds[kind]["title"][language]) if kind in self.kinds else kind

    def amount(self, count: Count, language: Language) -> str:
        """A count with its unit."""
        unit = (self.kinds.get(count.kind, {}).get("unit") or {}).get(language) or ""
        text = f"{count.value:.2f}".rstrip("0").rstrip(".")
        return f"{text.replace('.', ',') if language == 'id' else text} {unit}".strip()


def _kinds_of(camera: Camera) -> list[str]:
    """The quantities that a camera's zones are for."""
    announced = {kind for one in analytic.instances(camera) for kind in one.announced}
    return sorted(announced & set(analytic.quantities()))


def _of(camera_id: str | None) -> pc.Expression:
    return pc.scalar(True) if camera_id is None else pc.field("camera_id") == camera_id


def _newest(lake: Lake, camera_id: str | None) -> datetime | None:
    """The end of the newest look; days that cannot hold it are not read."""
    days = [date.fromisoformat(one["day"]) for one in lake.table("looks").partitions()]
    for day in [*sorted(days, reverse=True), None]:
        where = _of(camera_id) if day is None else _of(camera_id) & (pc.field("day") >= day)
        at: datetime | None = pc.max(
            lake.read("looks", columns=["at"], where=where, fresh=True)["at"]
        ).as_py()
        if at is not None:
            return at + timedelta(seconds=LOOK_S)
    return None


def _within(column: str, since: datetime, until: datetime) -> pc.Expression:
    days = (pc.field("day") >= city_day(since)) & (pc.field("day") <= city_day(until))
    return days & (pc.field(column) >= since) & (pc.field(column) < until)


def _looks(lake: Lake, since: datetime, until: datetime, hung: Mapping[str, Camera]) -> dict[str, Seen]:
    seen = {camera_id: Seen(camera) for camera_id, camera in hung.items()}
    columns = ["camera_id", "frames", "health"]
    rows = lake.read("looks", columns=columns, where=_within("at", since, until), fresh=True)
    for row in rows.to_pylist():
        if row["camera_id"] in seen:
            _take(seen[row["camera_id"]], row)
    return seen


def _take(seen: Seen, look: Mapping[str, Any]) -> None:
    outcomes = [frame["outcome"] for frame in look["frames"]]
    seen.frames += len(outcomes)
    if look["health"] == Health.LIVE:
        seen.seen += sum(outcome in SEEN for outcome in outcomes)
    else:
        seen.health = look["health"]


def _counts(
    lake: Lake,
    since: datetime,
    until: datetime,
    of_camera: pc.Expression,
    kinds: Mapping[str, Mapping[str, Any]],
) -> list[tuple[str, Count]]:
    """What was measured, a row a camera, zone and kind; minutes count whole, the one at `since` too."""
    begin = since.replace(second=0, microsecond=0)
    where = _within("minute", begin, until) & of_camera & Runs.of(lake.read("runs")).published
    rows = lake.read("measures", where=where, fresh=True)
    grouped = rows.group_by(["camera_id", "zone_id", "kind"]).aggregate(
        [("sum", "sum"), ("n", "sum"), ("value", "max"), ("value", "sum")]
    )
    order = [(name, "ascending") for name in ("camera_id", "zone_id", "kind")]
    return [
        (row["camera_id"], Count(row["zone_id"], row["kind"], _summed(row, kinds.get(row["kind"], {}))))
        for row in grouped.sort_by(order).to_pylist()
    ]


def _summed(row: Mapping[str, Any], kind: Mapping[str, Any]) -> float:
    means: float = row["sum_sum"] / max(row["n_sum"], 1)
    found: dict[str, float] = {"sum": row["value_sum"], "peak": row["value_max"]}
    return found.get(kind.get("summed", ""), means)


def _events(lake: Lake, since: datetime, until: datetime, of_camera: pc.Expression) -> list[dict[str, Any]]:
    """What goes on at the end, and what was reported in these minutes; the worst first."""
    instant = pa.timestamp("us", "UTC")
    goes_on = pc.field("state") != "closed"
    told = (pc.field("at") >= pa.scalar(since, instant)) & (pc.field("at") < pa.scalar(until, instant))
    rows = lake.events(where=(goes_on | told) & of_camera)
    found: list[dict[str, Any]] = rows.sort_by(
        [("severity", "descending"), ("started_at", "ascending")]
    ).to_pylist()
    return found


def _hours(lake: Lake, since: datetime, until: datetime, seen: set[str]) -> list[dict[str, Any]]:
    """The rows of area_hours of these cameras, hour by hour."""
    begin = since.replace(minute=0, second=0, microsecond=0)
    leaves = [f"camera:{camera_id}" for camera_id in sorted(seen)]
    where = _within("hour", begin, until) & pc.field("area_id").isin(leaves)
    order = [(name, "ascending") for name in ("area_id", "hour", "kind")]
    found: list[dict[str, Any]] = lake.read("area_hours", where=where).sort_by(order).to_pylist()
    return found
