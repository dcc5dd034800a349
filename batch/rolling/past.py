"""What area_hours already says of the cameras: what is usual, who is expected, what was loaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from batch.rolling.hours import Array, Leaves, leaf, mean_of_known
from batch.rolling.minutes import Kind, Pair, ways
from batch.rolling.sight import midnight
from lakehouse.log.reading import Reading

WEEKS = 4
"""How many weeks back the same hour counts for what is usual."""

_COLUMNS = ("day", "hour", "area_id", "kind", "seen", "value", "coverage", "origin")


@dataclass(frozen=True)
class Past:
    """The rows of area_hours that are a camera's, of the days that some other days build on."""

    rows: pa.Table

    @classmethod
    def of(cls, area_hours: Reading, days: Sequence[date]) -> "Past":
        """Read what rolling up `days` needs: those days, the days before them, and the same weekdays."""
        back = (0, 1, *(7 * week for week in range(1, WEEKS + 1)))
        wanted = sorted({day - timedelta(days=count) for day in days for count in back})
        where = pc.field("day").isin(pa.array(wanted, pa.date32()))
        return cls(area_hours.rows(_COLUMNS, where & pc.starts_with(pc.field("area_id"), leaf(""))))

    def pairs(self, until: date) -> set[Pair]:
        """The cameras and kinds known by the end of a day."""
        rows = self.rows.filter(pc.less_equal(self.rows["day"], pa.scalar(until, pa.date32())))
        found = rows.group_by(["area_id", "kind"]).aggregate([])
        areas = (area.removeprefix(leaf("")) for area in found["area_id"].to_pylist())
        return set(zip(areas, found["kind"].to_pylist(), strict=True))

    def usual(self, day: date, pairs: Sequence[Pair]) -> Array:
        """What each pair (pairs, 24) had on average in the last weeks; NaN where nothing is known."""
        weeks = [day - timedelta(days=7 * week) for week in range(1, WEEKS + 1)]
        return mean_of_known(np.stack([_grid(self._on(week), week, pairs, "value") for week in weeks]))

    def keep_loaded(
        self, leaves: Leaves, day: date, looked_at: set[str], kinds: Mapping[str, Kind]
    ) -> Leaves:
        """The leaves with the history that was loaded for cameras that nobody looked at on that day."""
        rows = self._on(day).filter((pc.field("origin") == "synthetic") & pc.field("seen").is_valid())
        loaded = np.array([camera not in looked_at for camera, _ in leaves.pairs])[:, None]
        shape = leaves.seen.shape
        seen, coverage = (
            _grid(rows, day, leaves.pairs, name)[:, : shape[1]] for name in ("seen", "coverage")
        )
        known = loaded & ~np.isnan(seen)
        counted = ways(leaves.pairs, kinds)[0][:, None]
        share = np.where(counted, 1.0, np.where(coverage > 0, coverage, 1.0))
        return replace(
            leaves,
            seen=np.where(known, seen / share, leaves.seen),
            n=np.where(known, 1.0, leaves.n),
            coverage=np.where(known, coverage, leaves.coverage),
            synthetic=leaves.synthetic | known,
        )

    def _on(self, day: date) -> pa.Table:
        return self.rows.filter(pc.equal(self.rows["day"], pa.scalar(day, pa.date32())))


def _grid(rows: pa.Table, day: date, pairs: Sequence[Pair], column: str) -> Array:
    """A column as (pairs, 24), NaN where there is no row of that hour."""
    places = {(leaf(camera), kind): place for place, (camera, kind) in enumerate(pairs)}
    keys = zip(rows["area_id"].to_pylist(), rows["kind"].to_pylist(), strict=True)
    place = np.array([places.get(key, len(pairs)) for key in keys], np.int64)
    start = int(midnight(day).timestamp())
    hour = (rows["hour"].cast(pa.int64()).to_numpy() // 1_000_000 - start) // 3600
    grid = np.full((len(pairs) + 1, 24), np.nan)
    grid[place, hour] = rows[column].to_numpy()
    return grid[:-1]
