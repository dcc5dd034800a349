"""The verbs that show stored scenes again: replay, and adopt for what is published of it."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from batch.executor import Executor
from batch.replaying import replay as replaying
from batch.replaying.projector import Span
from batch.settings import Settings
from lakehouse.runs import LIVE
from lakehouse.store import Lake

SETTINGS = Settings()
app = typer.Typer()

_DAY = ["%Y-%m-%d"]
TheLake = Annotated[str, typer.Option("--lake", help="The lake's folder, or s3://…")]
Analytic = Annotated[str, typer.Option(help="Which analytic, such as traffic.")]
Since = Annotated[datetime, typer.Option(formats=_DAY, help="The first local date.")]
Until = Annotated[datetime, typer.Option(formats=_DAY, help="The local date after the last one.")]
Given = Annotated[list[str] | None, typer.Option("--setting", help="name=value; may be repeated.")]
Cameras = Annotated[list[str] | None, typer.Option("--camera", help="Only this one; may be repeated.")]
Settle = Annotated[float, typer.Option(min=0, help="Hours before the span in which state settles.")]
Where = Annotated[Executor, typer.Option(help="In this process, or on a Ray cluster.")]


@app.command()
def replay(  # noqa: PLR0913 - a command has as many parameters as options
    analytic: Analytic,
    since: Since,
    until: Until,
    lake: TheLake = SETTINGS.lake,
    setting: Given = None,
    camera: Cameras = None,
    settle: Settle = 1.0,
    executor: Where = SETTINGS.executor,
    *,
    adopt: Annotated[bool, typer.Option("--adopt", help="Publish it as the run of its days.")] = False,
) -> None:
    """Run a live analytic again over the stored scenes of some days, and land it as a run of its own."""
    done = replaying.replay(
        Lake.open(lake),
        analytic,
        Span(since.date(), until.date(), timedelta(hours=settle)),
        given=setting or (),
        cameras=camera or (),
        adopt=adopt,
        executor=executor,
    )
    print(done)


@app.command()
def adopt(
    analytic: Analytic,
    since: Since,
    until: Until,
    lake: TheLake = SETTINGS.lake,
    run: Annotated[str, typer.Option(help="A replay that was made before, or live.")] = LIVE,
) -> None:
    """Publish a replay of an analytic for some days, or live again."""
    days = Span(since.date(), until.date()).days
    version = replaying.adopt(Lake.open(lake), analytic, days, run)
    print("nothing new" if version is None else f"{run} is published for {analytic}; next: batch rollup")
