"""`python -m batch VERB`: the jobs over the tables."""

from pathlib import Path
from typing import Annotated

import typer

from batch import compact as compaction
from batch.executor import Executor
from batch.settings import Settings
from lakehouse import door
from lakehouse.store import Lake

SETTINGS = Settings()
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

TheLake = Annotated[Path, typer.Option("--lake", help="The lake's folder.")]
Where = Annotated[Executor, typer.Option(help="In this process, or on a Ray cluster.")]


@app.command()
def compact(lake: TheLake = SETTINGS.lake, executor: Where = SETTINGS.executor) -> None:
    """Take what landed into the tables, exactly once."""
    print(compaction.compact(Lake.open(lake), executor, shard_bytes=SETTINGS.shard_bytes))


@app.callback()
def jobs() -> None:
    """The jobs over the tables."""


if __name__ == "__main__":
    door.run(app)
