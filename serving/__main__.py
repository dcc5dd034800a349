"""`python -m serving VERB`: watch one source, and what a person asks of this room."""

from lakehouse.door import run

# isort: split
from pathlib import Path
from typing import Annotated, Literal

import typer

from lakehouse import models
from lakehouse.city import cameras
from lakehouse.city.cameras import Camera
from lakehouse.clock import instant
from lakehouse.problem import UnknownCamera
from lakehouse.store import Lake
from serving import analytic, client
from serving.paint.render import render
from serving.seeing import detectors
from serving.seeing.adopt import CONFIDENCE, adopt, mapping
from serving.seeing.detectors import SHIPPED
from serving.seeing.detectors.card import Card
from serving.settings import Settings
from serving.showing.account import Account
from serving.showing.detected import detected
from serving.showing.picture import draw
from serving.showing.telling import nothing, tell
from serving.watching.observe import observe
from serving.watching.watch import watch as watch_source

SETTINGS = Settings()
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

TheLake = Annotated[str, typer.Option("--lake", help="The lake's folder.")]
Weights = Annotated[Path | None, typer.Option(help="Weights with a card; default the shipped.")]
Url = Annotated[str, typer.Option(help="Where the API is.")]


@app.command()
def watch(
    source: Annotated[str, typer.Argument(help="A video file, rtsp://…, http://… or synthetic:<seed>.")],
    lake: TheLake = SETTINGS.lake,
    camera: Annotated[str | None, typer.Option(help="A registered camera; by default one is made.")] = None,
    fps: Annotated[float | None, typer.Option(min=0.05, max=60, help="Looks a second; default 2.")] = None,
    start: Annotated[str | None, typer.Option(help="When a recording begins, RFC 3339; default now.")] = None,
    weights: Weights = None,
    minutes: Annotated[float | None, typer.Option(min=0, help="Stop a live stream after so many.")] = None,
) -> None:
    """Watch one file or stream in this process, and land what is seen."""
    at = None if start is None else instant(start)
    lines = watch_source(source, lake, camera_id=camera, fps=fps, start=at, weights=weights, minutes=minutes)
    print("\n".join(lines))


@app.command()
def detect(
    source: Annotated[str, typer.Argument(help="A picture, or what `watch` takes.")],
    out: Annotated[Path, typer.Option(help="A folder for the pictures with what was found drawn over.")],
    weights: Weights = None,
    fps: Annotated[float, typer.Option(min=0.05, max=60, help="Looks a second into a clip.")] = 2,
    most: Annotated[int, typer.Option(min=1, help="Looks into a clip, at most.")] = 50,
    camera: Annotated[str | None, typer.Option(help="A registered camera, whose zones are drawn.")] = None,
    lake: TheLake = SETTINGS.lake,
) -> None:
    """Look into a picture or a clip and draw what is found. The folder then holds pictures of people."""
    known = None if camera is None else hung(Lake.open(lake), camera)
    for line in detected(source, out, detectors.load(weights), fps=fps, most=most, camera=known):
        print(line, flush=True)


@app.command()
def adopt_weights(
    file: Annotated[Path, typer.Argument(help="Ultralytics' export: its folder, its .xml or its .onnx.")],
    classes: Annotated[
        str, typer.Option(help="Our labels by its names: van=car,motor=motorcycle; `dog=` for none.")
    ] = "",
    name: Annotated[str | None, typer.Option(help="What they are called; default their file's name.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="A folder to copy them to; default where they are.")
    ] = None,
    confidence: Annotated[
        float, typer.Option(min=0, max=1, help="What is less sure is not reported.")
    ] = CONFIDENCE,
) -> None:
    """Write the card with which somebody else's weights can be used: --weights of `watch` and `detect`."""
    print("\n".join(adopt(file, mapping(classes), name=name, out=out, confidence=confidence)))


@app.command()
def page(
    lake: TheLake = SETTINGS.lake,
    port: Annotated[int, typer.Option(min=0, max=65535, help="On this machine; 0 is a free one.")] = 8000,
) -> None:
    """Serve the page and the API over a lake in this process, for this machine alone, until Ctrl-C."""
    from serving import api  # noqa: PLC0415 - no other verb needs the web
    from serving.host import host  # noqa: PLC0415 - the same

    host(api.application(Lake.open(lake), settings=SETTINGS), port)


@app.command()
def show(
    lake: TheLake = SETTINGS.lake,
    minutes: Annotated[float, typer.Option(min=0.1, help="So many before the newest look.")] = 10,
    camera: Annotated[str | None, typer.Option(help="Only this one.")] = None,
    language: Annotated[Literal["id", "en"], typer.Option(help="Indonesian or English.")] = "en",
    out: Annotated[Path, typer.Option(help="The picture of zones and counts; overwritten.")] = Path(
        "show.png"
    ),
) -> None:
    """Tell what was counted in the last minutes and what is unknown, and draw it; no camera frame is kept."""
    opened = Lake.open(lake)
    if camera is not None:
        hung(opened, camera)
    account = Account.of(opened, minutes, camera)
    if account is None:
        print(nothing(lake, language))
        return
    print("\n".join(tell(account, lake, language)))
    draw(account, language).save(out, "PNG")
    print(f"\n{out.absolute()}")


@app.command()
def kinds(lake: TheLake = SETTINGS.lake) -> None:
    """Write what this installation measures and reports, and its detector, into the lake; list the kinds.

    What was measured before and is not installed any more is retired: its past stays, and it is not forecast.
    """
    opened, card = Lake.open(lake), Card.of(SHIPPED)
    version = analytic.publish(opened, retire=True)
    models.register(opened, card.model_dump(), card.sha256)
    for row in opened.read("kinds").to_pylist():
        unit, gone = row["unit"]["en"] if row["unit"] else "", row["state"] == analytic.RETIRED
        words = f"{row['title']['id']} / {row['title']['en']}{' (retired)' if gone else ''}"
        print(f"{row['kind']:20} {row['what']:9} {unit:10} {words}")
    print("nothing new" if version is None else f"written as version {version}")


@app.command()
def follow(
    url: Url = "http://127.0.0.1:8000",
    seconds: Annotated[int, typer.Option(min=0, help="For how long.")] = 60,
) -> None:
    """Wait until an installation sees its cameras, and show how many it sees."""
    health = client.follow(url, seconds)
    seen = health["cameras"]
    print(f"{seen['seen']} of {seen['total']} cameras seen, data {health['age_s']} s old")


@app.command()
def summary(url: Url = "http://127.0.0.1:8000") -> None:
    """Ask an installation what each stage of the path has made; fail where one made nothing."""
    made = client.stages(url)
    for stage in made:
        print(f"{stage.name:11} {stage.figure}")
    client.require(made)


app.command()(observe)
app.command()(render)


def hung(lake: Lake, camera_id: str) -> Camera:
    """The camera as the lake has it.

    Raises:
        UnknownCamera: there is none.
    """
    known = cameras.read(lake)
    if camera_id not in known:
        remedy = f"list them with `python -m lakehouse cameras --lake {lake.root}`"
        raise UnknownCamera(camera_id, f"the lake {lake.root} has no such camera", remedy)
    return known[camera_id]


if __name__ == "__main__":
    run(app)
