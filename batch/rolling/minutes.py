"""A day's camera minutes: what was measured, joined with what was really looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from batch.rolling.sight import BROKEN, DAY_MINUTES, REASONS, UNMEASURED, Sight, midnight, since_midnight
from lakehouse.tables import AT, TABLES

Pair = tuple[str, str]
"""A camera and a kind."""


@dataclass(frozen=True)
class Kind:
    """How a quantity's values become one: over time by `summed`, over cameras where `additive`.

    Of a retired one nothing is expected where nothing was measured.
    """

    summed: str
    additive: bool
    retired: bool = False
    analytic: str = ""


@dataclass(frozen=True)
class Minutes:
    """A day's minutes from its local midnight on, of each camera and kind: arrays (pairs, minutes).

    value is NaN where unknown, and then `reasons` (an index into REASONS) says why; n is what stands
    behind it.
    """

    day: date
    pairs: tuple[Pair, ...]
    value: NDArray[np.float64]
    n: NDArray[np.int64]
    coverage: NDArray[np.float64]
    reasons: NDArray[np.int8]
    pixels: NDArray[np.bool_]
    synthetic: NDArray[np.bool_]

    @classmethod
    def of(
        cls,
        measures: pa.Table,
        sight: Sight,
        day: date,
        pairs: Sequence[Pair],
        kinds: Mapping[str, Kind],
        length: int = DAY_MINUTES,
    ) -> "Minutes":
        """Join the measures of a day with what was looked at, for its first `length` minutes.

        Where a camera was seen and nothing was measured, a kind that counts was not seen either; of one
        that averages over things (a speed) there was nothing to average, and the camera did its part.
        """
        camera = [sight.cameras.index(camera) for camera, _ in pairs]
        counts = ways(pairs, kinds)[1][:, None]
        value, n = _pooled(measures, day, pairs, kinds)
        coverage, reasons = sight.coverage[camera], sight.reasons[camera]
        value = np.where(coverage > 0, value, np.nan)
        lost = np.isnan(value) & (coverage > 0)
        minutes = cls(
            day,
            tuple(pairs),
            value,
            np.where(np.isnan(value), 0, n),
            np.where(lost & counts, 0.0, coverage),
            np.where(lost, UNMEASURED, reasons).astype(np.int8),
            sight.pixels[camera],
            sight.synthetic[camera],
        )
        return minutes.first(length)

    def unexplained(self, kinds: Mapping[str, Kind]) -> list[str]:
        """The cameras that were seen while a kind that always has a value was not measured."""
        counted, additive, _ = ways(self.pairs, kinds)
        lost = (self.reasons == UNMEASURED).any(axis=1) & (counted | additive)
        return sorted({self.pairs[row][0] for row in np.flatnonzero(lost)})

    def explained(
        self, failures: Mapping[tuple[str, str], NDArray[np.bool_]], kinds: Mapping[str, Kind]
    ) -> "Minutes":
        """The same, where what was not measured is of an analytic that had failed: nobody saw it."""
        unknown, length = np.zeros(DAY_MINUTES, np.bool_), self.value.shape[1]
        failed = [
            failures.get((camera, kinds[kind].analytic), unknown)[:length] for camera, kind in self.pairs
        ]
        broken = np.stack(failed) & (self.reasons == UNMEASURED)
        reasons = np.where(broken, BROKEN, self.reasons).astype(np.int8)
        return replace(self, reasons=reasons, coverage=np.where(broken, 0.0, self.coverage))

    def first(self, length: int) -> "Minutes":
        """The same for the first minutes of the day only."""
        return replace(
            self,
            value=self.value[:, :length],
            n=self.n[:, :length],
            coverage=self.coverage[:, :length],
            reasons=self.reasons[:, :length],
            pixels=self.pixels[:, :length],
            synthetic=self.synthetic[:, :length],
        )

    def table(self) -> pa.Table:
        """The rows of camera_minutes."""
        count, length = self.value.shape
        start = np.datetime64(int(midnight(self.day).timestamp()), "s").astype("datetime64[us]")
        minutes = start + np.arange(length) * np.timedelta64(60, "s")
        origins = (self.synthetic & ~self.pixels).ravel().astype(np.int8)
        columns = {
            "day": pa.repeat(pa.scalar(self.day, pa.date32()), count * length),
            "minute": pa.array(np.tile(minutes, count), AT),
            "camera_id": _repeated([camera for camera, _ in self.pairs], length),
            "kind": _repeated([kind for _, kind in self.pairs], length),
            "value": pa.array(self.value.ravel(), from_pandas=True),
            "n": pa.array(self.n.ravel().astype(np.int32)),
            "coverage": pa.array(self.coverage.ravel().astype(np.float32)),
            "reason": pa.array(REASONS, pa.string()).take(pa.array(self.reasons.ravel())),
            "origin": pa.array(["pixels", "synthetic"]).take(pa.array(origins)),
        }
        return pa.table(columns).select(TABLES["camera_minutes"].schema.names)


def _pooled(
    measures: pa.Table, day: date, pairs: Sequence[Pair], kinds: Mapping[str, Kind]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Values (NaN where there is none) and n by pair and minute, over zones and over producers' lives.

    Counts add up. A mean is sum over n, of a zone where areas may be added, else of all zones at once.
    """
    zones = measures.group_by(["camera_id", "zone_id", "kind", "minute"]).aggregate(
        [("sum", "sum"), ("n", "sum"), ("value", "max")]
    )
    rows = {pair: row for row, pair in enumerate(pairs)}
    keys = zip(zones["camera_id"].to_pylist(), zones["kind"].to_pylist(), strict=True)
    row = np.array([rows[key] for key in keys], np.int64)
    at = row, since_midnight(zones["minute"], day) // 60
    total, n, peak = (zones[name].to_numpy() for name in ("sum_sum", "n_sum", "value_max"))
    counted, additive, peaking = ways(pairs, kinds)
    by_zone = additive & ~counted
    shape = (len(pairs), DAY_MINUTES)
    sums, weights, peaks = np.zeros(shape), np.zeros(shape), np.full(shape, -np.inf)
    np.add.at(sums, at, np.where(by_zone[row], total / np.maximum(n, 1), total))
    np.add.at(weights, at, n)
    np.maximum.at(peaks, at, peak)
    pooled = np.where((counted | additive)[:, None], sums, sums / np.maximum(weights, 1))
    value = np.where(peaking[:, None], peaks, pooled)
    return np.where(np.isfinite(peaks), value, np.nan), weights.astype(np.int64)


def ways(pairs: Sequence[Pair], kinds: Mapping[str, Kind]) -> tuple[NDArray[np.bool_], ...]:
    """By pair: whether its values are counts, whether areas may be added, whether the peak counts."""
    ways = [kinds[kind] for _, kind in pairs]
    return (
        np.array([way.summed == "sum" for way in ways], np.bool_),
        np.array([way.additive for way in ways], np.bool_),
        np.array([way.summed == "peak" for way in ways], np.bool_),
    )


def _repeated(words: Sequence[str], length: int) -> pa.Array:
    owner = np.repeat(np.arange(len(words)), length)
    return pa.array(words, pa.string()).take(pa.array(owner))
