"""`python -m lakehouse VERB`: the city and its cameras, its past, and whether the lake is as it must be."""

from lakehouse.door import run

# isort: split
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import timedelta
from getpass import getpass
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from lakehouse import registry
from lakehouse.checks import INVARIANTS, Invariant
from lakehouse.checks.overlaps import overlaps
from lakehouse.checks.standing import Item, Standing
from lakehouse.city import cameras as hung
from lakehouse.city.areas import Areas
from lakehouse.city.beginning import begin
from lakehouse.city.tree import read as read_tree
from lakehouse.city.tree import semarang
from lakehouse.clock import CITY_ZONE, instant
from lakehouse.contract import contract, lines
from lakehouse.places.secrets import Secrets
from lakehouse.problem import BadRegistry, BrokenLake
from lakehouse.repairs import Found
from lakehouse.repairs import repair as repairing
from lakehouse.settings import Settings
from lakehouse.store import Lake
from lakehouse.synthetic import City, Observed
from lakehouse.synthetic.founding import found
from lakehouse.synthetic.past import land, midnight_before, span
from lakehouse.synthetic.verdict import Verdict, compare
from lakehouse.tables import TABLES
from lakehouse.upgrades import upgrade as upgrading

SETTINGS = Settings()
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
cameras_app = typer.Typer(invoke_without_command=True)
secrets_app = typer.Typer(no_args_is_help=True, help="The passwords of cameras, kept outside of the lake.")
app.add_typer(cameras_app, name="cameras")
app.add_typer(secrets_app, name="secrets")

TheLake = Annotated[str, typer.Option("--lake", help="The lake's folder, or s3://…")]
Seed = Annotated[int, typer.Option(help="Of the synthetic city.")]
Time = Annotated[str | None, typer.Option(help="RFC 3339, such as 2026-11-23T10:00:00+07:00.")]


@app.command()
def city(lake: TheLake = SETTINGS.lake, seed: Seed = SETTINGS.seed) -> None:
    """Make a lake with the synthetic city, or bring it up to date."""
    opened = Lake.create(lake)
    for line in found(opened, City(seed), opened.now()):
        print(line)


@app.command()
def new(
    lake: Annotated[str, typer.Argument(metavar="DIR", help="The lake's folder, or s3://…")],
    areas: Annotated[
        Path | None, typer.Option(help="A tree of areas of your own, as CSV; without it, Semarang's.")
    ] = None,
) -> None:
    """Make a lake for real cameras: its areas and its calendar, and nothing synthetic."""
    tree = semarang() if areas is None else read_tree(areas)
    for line in begin(Lake.create(lake), tree):
        print(line)
    print(f"next: python -m lakehouse cameras import LIST.csv --lake {lake}")


@app.command()
def history(
    observed: Annotated[Path, typer.Option(help="The model card whose weights would have seen it.")],
    lake: TheLake = SETTINGS.lake,
    hours: Annotated[float, typer.Option(min=0, max=24 * 31, help="From the local midnight before.")] = 48,
    seed: Seed = SETTINGS.seed,
) -> None:
    """Land the last hours as the synthetic cameras would have seen them, once."""
    opened = Lake.open(lake)
    now = opened.now()
    wanted = span(opened, midnight_before(now, hours), now)
    if wanted is None:
        print("history   nothing: the lake has its past")
        return
    receipt, measures = land(opened, City(seed), Observed.read(observed), *wanted)
    first, last = (at.astimezone(CITY_ZONE).strftime("%Y-%m-%d %H:%M") for at in wanted)
    print(
        f"history   {measures:,} measures from {first} to {last} in {receipt.bytes / 1e6:.1f} MB, synthetic"
    )


@app.command()
def truth(
    lake: TheLake = SETTINGS.lake,
    since: Time = None,
    until: Time = None,
    at_least: Annotated[float, typer.Option(min=0, max=1, help="Fail below this share of cameras.")] = 0,
    seed: Seed = SETTINGS.seed,
) -> None:
    """Compare what came from pixels with what was there; by default over the last day.

    A camera is within 30 % when the mean of each of its kinds, over the minutes of which at least 90 %
    was seen, is within 30 % of the truth's mean, or within one unit a minute where counts are tiny.
    """
    opened = Lake.open(lake)
    stop = instant(until) if until else opened.now()
    start = instant(since) if since else stop - timedelta(days=1)
    verdict = compare(opened, City(seed), start, stop)
    _show(verdict)
    if verdict.share < at_least:
        raise typer.Exit(1)


def _show(verdict: Verdict) -> None:
    print(f"{'camera':18} {'kind':16} {'minutes':>7} {'measured':>9} {'truth':>9} {'ratio':>6}")
    for row in verdict.comparisons:
        mark = "" if row.holds else "  off"
        print(
            f"{row.camera_id:18} {row.kind:16} {row.minutes:7} {row.measured:9.2f} {row.truth:9.2f} "
            f"{row.ratio:6.2f}{mark}"
        )
    up = len(verdict.cameras) - len(verdict.down)
    down = f" ({len(verdict.down)} down: {', '.join(verdict.down)})" if verdict.down else ""
    print(f"{len(verdict.good)} of {up} cameras within 30 %{down}")


@app.command()
def check(
    lake: TheLake = SETTINGS.lake,
    *,
    deep: Annotated[bool, typer.Option("--deep", help="Read every column, and every commit too.")] = False,
) -> None:
    """Find out whether the lake is as it must be, also while others write; fail on the first broken rule.

    Cameras that several watched at once are told, and break no rule.
    """
    standing = Standing(Lake.as_is(lake), deep, _followed)
    print(f"{'rule':42} {'looked at':36} verdict")
    for invariant in INVARIANTS:
        if deep or not invariant.deep:
            print(f"{invariant.rule:42} {_looked_at(invariant, standing):36} holds")
    for line in overlaps(standing):
        print(f"notice: {line}")


def _looked_at(invariant: Invariant, standing: Standing) -> str:
    try:
        return invariant.look(standing)
    except BrokenLake:
        print(f"{invariant.rule:42} {'':36} broken")
        raise


@app.command()
def repair(
    lake: TheLake = SETTINGS.lake,
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; else nothing is written.")] = False,
    accept_loss: Annotated[
        bool, typer.Option("--accept-loss", help="Also what gives rows up for good.")
    ] = False,
    deep: Annotated[bool, typer.Option("--deep", help="Read every column, and every commit too.")] = False,
) -> None:
    """Say what is broken in a lake and what would mend it; with --apply do so, also while others write."""
    found = []
    for one in repairing(Lake.as_is(lake), apply=apply, accept_loss=accept_loss, deep=deep, follow=_followed):
        found.append(one)
        loses = f"\n  gives up {one.mend.loses}" if one.mend.loses else ""
        print(
            f"{one.rule}\n  {one.mend.broken}\n  {_verb(one, apply=apply)}{one.mend.remedy}{loses}",
            flush=True,
        )
    left = [one for one in found if not one.done]
    print(f"{len(found)} found, {len(found) - len(left)} mended, {len(left)} left")
    if left:
        raise typer.Exit(1)


def _verb(one: Found, *, apply: bool) -> str:
    if one.done:
        return "done: "
    if one.mend.do is None:
        return "cannot be mended here: "
    return "left, without --accept-loss: " if apply else "with --apply: "


def _followed(items: Sequence[Item], label: str) -> Iterable[Item]:
    return tqdm(items, label, leave=False, delay=0.5, mininterval=0.5)


@app.command()
def upgrade(
    lake: TheLake = SETTINGS.lake,
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; else it is only told.")] = False,
) -> None:
    """Bring a lake that an older version made to the format of this one; may be run again after a kill."""
    for line in upgrading.upgrade(lake, apply=apply):
        print(line, flush=True)


@app.command()
def areas(lake: TheLake = SETTINGS.lake, level: str = "kecamatan") -> None:
    """List the areas of a level: city, kecamatan, kelurahan, rw, rt or camera."""
    for area in Areas.read(Lake.open(lake)).at_level(level):
        print(f"{area.area_id:28} {area.name}")


@cameras_app.callback()
def cameras(context: typer.Context, lake: TheLake = SETTINGS.lake) -> None:
    """List the cameras, their areas, owners and sources; or import them."""
    context.default_map = {"import": {"lake": lake}, "remove": {"lake": lake}}
    if context.invoked_subcommand is None:
        for camera_id, camera in sorted(hung.read(Lake.open(lake)).items()):
            print(f"{camera_id:22} {camera.area_id:14} {camera.owner:22} {camera.source:24} {camera.name}")


@cameras_app.command("import")
def import_cameras(
    file: Annotated[Path, typer.Argument(help="CSV or GeoJSON; columns in the README.")],
    lake: TheLake = SETTINGS.lake,
    owner: Annotated[str, typer.Option(help="Of the cameras of which the file names none.")] = "unknown",
    *,
    partial: Annotated[
        bool, typer.Option("--partial", help="Import the good rows, if some are bad.")
    ] = False,
) -> None:
    """Hang the cameras of a list, or change them; nothing is imported if a row is bad."""
    opened = Lake.open(lake)
    made = registry.plan(opened, file, owner)
    for where, reason in made.rejected:
        print(f"{where}: {reason}")
    if made.rejected and not partial:
        rule = f"{len(made.rejected):,} of its rows cannot be imported, so nothing was"
        raise BadRegistry(str(file), rule, "correct them, or import the rest with --partial")
    changed = registry.carry_out(made, opened, Secrets.of_settings())
    rejected = f", {len(made.rejected):,} rejected" if made.rejected else ""
    print(f"{len(made.cameras):,} cameras imported, {changed:,} of them new or changed{rejected}")


@cameras_app.command("remove")
def remove_cameras(
    camera_ids: Annotated[list[str], typer.Argument(metavar="ID...")], lake: TheLake = SETTINGS.lake
) -> None:
    """Take cameras down: they are watched and expected no more, and what they saw stays."""
    print(f"{hung.remove(Lake.open(lake), camera_ids):,} cameras removed; a new import hangs one again")


@secrets_app.command("set")
def set_secret(name: Annotated[str, typer.Argument(help="Such as a camera's id.")]) -> None:
    """Keep a secret, from stdin or asked for: user:password, as it stands in the address (%40 for an @)."""
    secret = getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.readline()
    kept = Secrets.of_settings()
    kept.put({name: secret.rstrip("\r\n")})
    print(f"{{secret:{name}}} is kept in {kept.path}")


@secrets_app.command("list")
def list_secrets() -> None:
    """List the names of the secrets that are kept on this machine."""
    for name in Secrets.of_settings().names():
        print(name)


@app.command()
def tables(*, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Print every table: its columns with their units, its key, how it lies on the disk, and its writer."""
    if as_json:
        print(json.dumps([contract(table) for table in TABLES.values()], indent=1))
        return
    for table in TABLES.values():
        print("", *lines(table), sep="\n")


if __name__ == "__main__":
    run(app)
