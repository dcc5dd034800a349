"""`python -m batch VERB`: the jobs over the tables."""

from pathlib import Path
from typing import Annotated

import typer

from batch import compact as compaction
from batch import history, upkeep, workshop
from batch import rollup as rolling
from batch.executor import Executor
from batch.settings import Settings
from lakehouse import door
from lakehouse.store import Lake
from lakehouse.synthetic import City
from lakehouse.synthetic.observed import Observed

SETTINGS = Settings()
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(upkeep.app)
app.add_typer(workshop.app)

TheLake = Annotated[str, typer.Option("--lake", help="The lake's folder.")]
Where = Annotated[Executor, typer.Option(help="In this process, or on a Ray cluster.")]
Months = Annotated[int, typer.Option(min=0, help="First load so many months of a synthetic past, once.")]
Card = Annotated[Path | None, typer.Option(help="The model card whose weights would have seen that past.")]
Seed = Annotated[int, typer.Option(help="Of the synthetic city.")]


@app.command()
def compact(lake: TheLake = SETTINGS.lake, executor: Where = SETTINGS.executor) -> None:
    """Take what landed into the tables, exactly once."""
    print(compaction.compact(Lake.open(lake), executor, shard_bytes=SETTINGS.shard_bytes))


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


if __name__ == "__main__":
    door.run(app)
