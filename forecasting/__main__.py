"""`python -m forecasting VERB`: what will happen, and how well that could have been said before."""

from lakehouse.door import run as through_the_door

# isort: split
import re
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from forecasting.executor import Executor
from forecasting.foretelling.trial import Trial
from forecasting.knowing.file import read
from forecasting.knowing.frame import KEYS
from forecasting.knowing.notation import Notation
from forecasting.knowing.series import last_full_hour
from forecasting.publishing import issue, unusual
from forecasting.reporting import report
from forecasting.settings import Settings
from lakehouse import clock
from lakehouse.clock import CITY_ZONE
from lakehouse.problem import BadTime
from lakehouse.store import Lake

SETTINGS = Settings()
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

TheLake = Annotated[str, typer.Option("--lake", help="The lake's folder, or s3://…")]
At = Annotated[str | None, typer.Option(help="As at this time: RFC 3339; now by default.")]
Areas = Annotated[list[str] | None, typer.Option(help="Area ids; the city and its kecamatan by default.")]
Kinds = Annotated[
    list[str] | None, typer.Option(help="Such as traffic.flow; every forecast kind by default.")
]


@app.command()
def run(
    lake: TheLake = SETTINGS.lake,
    horizon: Annotated[str, typer.Option(help="How far: 7d, 48h.")] = "7d",
    areas: Areas = None,
    kinds: Kinds = None,
    executor: Annotated[
        Executor, typer.Option(help="In this process, or on a Ray cluster.")
    ] = SETTINGS.executor,
    at: At = None,
    scenario: Annotated[
        str, typer.Option(help="A second forecast beside the first: rain=20mm, holiday=2026-12-01 …")
    ] = "",
) -> None:
    """Forecast the running hour and the horizon behind it, and publish both forecasts and their scores."""
    began = time.monotonic()
    opened, issued_at = Lake.open(lake), last_full_hour(_instant(at))
    wanted = issue.orders(
        opened,
        issued_at,
        _hours(horizon) + 1,
        kinds=_several(kinds),
        areas=_several(areas),
        prophets=SETTINGS.prophets,
        scenario=scenario,
    )
    local = issued_at.astimezone(CITY_ZONE).strftime("%Y-%m-%d %H:%M")
    print(unusual.tell(opened, issued_at))
    for kind in issue.retired(opened, _several(kinds)):
        print(f"left out {kind}: it is retired, no analytic of this installation makes it")
    if not wanted:
        print(f"forecast nothing more: what was known until {local} has been forecast")
        return
    rows = 0
    for number, done in enumerate(issue.run(opened, wanted, executor), 1):
        print(f"{number}/{len(wanted)} {done}" if number <= len(wanted) else done, flush=True)
        rows += done.rows["forecasts"].num_rows if isinstance(done, issue.Published) else 0
    print(f"published {rows:,} forecast hours, as known until {local}, in {time.monotonic() - began:.0f} s")


@app.command(name="unusual")
def tell_unusual(
    lake: TheLake = SETTINGS.lake,
    at: At = None,
) -> None:
    """Compare the last hours with their own forecast, and tell what is too far off to be chance, once."""
    print(unusual.tell(Lake.open(lake), last_full_hour(_instant(at))))


@app.command(name="report")
def write_report(
    out: Annotated[Path, typer.Option(help="The folder for pages and workbooks; made where there is none.")],
    lake: TheLake = SETTINGS.lake,
) -> None:
    """Write the newest forecasts as pages in both languages, with a workbook beside each, and an index."""
    pages = report.write(Lake.open(lake), out)
    print(f"wrote {len(pages)} pages: {pages[-1]}")


@app.command()
def backtest(  # noqa: PLR0913, PLR0917 - each is an option of the command
    source: Annotated[Path, typer.Option("--input", help="Parquet or CSV: unique_id, ds, y and more.")],
    freq: Annotated[str, typer.Option(help="h, D, MS or QS.")],
    horizon: Annotated[int, typer.Option(min=1, help="Steps.")],
    out: Annotated[Path, typer.Option(help="Parquet to write: a row a forecast.")],
    cutoffs: Annotated[int, typer.Option(min=1, help="Origins of the past.")] = 3,
    step: Annotated[
        int | None, typer.Option(min=1, help="Steps between them; by default as the frequency has it.")
    ] = None,
    models: Annotated[
        str, typer.Option(help="Of base, boosted, smoothing, prophet, naive; by default what suits.")
    ] = "",
    future: Annotated[str, typer.Option(help="Columns known beforehand, with commas.")] = "",
    static: Annotated[str, typer.Option(help="Columns that say something of a series, with commas.")] = "",
    holidays: Annotated[str, typer.Option(help="A country's holidays, such as ID or AU-VIC.")] = "",
    dates: Annotated[
        str, typer.Option(help="How dates are written in text: DD/MM/YYYY; by default 2026-01-31.")
    ] = "",
    decimal: Annotated[str, typer.Option(help="The decimal sign of numbers in text, . or , alone.")] = "",
) -> None:
    """Forecast a file's own past from several origins, print how good that was, and write it down.

    What cannot be read in one way is refused with its column, first value and number; all else that is not
    taken just as it was given is told.
    """
    named = {"models": models, "future": future, "static": static}
    columns = {name: tuple(_several([text])) for name, text in named.items()}
    trial = Trial(
        freq, horizon, cutoffs, step, holidays=holidays, notation=Notation(dates, decimal), **columns
    )
    frame = read(source, [*KEYS, *columns["future"], *columns["static"]])
    done = trial.run(frame, lambda line: print(line, flush=True))
    done.write(out)
    print(done)


def _several(values: list[str] | None) -> list[str]:
    """Options may be repeated or written with commas."""
    return [part.strip() for value in values or [] for part in value.split(",") if part.strip()]


def _hours(text: str) -> int:
    found = re.fullmatch(r"([1-9]\d{0,3})([hd])", text)
    if not found:
        raise BadTime(text, "a horizon is a number of hours or days", "write 48h or 7d")
    return int(found[1]) * (24 if found[2] == "d" else 1)


def _instant(text: str | None) -> datetime:
    if text is None:
        return clock.now()
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise BadTime(text, "it is not a date and time", "write 2026-11-23T10:00:00+07:00") from error
    if at.tzinfo is None:
        raise BadTime(text, "it has no offset", "write 2026-11-23T10:00:00+07:00")
    return at


if __name__ == "__main__":
    through_the_door(app)
