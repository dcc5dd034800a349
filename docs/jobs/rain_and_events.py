"""How often each kind of event begins in dry, wet and very wet hours: events joined with the weather.

ray job submit --working-dir . -- python docs/jobs/rain_and_events.py --lake $PWD/demo-lake
"""

import argparse
from datetime import timedelta

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import ray

from batch.datasets import dataset
from batch.executor import connect
from lakehouse.clock import city_day
from lakehouse.store import Lake

WET_MM, VERY_WET_MM = 0.5, 10.0
"""Rain in an hour from which on it is wet, and very wet."""


def began(lake: Lake, days: int) -> pa.Table:
    """Of each event of the last days, by its last revision: its kind, and the hour it began in."""
    since = pa.scalar(city_day(lake.now()) - timedelta(days=days), pa.date32())
    events = lake.events(where=pc.field("day") >= since, fresh=False)
    hour = pc.floor_temporal(events["started_at"], unit="hour")
    return pa.table({"hour": hour, "kind": events["kind"], "event_id": events["event_id"]})


def measured(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Of what was said of some hours the rain that was known last, and how wet that is."""
    last = forecasts.sort_values("issued_at").groupby("at", as_index=False).last()
    wet = pd.cut(last["rain_mm"], [-1, WET_MM, VERY_WET_MM, 1e9], labels=["dry", "wet", "very wet"])
    return pd.DataFrame({"hour": last["at"], "wet": wet.astype(str)})


def main() -> None:
    """Join, count, and print one line for each kind of event."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--lake", required=True)
    asked.add_argument("--days", type=int, default=7)
    told = asked.parse_args()

    lake = Lake.open(told.lake)
    connect()
    events = began(lake, told.days)
    if not events.num_rows:
        print("no event began in these days")
        return
    span = pc.min_max(events["hour"]).as_py()
    in_span = (pc.field("at") >= span["min"]) & (pc.field("at") <= span["max"])
    weather = dataset(lake, "weather", columns=["issued_at", "at", "rain_mm"], where=in_span)
    hours = ray.data.from_pandas(measured(weather.to_pandas()))
    joined = ray.data.from_arrow(events).join(hours, "left_outer", num_partitions=2, on=("hour",))
    counted = joined.groupby(["kind", "wet"]).count().to_pandas()
    for row in counted.sort_values(["kind", "wet"]).itertuples(index=False):
        print(f"{row[0]:<28} {row[1] or 'unknown':<9} {row[2]:>6,}")


if __name__ == "__main__":
    main()
