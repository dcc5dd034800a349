"""The verbs that keep a lake in order: recluster, retain, vacuum and forget."""

from datetime import timedelta
from typing import Annotated

import typer

from batch.executor import Executor
from batch.keeping import forget as deletion
from batch.keeping import recluster as reclustering
from batch.keeping import retention
from batch.keeping import vacuum as vacuuming
from batch.settings import Settings
from lakehouse.clock import instant
from lakehouse.problem import UnknownParameter
from lakehouse.store import Lake

SETTINGS = Settings()
app = typer.Typer()

TheLake = Annotated[str, typer.Option("--lake", help="The lake's folder, or s3://…")]
Where = Annotated[Executor, typer.Option(help="In this process, or on a Ray cluster.")]
Days = Annotated[list[str] | None, typer.Option(help="Local days, as 2026-11-23; else all closed ones.")]
Keep = Annotated[
    list[str] | None, typer.Option(help="Days by table or table/kind, as observations=30; else the defaults.")
]
KeepDays = Annotated[float, typer.Option(min=0, help="How long old versions stay readable.")]
Camera = Annotated[str, typer.Option(help="Whose rows are deleted.")]
Since = Annotated[str, typer.Option(help="From here on: RFC 3339, or a local day.")]
Until = Annotated[str, typer.Option(help="Until before this.")]


@app.command()
def recluster(lake: TheLake = SETTINGS.lake, days: Days = None, executor: Where = SETTINGS.executor) -> None:
    """Rewrite the many small files of closed days as few, so that a camera's day is read at once."""
    wanted = None if days is None else [instant(day).date() for day in days]
    print(reclustering.recluster(Lake.open(lake), executor, days=wanted))


@app.command()
def retain(lake: TheLake = SETTINGS.lake, keep: Keep = None, executor: Where = SETTINGS.executor) -> None:
    """Forget what is older than each table keeps."""
    wanted = retention.KEEP_DAYS if keep is None else dict(map(_days_kept, keep))
    print(retention.retain(Lake.open(lake), wanted, executor))


@app.command()
def vacuum(lake: TheLake = SETTINGS.lake, keep_days: KeepDays = 7) -> None:
    """Delete the files that no version of the last days holds."""
    print(vacuuming.vacuum(Lake.open(lake), keep=timedelta(days=keep_days)))


@app.command()
def forget(
    camera: Camera,
    since: Since,
    until: Until,
    lake: TheLake = SETTINGS.lake,
    executor: Where = SETTINGS.executor,
) -> None:
    """Delete what a camera saw in a time: rows, old versions, orphans and damaged segments, and verify it."""
    start, stop = instant(since), instant(until)
    print(deletion.forget(Lake.open(lake), camera, start, stop, executor))
    print(f"next: python -m batch rollup --lake {lake}")


def _days_kept(text: str) -> tuple[str, int]:
    name, _, days = text.partition("=")
    if not days.isdecimal():
        raise UnknownParameter(text, "it does not say how many days", "write observations=30")
    return name, int(days)
