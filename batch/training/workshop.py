"""The verbs that make a detector; each loads torch only when it runs, because that takes seconds."""

from pathlib import Path
from typing import Annotated

import typer

from batch.training.pictures import credit
from lakehouse.scenes import LABELS

app = typer.Typer()

Out = Annotated[Path, typer.Option(help="Where the weights go, and the model that is served with its card.")]
Data = Annotated[list[Path], typer.Option(help="Folders with images/ and labels/, in each train/ and val/.")]
Start = Annotated[Path, typer.Option(help="The weights to begin with: a YOLO26n state dict.")]


@app.command()
def label(
    sources: Annotated[list[Path], typer.Argument(help="Videos, or folders of pictures.")],
    weights: Annotated[Path, typer.Option(help="The teacher: a YOLO26n state dict with COCO's classes.")],
    out: Annotated[Path, typer.Option(help="The data folder that the pictures are added to.")],
    limit: Annotated[int, typer.Option(min=5, help="At most so many a source, evenly spread.")] = 100,
    confidence: Annotated[
        float, typer.Option(min=0.05, max=0.95, help="How sure the teacher must be.")
    ] = 0.35,
    exact: Annotated[str, typer.Option(help="What the classes of label files beside the pictures are.")] = "",
    moving: Annotated[str, typer.Option(help="What all that moves in a fixed camera's video is.")] = "",
    credits_: Annotated[str, typer.Option("--credits", help="Whose pictures, and under which licence.")] = "",
) -> None:
    """Add real pictures, with a teacher's boxes, to a data folder."""
    unknown = {name for name in (*exact.split(","), moving) if name} - set(LABELS)
    if unknown:
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: use {', '.join(LABELS)}")
    from batch.training.label import label as job  # noqa: PLC0415 - torch

    job(sources, weights, out, limit=limit, confidence=confidence, exact=exact, moving=moving)
    credit(out, credits_)


@app.command()
def train(  # noqa: PLR0913, PLR0917 - a command's options
    data: Data,
    start: Start,
    out: Out,
    epochs: Annotated[int, typer.Option(min=1)] = 6,
    size: Annotated[int, typer.Option(min=64, help="The longer side of the pictures, in pixels.")] = 640,
    batch: Annotated[int, typer.Option(min=1)] = 8,
    frozen: Annotated[int, typer.Option(min=0, max=22, help="So many first layers stay as they are.")] = 5,
    rate: Annotated[float, typer.Option(min=1e-6, max=0.1, help="How fast to learn at first.")] = 5e-4,
    share: Annotated[
        float, typer.Option(min=0, max=1, help="How far to go from the start to the learnt.")
    ] = 0.75,
) -> None:
    """Teach the detector, on a GPU if there is one; write its weights, the model that is served, its card."""
    from batch.training import train as training  # noqa: PLC0415 - torch

    training.train(data, start, out, training.Course(epochs, size, batch, frozen, rate, share))


@app.command()
def ship(
    weights: Annotated[Path, typer.Option(help="What was learnt: the weights.pt of a training.")],
    start: Start,
    data: Data,
    out: Out,
    width: Annotated[int, typer.Option(min=64, help="The network's input, in pixels.")] = 640,
    height: Annotated[int, typer.Option(min=32, help="The same.")] = 384,
) -> None:
    """Score weights on what they were not taught, and write the model that is served, and its card."""
    from batch.training.ship import ship as job  # noqa: PLC0415 - torch

    job(weights, start, data, out, width=width, height=height)
