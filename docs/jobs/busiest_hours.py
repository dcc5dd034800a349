"""The busiest hours of the week of every kecamatan: a data scientist's own job over the tables.

ray job submit --working-dir . -- python docs/jobs/busiest_hours.py --lake $PWD/demo-lake
"""

import argparse
import os

import pandas as pd
import pyarrow.compute as pc
import ray

from lakehouse.city.areas import Areas
from lakehouse.clock import CITY_ZONE
from lakehouse.store import Lake

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@ray.remote
def busiest(root: str, kind: str, areas: list[str], count: int) -> pd.DataFrame:
    """The `count` hours of the week with the highest mean, by area; what was not seen does not count."""
    where = (pc.field("kind") == kind) & pc.field("area_id").isin(areas) & pc.field("reason").is_null()
    hours = Lake.open(root).read("area_hours", columns=["hour", "area_id", "value"], where=where).to_pandas()
    local = hours["hour"].dt.tz_convert(CITY_ZONE)
    hours = hours.assign(weekday=local.dt.weekday, hour=local.dt.hour)
    usual = hours.groupby(["area_id", "weekday", "hour"], as_index=False)["value"].mean()
    top = usual.sort_values("value", ascending=False).groupby("area_id").head(count)
    return top.assign(kind=kind)


def main() -> None:
    """Ask for every kind at once, and print one line a kecamatan."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--lake", required=True)
    asked.add_argument("--kind", nargs="*", default=["crowd.people", "traffic.flow", "tourism.visits"])
    asked.add_argument("--hours", type=int, default=3)
    told = asked.parse_args()

    cluster = {"address": "auto"} if os.environ.get("RAY_ADDRESS") else {"include_dashboard": False}
    ray.init(**cluster, log_to_driver=False)
    names = {area.area_id: area.name for area in Areas.read(Lake.open(told.lake)).at_level("kecamatan")}
    tables = ray.get([busiest.remote(told.lake, kind, list(names), told.hours) for kind in told.kind])
    for (kind, area_id), hours in pd.concat(tables).groupby(["kind", "area_id"]):
        best = (f"{DAYS[row.weekday]} {row.hour:02d}:00 ({row.value:,.0f})" for row in hours.itertuples())
        print(f"{kind:<16} {names[area_id]:<18} {', '.join(best)}")


if __name__ == "__main__":
    main()
