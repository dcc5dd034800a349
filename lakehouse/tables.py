"""Every table of the lake: its columns with their units, its key, its partitions and its one writer."""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

AT = pa.timestamp("us", tz="UTC")
"""The type of every instant."""

BOTH = pa.struct([("id", pa.string()), ("en", pa.string())])
"""A text in Indonesian and in English."""

READINGS = pa.map_(pa.string(), pa.float32())
FRAMES = pa.list_(pa.struct([("offset_ms", pa.int16()), ("outcome", pa.int8())]))
QUANTILES = (0.025, 0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.975)
"""The quantiles that a forecast is published with, as columns q025 … q975."""


def quantile_column(level: float) -> str:
    """The column of a quantile: 0.05 is q05, 0.025 is q025."""
    return f"q{level:.3f}".replace("0.", "").removesuffix("0")


@dataclass(frozen=True)
class Table:
    """One table: `schema` holds each column's unit or meaning in its metadata."""

    name: str
    schema: pa.Schema
    key: tuple[str, ...]
    writer: str
    about: str
    partition: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    landed: bool = False
    monthly: bool = False
    """Whether a data file holds a month's days instead of one; such a table has no partitions."""
    whole: tuple[str, ...] = ()
    """The part of the key of which all rows come from one writer; where none is named, a row is by itself."""

    @property
    def claim(self) -> tuple[str, ...]:
        """What a writer claims: of two that write the same, the second one's rows are left out."""
        return self.whole or self.key

    @property
    def clock(self) -> str:
        """The column that says when a row's matter was: the first instant in it."""
        return str(next(column.name for column in self.schema if pa.types.is_timestamp(column.type)))

    @property
    def place(self) -> str:
        """The column that says where: the camera, or else the area."""
        return next(name for name in ("camera_id", "area_id") if name in self.schema.names)

    @property
    def skipping(self) -> tuple[str, ...]:
        """The columns whose least and greatest values every file carries, so that readers can skip it.

        It is every plain column: deltalake's own dataset takes a column without them for one that no
        filter can match, and then skips the file.
        """
        plain = [column.name for column in self.schema if not pa.types.is_nested(column.type)]
        return tuple(name for name in plain if name not in self.partition)


def _schema(columns: Iterable[tuple[str, pa.DataType, str]]) -> pa.Schema:
    return pa.schema([pa.field(name, kind, metadata={"about": about}) for name, kind, about in columns])


_LANDED = [
    ("producer", pa.string(), "who acknowledged the batch"),
    ("epoch", pa.int32(), "the producer's life"),
    ("seq", pa.int64(), "the batch's number in that life"),
]
_DAY = ("day", pa.date32(), "the city's local date")
_QUANTILE_COLUMNS = [(quantile_column(q), pa.float64(), f"{q:.1%} quantile") for q in QUANTILES]

_ALL = (
    Table(
        "areas",
        _schema(
            [
                ("area_id", pa.string(), "official code; a camera is the leaf camera:<id>"),
                ("parent_id", pa.string(), "the area around it; NULL for the city"),
                ("level", pa.string(), "city, kecamatan, kelurahan, rw, rt or camera"),
                ("name", pa.string(), ""),
                ("tile_col", pa.int16(), "column in the hex map; NULL below kecamatan"),
                ("tile_row", pa.int16(), "row in the hex map"),
                ("lat", pa.float64(), "degrees"),
                ("lon", pa.float64(), "degrees"),
                ("population", pa.int32(), "people, an estimate of 2020"),
                ("area_km2", pa.float64(), "km²"),
                ("geometry", pa.string(), "GeoJSON; NULL where no boundary was imported"),
            ]
        ),
        key=("area_id",),
        writer="lakehouse.city.areas",
        about="an area of the tree",
        order=("area_id",),
    ),
    Table(
        "cameras",
        _schema(
            [
                ("camera_id", pa.string(), ""),
                ("valid_from", AT, "this version holds from here on"),
                ("version", pa.int32(), "counts from 1"),
                ("name", pa.string(), ""),
                ("owner", pa.string(), "whose camera it is"),
                ("site", pa.string(), "street, square, gate, market, pump, neighbourhood"),
                ("area_id", pa.string(), "the area that it hangs in"),
                ("lat", pa.float64(), "degrees"),
                ("lon", pa.float64(), "degrees"),
                ("source", pa.string(), "address without secrets"),
                ("width", pa.int32(), "pixels"),
                ("height", pa.int32(), "pixels"),
                ("fps", pa.float32(), "frames looked at per second"),
                ("zones", pa.string(), "JSON list of zones, corners as shares of the frame"),
                ("limit_kmh", pa.float32(), "speed limit, km/h; NULL where unknown"),
                ("calibration", pa.string(), "JSON; NULL where the camera is not calibrated"),
                ("grants", pa.string(), "what others may see: aggregate, events, boxes, blurred, live"),
            ]
        ),
        key=("camera_id", "version"),
        writer="lakehouse.city.cameras",
        about="a version of a camera",
        order=("camera_id", "version"),
    ),
    Table(
        "kinds",
        _schema(
            [
                ("kind", pa.string(), "such as traffic.flow"),
                ("analytic", pa.string(), ""),
                ("what", pa.string(), "quantity or event"),
                ("title", BOTH, ""),
                ("unit", BOTH, "NULL for an event"),
                ("summed", pa.string(), "sum, mean, peak or share; NULL for an event"),
                ("additive", pa.bool_(), "whether areas may be added"),
                ("theme", pa.string(), "crowd, traffic, tourism, cleanliness, flood, health or safety"),
                ("forecast", pa.bool_(), ""),
                ("state", pa.string(), "stable, experimental, or retired: no longer installed"),
                ("version", pa.string(), "of the analytic"),
            ]
        ),
        key=("kind",),
        writer="serving.analytic",
        about="a quantity or an event kind",
        order=("kind",),
    ),
    Table(
        "observations",
        _schema(
            [
                _DAY,
                ("at", AT, "camera time"),
                ("camera_id", pa.string(), ""),
                ("track_id", pa.int64(), "epoch x 2^32 + n, never reused"),
                ("label", pa.string(), "class name in English"),
                ("confidence", pa.int8(), "0-100"),
                ("x1", pa.int16(), "1/8192 of the frame's width"),
                ("y1", pa.int16(), "1/8192 of the frame's height"),
                ("x2", pa.int16(), "1/8192 of the frame's width"),
                ("y2", pa.int16(), "1/8192 of the frame's height"),
                ("vx", pa.int16(), "to the right, 1/8192 of the frame's width a second; NULL: not measured"),
                ("vy", pa.int16(), "down, 1/8192 of the frame's height a second; NULL: not measured"),
                ("model_id", pa.string(), "the weights, by the first 12 digits of their sha256"),
                *_LANDED,
            ]
        ),
        key=("camera_id", "at", "track_id"),
        writer="batch.compacting.compact",
        about="a tracked box in a frame",
        partition=("day",),
        order=("camera_id", "track_id", "at"),
        landed=True,
    ),
    Table(
        "looks",
        _schema(
            [
                _DAY,
                ("at", AT, "start of the ten seconds, camera time"),
                ("camera_id", pa.string(), ""),
                ("camera_version", pa.int32(), ""),
                ("width", pa.int32(), "pixels"),
                ("height", pa.int32(), "pixels"),
                ("frames", FRAMES, "outcome: 0 looked at, 1 gated, 2 dropped, 3 undecodable"),
                ("health", pa.string(), "live, frozen, black, covered or silent"),
                ("readings", READINGS, "means over the frames looked at; 'failed x': what analytic x missed"),
                *_LANDED,
            ]
        ),
        key=("camera_id", "at", "producer", "epoch", "seq"),
        writer="batch.compacting.compact",
        about="a camera's ten seconds",
        partition=("day",),
        order=("camera_id", "at"),
        landed=True,
    ),
    Table(
        "measures",
        _schema(
            [
                _DAY,
                ("minute", AT, "start of the minute, camera time"),
                ("camera_id", pa.string(), ""),
                ("zone_id", pa.string(), ""),
                ("kind", pa.string(), ""),
                ("value", pa.float64(), "in the kind's unit"),
                ("sum", pa.float64(), "what value was made from"),
                ("n", pa.int32(), "frames or things behind it"),
                ("run", pa.string(), "live, or replay-<id>"),
                *_LANDED,
            ]
        ),
        key=("camera_id", "zone_id", "kind", "minute", "run", "producer", "epoch", "seq"),
        writer="batch.compacting.compact",
        about="a reading of an analytic",
        partition=("day",),
        order=("camera_id", "kind", "minute"),
        landed=True,
    ),
    Table(
        "events",
        _schema(
            [
                _DAY,
                ("event_id", pa.string(), "UUIDv5 of camera, zone, kind, subject and start"),
                ("revision", pa.int32(), "counts from 1"),
                ("state", pa.string(), "open, escalated or closed"),
                ("kind", pa.string(), ""),
                ("camera_id", pa.string(), ""),
                ("zone_id", pa.string(), ""),
                ("area_id", pa.string(), ""),
                ("started_at", AT, "camera time"),
                ("at", AT, "camera time of this revision"),
                ("ended_at", AT, "NULL while it goes on"),
                ("severity", pa.int8(), "1 notice, 2 warning, 3 danger"),
                ("measures", READINGS, ""),
                ("confidence", pa.float32(), "0-1"),
                ("rule_version", pa.string(), "of the analytic"),
                ("evidence", pa.string(), "reference; NULL unless evidence is switched on"),
                ("run", pa.string(), "live, or replay-<id>"),
                *_LANDED,
            ]
        ),
        key=("event_id", "revision", "run", "producer", "epoch", "seq"),
        writer="batch.compacting.compact",
        about="a revision of an event",
        partition=("day",),
        order=("camera_id", "at"),
        landed=True,
    ),
    Table(
        "camera_minutes",
        _schema(
            [
                _DAY,
                ("minute", AT, "start of the minute, camera time"),
                ("camera_id", pa.string(), ""),
                ("kind", pa.string(), ""),
                ("value", pa.float64(), "in the kind's unit; NULL where not seen"),
                ("n", pa.int32(), "frames or things behind it"),
                ("coverage", pa.float32(), "0-1: the share of the minute that was really seen"),
                ("reason", pa.string(), "why value is NULL"),
                ("origin", pa.string(), "pixels or synthetic"),
            ]
        ),
        key=("camera_id", "kind", "minute"),
        writer="batch.rolling.rollup",
        about="a camera's minute of one kind",
        partition=("day",),
        order=("camera_id", "kind", "minute"),
    ),
    Table(
        "area_hours",
        _schema(
            [
                _DAY,
                ("hour", AT, "start of the hour"),
                ("area_id", pa.string(), "a camera is the leaf camera:<id>"),
                ("kind", pa.string(), ""),
                ("seen", pa.float64(), "what was counted"),
                ("value", pa.float64(), "seen, made up for what was missed; NULL with its reason below 0.5"),
                ("cameras_reporting", pa.int32(), ""),
                ("cameras_total", pa.int32(), ""),
                ("coverage", pa.float32(), "0-1: the share of the area's usual total that was really seen"),
                ("reason", pa.string(), "why value is NULL; 'running' marks an hour that is not over"),
                ("origin", pa.string(), "pixels, synthetic or both"),
                ("source_version", pa.int64(), "of measures when this was computed"),
            ]
        ),
        key=("area_id", "kind", "hour"),
        writer="batch.rolling.rollup",
        about="an area's hour of one kind",
        monthly=True,
        order=("kind", "area_id", "hour"),
    ),
    Table(
        "forecasts",
        _schema(
            [
                ("issued_at", AT, "the origin: nothing after it was known"),
                ("at", AT, "start of the predicted step"),
                ("step", pa.string(), "h or D"),
                ("area_id", pa.string(), ""),
                ("kind", pa.string(), ""),
                ("scenario", pa.string(), "empty: none"),
                (
                    "model",
                    pa.string(),
                    "base, boosted, smoothing, prophet or blend; kin: a new camera; counts: seldom",
                ),
                *_QUANTILE_COLUMNS,
                ("mean", pa.float64(), "in the kind's unit"),
                ("why", BOTH, "the forecast in a sentence"),
                ("input_version", pa.int64(), "of area_hours"),
            ]
        ),
        key=("issued_at", "at", "area_id", "kind", "scenario"),
        whole=("issued_at", "area_id", "kind", "scenario"),
        writer="forecasting.publishing.publish",
        about="one predicted step; never updated",
        order=("kind", "area_id", "at"),
    ),
    Table(
        "scores",
        _schema(
            [
                ("issued_at", AT, ""),
                ("area_id", pa.string(), ""),
                ("kind", pa.string(), ""),
                ("model", pa.string(), ""),
                ("chosen", pa.bool_(), "whether this model's forecast was published"),
                ("horizon", pa.int32(), "steps"),
                ("scenario", pa.string(), "empty: none"),
                ("mase", pa.float64(), "mean absolute scaled error against the same hour a day before"),
                ("rmsse", pa.float64(), "root mean squared scaled error"),
                ("sql", pa.float64(), "scaled quantile loss"),
                ("wql", pa.float64(), "weighted quantile loss"),
                ("coverage80", pa.float64(), "0-1: share of the past within q10-q90"),
                ("coverage95", pa.float64(), "0-1: share of the past within q025-q975"),
                ("n", pa.int64(), "steps compared"),
            ]
        ),
        key=("issued_at", "area_id", "kind", "model", "scenario"),
        whole=("issued_at", "area_id", "kind", "scenario"),
        writer="forecasting.publishing.publish",
        about="a backtest",
        order=("kind", "area_id", "model"),
    ),
    Table(
        "unusual",
        _schema(
            [
                ("area_id", pa.string(), ""),
                ("kind", pa.string(), ""),
                ("from", AT, ""),
                ("to", AT, ""),
                ("observed", pa.float64(), "in the kind's unit"),
                ("q05", pa.float64(), ""),
                ("q95", pa.float64(), ""),
                ("told_at", AT, ""),
            ]
        ),
        key=("area_id", "kind", "from"),
        writer="forecasting.publishing.unusual",
        about="hours outside their band, too seldom to be chance, told once",
    ),
    Table(
        "weather",
        _schema(
            [
                ("issued_at", AT, "when this was known"),
                ("at", AT, "the hour that it speaks of"),
                ("rain_mm", pa.float32(), "mm in the hour"),
                ("tide_cm", pa.float32(), "cm above the gauge's zero"),
                ("origin", pa.string(), "where it comes from; synthetic where it is"),
            ]
        ),
        key=("issued_at", "at"),
        writer="lakehouse.synthetic",
        about="rain and tide with their own vintage",
        order=("at", "issued_at"),
    ),
    Table(
        "calendar",
        _schema(
            [
                ("day", pa.date32(), "local date"),
                ("kind", pa.string(), "holiday, leave, ramadan, lebaran, school, payday or event"),
                ("name", BOTH, ""),
                ("estimated", pa.bool_(), "whether the date may still move"),
            ]
        ),
        key=("day", "kind"),
        writer="lakehouse.city.calendar",
        about="days that differ",
        order=("day", "kind"),
    ),
    Table(
        "quarantine",
        _schema(
            [
                ("segment", pa.string(), "name of the file"),
                ("producer", pa.string(), ""),
                ("epoch", pa.int32(), ""),
                ("seq", pa.int64(), ""),
                ("reason", pa.string(), ""),
                ("rows", pa.int64(), "kept out of the tables; NULL where they cannot be read"),
                ("bytes", pa.int64(), ""),
                ("at", AT, "when it was set aside"),
            ]
        ),
        key=("segment",),
        writer="batch.compacting.compact",
        about="segments refused, and why",
    ),
    Table(
        "runs",
        _schema(
            [
                ("day", pa.date32(), "the city's local date"),
                ("analytic", pa.string(), "such as traffic"),
                ("run", pa.string(), "whose measures and events are published: live, or replay-<id>"),
                ("adopted_at", AT, "the last one of a day and analytic holds"),
            ]
        ),
        key=("day", "analytic", "adopted_at"),
        writer="batch.replaying.replay",
        about="which run of an analytic is published for a day; live where nothing is said",
        order=("day", "analytic", "adopted_at"),
    ),
    Table(
        "models",
        _schema(
            [
                ("model_id", pa.string(), "first 12 digits of the sha256"),
                ("sha256", pa.string(), "of the weights"),
                ("name", pa.string(), ""),
                ("card", pa.string(), "JSON: classes, input size, figures, observation model"),
                ("at", AT, "when it was registered"),
            ]
        ),
        key=("model_id",),
        writer="lakehouse.models",
        about="detector weights by sha256",
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in _ALL}
LANDED: tuple[str, ...] = ("observations", "measures", "events", "looks")
"""The tables that segments carry, in the order in which they are committed: looks last."""
