"""What an area's hour is worth, when cameras are missing too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from batch.rolling.minutes import Kind, Minutes, Pair, ways
from batch.rolling.sight import REASONS, UNSEEN, midnight
from lakehouse.clock import CITY_ZONE
from lakehouse.settings import COVERAGE_FLOOR
from lakehouse.tables import AT, TABLES

Array = NDArray[np.float64]

RUNNING = "running"
LITTLE = "too little was seen"
NOBODY = "no camera reporting"
NOTHING = "nothing to measure"

_OFFSET = np.timedelta64(CITY_ZONE.utcoffset(datetime(2026, 1, 1)), "us")  # noqa: DTZ001 - the same all year


def leaf(camera_id: str) -> str:
    """The area that is a camera."""
    return f"camera:{camera_id}"


@dataclass(frozen=True)
class Leaves:
    """What each camera saw of each kind, hour by hour: arrays (pairs, hours), hours as instants in UTC.

    seen is what was counted, or the mean while the camera was seen; n is what stands behind a mean;
    coverage 0-1 is the share of the (elapsed) hour that was seen; usual is the value of the same hour of
    the week, NaN where there is none; reasons index REASONS; elapsed (hours,) is 1 where an hour is over.
    """

    pairs: tuple[Pair, ...]
    hours: NDArray[np.datetime64]
    seen: Array
    n: Array
    coverage: Array
    usual: Array
    reasons: NDArray[np.int8]
    pixels: NDArray[np.bool_]
    synthetic: NDArray[np.bool_]
    elapsed: Array
    running: NDArray[np.bool_]

    @classmethod
    def of(cls, minutes: Minutes, kinds: Mapping[str, Kind], usual: Array, now: datetime) -> "Leaves":
        """Sum up a day's minutes; `usual` is (pairs, 24)."""
        length = minutes.value.shape[1]
        count = -(-length // 60)
        start = np.datetime64(int(midnight(minutes.day).timestamp()), "s").astype("datetime64[us]")
        hours = start + np.arange(count) * np.timedelta64(1, "h")
        elapsed = np.minimum(length / 60 - np.arange(count), 1.0)
        known = ~np.isnan(minutes.value)
        n = _by_hour(np.where(known, minutes.n, 0)).sum(axis=2)
        coverage = _by_hour(minutes.coverage).sum(axis=2) / 60 / elapsed
        return cls(
            minutes.pairs,
            hours,
            _summed(minutes, kinds, n),
            n,
            np.minimum(coverage, 1.0),
            usual[:, :count],
            _commonest(_by_hour(minutes.reasons.astype(float), UNSEEN)),
            _by_hour(minutes.pixels).max(axis=2) > 0,
            _by_hour(minutes.synthetic).max(axis=2) > 0,
            elapsed,
            hours + np.timedelta64(1, "h") > np.datetime64(int(now.timestamp()), "s"),
        )


def area_rows(
    leaves: Leaves,
    kinds: Mapping[str, Kind],
    paths: Mapping[str, Sequence[str]],
    source_version: int,
    floor: float = COVERAGE_FLOOR,
) -> pa.Table:
    """The rows of area_hours of every camera and of every area around one.

    An area's usual total is that of its cameras; the share of it that they carried in this hour, each
    by its coverage, is the area's coverage, and value = seen / coverage. Of what cannot be added, areas
    get the mean over their cameras weighted by n.

    Args:
        leaves: what the cameras saw.
        kinds: how each kind is summed up.
        paths: by camera, the areas that it lies in.
        source_version: of measures.
        floor: below this share of an area's usual total its value is unknown.
    """
    rows, member = _membership(leaves.pairs, paths)
    counted, additive, peaking = (way[member.argmax(axis=1)][:, None] for way in ways(leaves.pairs, kinds))
    coverage = np.where(additive, _share(member, leaves), _ratio(member @ leaves.coverage, member.sum(1)))
    reporting = member @ (leaves.coverage > 0).astype(float)
    seen = np.where(additive, member @ _exposed(leaves, kinds), _means(member, leaves))
    seen = np.where(peaking, _peaks(member, leaves), seen)
    seen[reporting == 0] = np.nan
    whole = np.where(counted, leaves.elapsed, 1.0)
    value = np.where(additive, _ratio(seen, coverage * whole), seen)
    value[coverage < floor] = np.nan
    numbers = {"seen": seen, "value": value, "coverage": coverage, "cameras_reporting": reporting}
    numbers["cameras_total"] = np.broadcast_to(member.sum(1)[:, None], seen.shape)
    reasons = _reasons(leaves, seen, value, coverage, member, floor)
    return _table(rows, leaves.hours, numbers, reasons, _origins(leaves, member), source_version)


def usual_of_past(value: Array) -> Array:
    """Of values (pairs, hours) of consecutive hours: the mean of the same hour in the last four weeks."""
    weeks = [np.full_like(value, np.nan) for _ in range(4)]
    for back, week in enumerate(weeks, 1):
        if value.shape[1] > 168 * back:
            week[:, 168 * back :] = value[:, : -168 * back]
    return mean_of_known(np.stack(weeks))


def mean_of_known(values: Array) -> Array:
    """The mean over the first axis of what is not NaN; NaN where nothing is."""
    known = ~np.isnan(values)
    return _ratio(np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0).astype(float))


def _by_hour(values: NDArray[np.generic], missing: float = 0) -> Array:
    """Minutes (pairs, m) as (pairs, hours, 60)."""
    short = -values.shape[1] % 60
    padded = np.pad(values.astype(np.float64), ((0, 0), (0, short)), constant_values=missing)
    return padded.reshape(len(values), -1, 60)


def _summed(minutes: Minutes, kinds: Mapping[str, Kind], n: Array) -> Array:
    """Hours (pairs, hours): counts added up, means weighted by n, peaks; 0 where nothing is known."""
    counted, _, peaking = (way[:, None] for way in ways(minutes.pairs, kinds))
    value = np.nan_to_num(minutes.value)
    means = _by_hour(value * minutes.n).sum(axis=2) / np.maximum(n, 1)
    found = np.where(counted, _by_hour(value).sum(axis=2), means)
    return np.asarray(np.where(peaking, _by_hour(value).max(axis=2), found))


def _commonest(codes: Array) -> NDArray[np.int8]:
    """The reason (pairs, hours) that most of an hour's minutes (pairs, hours, 60) have."""
    counts = np.stack([(codes == code).sum(axis=2) for code in range(len(REASONS))])
    return np.asarray(counts.argmax(axis=0), np.int8)


def _membership(pairs: Sequence[Pair], paths: Mapping[str, Sequence[str]]) -> tuple[list[Pair], Array]:
    """Every area and kind, and which pairs (areas and kinds, pairs) make it up."""
    rows: dict[Pair, list[int]] = {}
    for column, (camera, kind) in enumerate(pairs):
        for area in (leaf(camera), *paths[camera]):
            rows.setdefault((area, kind), []).append(column)
    member = np.zeros((len(rows), len(pairs)))
    for row, columns in enumerate(rows.values()):
        member[row, columns] = 1.0
    return list(rows), member


def _share(member: Array, leaves: Leaves) -> Array:
    """The share of the usual total that was seen; of the cameras, where nothing is usual."""
    usual = _weights(leaves)
    total = member @ usual
    cameras = _ratio(member @ leaves.coverage, member.sum(1))
    shares = _ratio(member @ (usual * leaves.coverage), total)
    return np.asarray(np.where(total > 0, shares, cameras))


def _weights(leaves: Leaves) -> Array:
    """What each camera usually has; where that is unknown, what the others of its kind have, or 1."""
    kinds = np.array([kind for _, kind in leaves.pairs])
    weights = leaves.usual.copy()
    for kind in np.unique(kinds):
        of_kind = weights[kinds == kind]
        others = np.nan_to_num(mean_of_known(of_kind), nan=1.0)
        weights[kinds == kind] = np.where(np.isnan(of_kind), others, of_kind)
    return weights


def _exposed(leaves: Leaves, kinds: Mapping[str, Kind]) -> Array:
    """What adds up over cameras: counts as they are, means for the share of the hour that they hold for."""
    counted = ways(leaves.pairs, kinds)[0][:, None]
    return np.where(counted, leaves.seen, leaves.seen * leaves.coverage)


def _means(member: Array, leaves: Leaves) -> Array:
    return _ratio(member @ (leaves.seen * leaves.n), member @ leaves.n)


def _peaks(member: Array, leaves: Leaves) -> Array:
    return np.asarray([leaves.seen[row > 0].max(axis=0) for row in member])


def _ratio(above: Array, below: Array) -> Array:
    """NaN where there is nothing to divide by."""
    below = np.broadcast_to(below if below.ndim == above.ndim else below[:, None], above.shape)
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))


def _table(
    rows: Sequence[Pair],
    hours: NDArray[np.datetime64],
    numbers: Mapping[str, Array],
    reasons: pa.Array,
    origins: pa.Array,
    source_version: int,
) -> pa.Table:
    count, length, schema = len(rows), len(hours), TABLES["area_hours"].schema
    hours = np.tile(hours.astype("datetime64[us]"), count)
    owner = pa.array(np.repeat(np.arange(count), length))
    columns = {
        "day": pa.array((hours + _OFFSET).astype("datetime64[D]")),
        "hour": pa.array(hours, AT),
        "area_id": pa.array([area for area, _ in rows], pa.string()).take(owner),
        "kind": pa.array([kind for _, kind in rows], pa.string()).take(owner),
        "reason": reasons,
        "origin": origins,
        "source_version": pa.repeat(pa.scalar(source_version, pa.int64()), count * length),
    }
    for name, values in numbers.items():
        columns[name] = pa.array(values.ravel(), schema.field(name).type, from_pandas=True)
    return pa.table(columns).select(schema.names)


def _reasons(
    leaves: Leaves, seen: Array, value: Array, coverage: Array, member: Array, floor: float
) -> pa.Array:
    """Why a value is missing; of a camera the reason that its minutes have."""
    words = [*REASONS, LITTLE, NOBODY, NOTHING, RUNNING]
    single = member.sum(1) == 1
    unseen = np.where(single[:, None], leaves.reasons[member.argmax(axis=1)], words.index(NOBODY))
    codes = np.where(coverage < floor, words.index(LITTLE), 0)
    codes = np.where((coverage >= floor) & np.isnan(value), words.index(NOTHING), codes)
    codes = np.where(np.isnan(seen) & (coverage == 0), unseen, codes)
    codes = np.where(leaves.running, words.index(RUNNING), codes)
    return pa.array(words, pa.string()).take(pa.array(codes.ravel()))


def _origins(leaves: Leaves, member: Array) -> pa.Array:
    synthetic = member @ leaves.synthetic.astype(float) > 0
    pixels = member @ leaves.pixels.astype(float) > 0
    codes = np.where(synthetic, np.where(pixels, 2, 1), 0)
    return pa.array(["pixels", "synthetic", "both"]).take(pa.array(codes.ravel()))
