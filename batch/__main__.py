"""`python -m batch VERB`: the jobs over the tables."""

from lakehouse import door

# isort: split
import json
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from batch.compacting import compact as compaction
from batch.compacting.backfill import backfill as land_again
from batch.executor import Executor
from batch.keeping import rounds, upkeep
from batch.replaying import screening
from batch.rolling import history
from batch.rolling import quality as watching
from batch.rolling import rollup as rolling
from batch.settings import Settings
from batch.training import workshop
from lakehouse.store import Lake
from lakehouse.synthetic import City
from lakehouse.synthetic.observed import Observed

SETTINGS = Settings()
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(screening.app)
app.add_typer(upkeep.app)
app.add_typer(workshop.app)

TheLake = Annotated[str, typer.Option("--lake", help="The lake's folder.")]
Where = Annotated[Executor, typer.Option(help="In this process, or on a Ray cluster.")]
Months = Annotated[int, typer.Option(min=0, help="First load so many months of a synthetic past, once.")]
Card = Annotated[Path | None, typer.Option(help="The model card whose weights would have seen that past.")]
Seed = Annotated[int, typer.Option(help="Of the synthetic city.")]
Period = Annotated[float | None, typer.Option(min=1, help="Again every so many seconds, until told to stop.")]
Late = Annotated[str | None, typer.Option(help="Whose late rows; everybody's by default.")]
Cameras = Annotated[list[str] | None, typer.Option("--camera", help="Only this one; may be repeated.")]
DAY = ["%Y-%m-%d"]


class Level(StrEnum):
    """Of which areas something is told."""

    CAMERA = "camera"
    KELURAHAN = "kelurahan"
    KECAMATAN = "kecamatan"


@app.command()
def compact(lake: TheLake = SETTINGS.lake, executor: Where = SETTINGS.executor, every: Period = None) -> None:
    """Take what landed into the tables, exactly once; with --every, again and again."""
    opened = Lake.open(lake)

    def job() -> None:
        print(compaction.compact(opened, executor, shard_bytes=SETTINGS.shard_bytes), flush=True)

    rounds.every(every, job) if every else job()


@app.command()
def backfill(lake: TheLake = SETTINGS.lake, producer: Late = None) -> None:
    """Land again, on purpose, the rows that compaction kept out since they came too late."""
    print(land_again(Lake.open(lake), producer))


@app.command()
def rollup(
    lake: TheLake = SETTINGS.lake,
    executor: Where = SETTINGS.executor,
    synthetic_months: Months = 0,
    observed: Card = None,
    seed: Seed = 7,
) -> None:
    """Compute camera minutes and area hours of the days of which something new is known."""
    opened = Lake.open(lake)
    if synthetic_months:
        seen = Observed.read(observed) if observed else Observed.perfect()
        loaded = history.load(
            opened, City(seed), seen, synthetic_months, rolling.kinds(opened), SETTINGS.coverage_floor
        )
        print(loaded or "loaded no history: the lake has it")
    print(rolling.rollup(opened, executor=executor, floor=SETTINGS.coverage_floor))


@app.command()
def quality(
    lake: TheLake = SETTINGS.lake,
    day: Annotated[
        datetime | None, typer.Option(formats=DAY, help="A local date; default the newest that was watched.")
    ] = None,
    level: Level = Level.CAMERA,
    camera: Cameras = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For machines.")] = False,
) -> None:
    """Tell how well a day was watched: cameras or areas, the worst first."""
    floor = SETTINGS.coverage_floor
    asked = day.date() if day else None
    told, found = watching.quality(
        Lake.open(lake), asked, level=level.value, cameras=camera or (), floor=floor
    )
    if as_json:
        print(json.dumps({"day": str(told), "floor": floor, "items": [asdict(one) for one in found]}))
    else:
        print("\n".join(watching.lines(told, found)))


if __name__ == "__main__":
    door.run(app)
