"""Writers of keyed tables, each verb made small, and how they must leave a lake however they overlap."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from batch.replaying import replay
from forecasting.executor import Executor
from forecasting.foretelling.outlook import Outlook
from forecasting.foretelling.why import Reasons
from forecasting.knowing.series import last_full_hour
from forecasting.publishing import issue, publish, unusual
from lakehouse import models
from lakehouse.city import calendar, cameras
from lakehouse.city.cameras import Camera
from lakehouse.clock import city_day
from lakehouse.store import Lake
from lakehouse.synthetic import City, founding
from lakehouse.tables import QUANTILES, TABLES
from serving import analytic

CITY, PARTS = "33.74", ("33.74.01", "33.74.02")
KIND, SCENARIOS = "traffic.flow", ("", "rain=20mm")
UNIT = {"id": "kendaraan", "en": "vehicles"}
STEPS = 6
SEED = 7


def seed(lake: Lake) -> None:
    """Let a camera of each part be known to measure, so that the city is the sum of its parts."""
    hour = last_full_hour(lake.now()) - timedelta(days=20)
    about = {"day": city_day(hour), "hour": hour, "kind": KIND, "seen": 1.0, "value": 1.0, "coverage": 1.0}
    about |= {"cameras_reporting": 1, "cameras_total": 1, "origin": "synthetic", "source_version": 0}
    rows = [{**about, "area_id": f"camera:cam-{number}"} for number in range(2)]
    lake.append("area_hours", pa.Table.from_pylist(rows, TABLES["area_hours"].schema))


def seed_like(twin: Lake, lake: Lake) -> None:
    """Let another lake expect just the cameras and kinds that a lake does."""
    seeded = (pc.field("origin") == "synthetic") & pc.starts_with(pc.field("area_id"), "camera:")
    twin.append("area_hours", lake.read("area_hours", where=seeded))
    twin.replace("kinds", lake.read("kinds"))


def forecast(lake: Lake, rng: np.random.Generator) -> None:
    """Publish what a run found out of some areas, for this hour or one before it."""
    areas = sorted(rng.choice([CITY, *PARTS], rng.integers(1, 4), replace=False).tolist())
    issued_at = last_full_hour(lake.now()) - timedelta(hours=int(rng.integers(3)))
    about = publish.Issue(KIND, UNIT, issued_at, 1, additive=True, scenario=str(rng.choice(SCENARIOS)))
    order = issue.Order(lake.root, about, tuple(areas), STEPS, 0, ())
    before = issue._standing(lake.table("forecasts"), [order])
    left = sorted(set(areas) - publish.issued(lake, KIND, issued_at, about.scenario))
    if left:
        filled = issue.Filled(order, _outlook(left, issued_at, rng))
        issue.publish_all(lake, [filled], before, Executor.LOCAL)


def _outlook(areas: list[str], issued_at: datetime, rng: np.random.Generator) -> Outlook:
    """What one run says: a city that is the sum of its parts, by a model whose name is this run's alone."""
    parts = rng.uniform(1, 2, (2, STEPS))
    means = np.stack(
        [dict(zip((CITY, *PARTS), (parts.sum(axis=0), *parts), strict=True))[one] for one in areas]
    )
    first = np.datetime64(issued_at.astimezone(UTC).replace(tzinfo=None), "h") + np.timedelta64(7, "h")
    at = np.tile(first + np.arange(STEPS), (len(areas), 1))
    flat = np.zeros(means.shape)
    reasons = Reasons(at, means, means, {}, flat.astype(int) - 1, flat.astype(bool))
    name = f"run {rng.integers(1 << 62)}"
    names, unknown = np.full(len(areas), name), np.zeros((0, *means.shape))
    scores = pd.DataFrame({"unique_id": areas, "model": name, "n": 1})
    scores[["mase", "rmsse", "sql", "wql", "coverage80", "coverage95"]] = 0.5
    bands = means[..., None] * np.linspace(0.9, 1.1, len(QUANTILES))
    return Outlook(np.array(areas), names, at, bands, means, reasons, unknown, unknown, scores)


def tell(lake: Lake, rng: np.random.Generator) -> None:
    """Tell what was unusual by one of the last hours."""
    unusual.tell(lake, last_full_hour(lake.now()) - timedelta(hours=int(rng.integers(3))))


def adopt(lake: Lake, rng: np.random.Generator) -> None:
    """Publish a replay of an analytic whose kinds nobody measures here."""
    days = [date(2026, 1, 1) + timedelta(days=int(n)) for n in rng.choice(4, 2, replace=False)]
    replay._publish(lake, "masks", days, f"replay-{rng.integers(3)}")


def catalogue(lake: Lake, _: np.random.Generator) -> None:
    """Publish the kinds of this installation."""
    analytic.publish(lake)


def hang(lake: Lake, rng: np.random.Generator) -> None:
    """Hang some gates, or change them."""
    told = {
        "owner": f"owner {rng.integers(3)}",
        "site": "gate",
        "lat": -7.0,
        "lon": 110.4,
        "source": "rtsp://h/x",
    }
    size = {"width": 640, "height": 360, "valid_from": lake.now()}
    names = [f"gate-{n}" for n in rng.choice(4, 2, replace=False)]
    cameras.register(lake, [Camera(camera_id=n, name=n, area_id=PARTS[0], **told, **size) for n in names])


def weigh(lake: Lake, rng: np.random.Generator) -> None:
    """Note weights."""
    models.register(lake, {"name": "weights"}, f"{rng.integers(5):064x}"[::-1])


def found(lake: Lake, rng: np.random.Generator) -> None:
    """Bring calendar and weather up to date, as by this hour or one before it."""
    now = lake.now() - timedelta(hours=int(rng.integers(2)))
    calendar.register(lake, founding.FOUNDED.date(), founding._newest_day(now))
    founding._weather(lake, City(SEED), now)


def append(lake: Lake, rng: np.random.Generator) -> None:
    """Append rows of some days of the calendar past every verb, as anybody may."""
    days = [date(2040, 1, 1) + timedelta(days=int(n)) for n in rng.choice(30, 5, replace=False)]
    rows = [{"day": day, "kind": "event", "name": {"id": "x", "en": "x"}, "estimated": False} for day in days]
    lake.append("calendar", pa.Table.from_pylist(rows, TABLES["calendar"].schema))


VERBS: dict[str, Callable[[Lake, np.random.Generator], None]] = {
    "forecast": forecast,
    "unusual": tell,
    "adopt": adopt,
    "kinds": catalogue,
    "cameras": hang,
    "models": weigh,
    "founding": found,
    "append": append,
}


def wrong(lake: Lake) -> list[str]:
    """What is not as one writer after another would have left it."""
    return [*_twice(lake), *_mixed(lake), *_apart(lake), *_versions(lake)]


def _twice(lake: Lake) -> list[str]:
    """Keys that a table that is not landed holds twice."""
    found = []
    for name, table in TABLES.items():
        key = list(table.key)
        if not table.landed:
            counts = lake.read(name, columns=key).group_by(key).aggregate([([], "count_all")])
            found += [f"twice: {row} in {name}" for row in counts.to_pylist() if row["count_all"] > 1]
    return found


def _mixed(lake: Lake) -> list[str]:
    """Forecasts of which hours come from several runs, or whose score is of another run."""
    claim = list(TABLES["forecasts"].claim)
    rows, scores = (lake.read(name).to_pandas() for name in ("forecasts", "scores"))
    runs = rows.groupby(claim)["model"].agg(["nunique", "size", "first"])
    both = runs.join(scores.set_index(claim)["model"], how="left")
    mixed = both[(both["nunique"] > 1) | (both["size"] != STEPS)]
    return [f"mixed: the forecast {of}" for of in mixed.index]


def _apart(lake: Lake) -> list[str]:
    """Hours at which the city is not the sum of its parts."""
    told = lake.read("forecasts").to_pandas()
    wide = told.pivot_table(index=["issued_at", "kind", "scenario", "at"], columns="area_id", values="mean")
    if not {CITY, *PARTS} <= set(wide.columns):
        return []
    known = wide[[CITY, *PARTS]].dropna()
    off = known[~np.isclose(known[CITY], known[list(PARTS)].sum(axis=1), rtol=1e-6)]
    return [f"apart: the sum of {of}" for of in off.index]


def _versions(lake: Lake) -> list[str]:
    """Cameras whose versions do not count from 1."""
    rows = lake.read("cameras").to_pandas().groupby("camera_id")["version"].agg(["size", "max"])
    return [f"lost: a version of {camera}" for camera in rows[rows["size"] != rows["max"]].index]
