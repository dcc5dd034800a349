"""The storm: producers, compactors and rewriters at once on one lake, killed wherever a process can die.

Every batch that a producer was told to be landed must be in the tables once, and unchanged, however many
processes were killed on the way; every table must open every time. Run `make storm`.
"""

import os
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import cluster
import figures
import lives
import numpy as np
import objectstore
import typer
from deltalake import DeltaTable
from ledger import Journal, Ledger
from lives import Death, Life
from roles import ROLES, Site, close, create

from lakehouse import milestones
from lakehouse.log import checkpoints, commits
from lakehouse.log.commits import StaleSnapshotError
from lakehouse.tables import LANDED, TABLES

ROOMS = ("lakehouse", "batch", "forecasting")
ELSEWHERE = "upgrade: "
"""How points begin that no storm passes: an upgrade is alone on its lake, and killed by tests of its own."""
CHECKPOINT_EVERY = 12
ASIDE = set(TABLES) - set(LANDED)
TELL_S = 5
RANDOM = "a random moment"
LONGEST_S = 900
"""A process that lives longer than this hangs."""
SPARED = ("checker",)
UNFENCED = ("producer", "compactor", "recluster", "writer", "checker")
"""Who is at work without the fence: a vacuum would take what others commit, and no table would open."""


def _prepare(site: Site) -> None:
    """What a process of the storm changes in itself before it begins."""
    checkpoints.EVERY = CHECKPOINT_EVERY
    real = commits.commit

    def commit(snapshot: DeltaTable, *given: object, **options: object) -> int:
        if not site.fenced:
            snapshot = DeltaTable(snapshot.table_uri)
        try:
            return real(snapshot, *given, **options)
        except StaleSnapshotError:
            site.reports.say(refused=snapshot.table_uri.rpartition("/")[2])
            raise

    commits.commit = commit


@dataclass
class Storm:
    """A storm as it goes on: who is alive, who died where, and what was found."""

    site: Site
    kills: int
    rows: int
    seed: int
    everywhere: bool = True
    """Whether somebody has to die at every point that the source names."""
    roles: tuple[str, ...] = tuple(ROLES)
    lives: dict[int, Life] = field(default_factory=dict)
    sites: dict[int, Site] = field(default_factory=dict)
    born: int = 0
    deaths: Counter[tuple[str, str]] = field(default_factory=Counter)
    passed: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    guess_s: float = 2.0
    """How long a life lasts, until one was seen to its end."""
    usual_s: dict[str, float] = field(init=False)
    counted: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    landed: dict[str, int] = field(default_factory=dict)
    acknowledged: int = 0
    doomed: int = 0
    """Which doomed camera is being landed; all before it are to be forgotten, or are."""
    deleted: int = 0
    """How many deletion requests were carried out."""

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.usual_s = defaultdict(lambda: self.guess_s)
        self.named = {point for point in lives.named_points(*ROOMS) if not point.startswith(ELSEWHERE)}

    def run(self, longest_s: float = 3600) -> "Storm":
        """Let it storm until enough were killed, everywhere, and enough was landed; then compare."""
        self._alone(create)
        began = told = time.monotonic()
        while not (self._enough() or self._failed()):
            if time.monotonic() - began > longest_s:
                self.violations.append(f"unfinished: {self._missing()}")
                break
            self._turn(storming=True)
            if time.monotonic() - told > TELL_S:
                told = time.monotonic()
                self._progress(told - began)
                self.doomed = self.deleted + 1
        while self.lives:
            self._turn(storming=False)
        self._alone(close)
        self._progress(time.monotonic() - began)
        return self

    def _enough(self) -> bool:
        killed = sum(self.deaths.values()) >= self.kills and not (self.everywhere and self.unkilled)
        return killed and self.acknowledged >= self.rows

    def _failed(self) -> bool:
        return bool(self.violations if self.site.fenced else self.counted["twice"])

    @property
    def unkilled(self) -> list[str]:
        """The points of the source at which nobody has died yet, those that nobody passed too."""
        died = {point for _, point in self.deaths}
        passed = {point for points in self.passed.values() for point in points if self._counts(point)}
        unpassed = {name for name in self.named if not any(lives.is_of(point, name) for point in passed)}
        return sorted(passed - died | unpassed)

    def _counts(self, point: str) -> bool:
        """Whether somebody has to die at a point: each that the source names, for each landed table."""
        return point in self.named or (": " in point and not ASIDE.intersection(point.split()))

    def _missing(self) -> str:
        return f"{sum(self.deaths.values())} kills, {self.acknowledged} rows, none at {self.unkilled}"

    def _turn(self, *, storming: bool) -> None:
        """Bear those who are missing, kill those who are due, bury the dead, hear what was reported."""
        if storming:
            alive = Counter(life.role for life in self.lives.values())
            for role in self.roles:
                number, work = ROLES[role]
                for _ in range(number - alive[role]):
                    self._bear(role, work)
        for life in self.lives.values():
            life.kill_if_due()
            if time.monotonic() - life.began > LONGEST_S:
                os.kill(life.pid, signal.SIGKILL)
                self.violations.append(f"hangs: {life}")
        self._bury()
        self._hear()
        time.sleep(0.002)

    def _bear(self, role: str, work: Callable[[Site, np.random.Generator], None]) -> None:
        self.born += 1
        rng = np.random.default_rng([self.seed, self.born])
        boxes = self.site.boxes if self.acknowledged < self.rows else 5
        site = replace(self.site, boxes=boxes, doomed=self.doomed, deletion=self._deletion())
        self._begin(role, site, work, self._death(role), rng)

    def _deletion(self) -> int | None:
        """Which doomed camera is to be forgotten now: the next one, once nobody lands it any more."""
        landing = {self.sites[pid].doomed for pid, life in self.lives.items() if life.role == "producer"}
        return self.deleted if self.deleted < self.doomed and self.deleted not in landing else None

    def _begin(
        self,
        role: str,
        site: Site,
        work: Callable[[Site, np.random.Generator], None],
        death: Death,
        rng: np.random.Generator,
    ) -> None:
        known = set(self.passed[role])

        def tell(point: str) -> None:
            if point not in known:
                known.add(point)
                self.site.reports.say(passed=point, role=role)

        def prepared() -> None:
            _prepare(site)
            milestones.watchers.insert(0, tell)
            work(site, rng)

        life = lives.begin(role, prepared, death, self.site.reports.say)
        self.lives[life.pid], self.sites[life.pid] = life, site

    def _alone(self, work: Callable[[Site, np.random.Generator], None]) -> None:
        self._begin("alone", self.site, work, Death(), self.rng)
        while self.lives:
            self._turn(storming=False)

    def _death(self, role: str) -> Death:
        """Half of all die at the point at which fewest have died, most others at a random moment."""
        dice = self.rng.random()
        urgent = self.passed[role].intersection(self.unkilled)
        often = self._killed(role) > 0.3 * sum(self.deaths.values()) > 10 and not urgent
        if role in SPARED or often or dice < 0.1:
            return Death()
        if urgent and dice < 0.9:
            return Death(frozenset(urgent))
        if self.passed[role] and dice < 0.6:
            fewest = min(self.deaths[role, point] for point in self.passed[role])
            rare = [point for point in sorted(self.passed[role]) if self.deaths[role, point] == fewest]
            return Death(frozenset([str(self.rng.choice(rare))]), int(self.rng.choice([1, 1, 2, 3, 6])))
        return Death(after_s=self.rng.uniform(0, 1.5 * self.usual_s[role]))

    def _killed(self, role: str) -> int:
        return sum(n for (killed, _), n in self.deaths.items() if killed == role)

    def _bury(self) -> None:
        while self.lives:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            life, site = self.lives.pop(pid), self.sites.pop(pid)
            if os.WIFSIGNALED(status):
                if os.WTERMSIG(status) == signal.SIGKILL:
                    self.deaths[life.role, RANDOM] += life.killed
                    self.usual_s[life.role] *= 1.1 if life.killed else 1
                else:
                    self.violations.append(f"crashed: a {life.role} by signal {os.WTERMSIG(status)}")
            elif not os.waitstatus_to_exitcode(status):
                usual = self.usual_s[life.role]
                self.deleted += site.deletion is not None and life.role == "deletion"
                self.usual_s[life.role] = 0.8 * usual + 0.2 * (time.monotonic() - life.began)

    def _hear(self) -> None:
        for entry in self.site.reports.hear():
            if "died" in entry:
                self.deaths[entry["role"], entry["died"]] += 1
            if "passed" in entry:
                self.passed[entry["role"]].add(entry["passed"])
            if "failed" in entry:
                self.violations.append(f"failed: a {entry['failed']}: {entry['error']}")
            if "checked" in entry:
                self.counted["opened"] += entry["checked"]
                self.counted["checks"] += 1
                self.counted.update(entry["kinds"])
                self.violations += entry["violations"]
            if "refused" in entry:
                self.counted["refused"] += 1
            self.counted["versions"] += entry.get("versions", 0)
            self.landed.update(entry.get("rows", {}))

    def _progress(self, seconds: float) -> None:
        self.acknowledged = self.site.ledger.read().rows
        figures.progress(
            f"{seconds:4.0f} s: {sum(self.deaths.values()):,} kills, {self.acknowledged:,} rows acknowledged,"
            f" {self.counted['checks']} checks, {len(self.violations)} violations,"
            f" {len(self.unkilled)} points to go"
        )

    def figures(self) -> Mapping[str, object]:
        """What is told of it at the end."""
        book = self.site.ledger.read()
        at_points = {place: n for place, n in self.deaths.items() if place[1] != RANDOM}
        return {
            "seed": str(self.seed),
            "kills": sum(self.deaths.values()),
            "of them at a point": f"{sum(at_points.values())}, at {len(at_points)} points of a role",
            "points that the source names": len(self.named),
            "of them at a random moment": sum(self.deaths.values()) - sum(at_points.values()),
            "kills of each role": ", ".join(f"{role} {self._killed(role)}" for role in ROLES),
            "acknowledged batches": len(book.acknowledged),
            "acknowledged rows": book.rows,
            "deletion requests carried out": len(book.forgotten) - 1,
            "bad segments": len(book.bad),
            "batches that came too late and were landed again": len(book.late),
            "rows in the tables at the end": ", ".join(f"{name} {n:,}" for name, n in self.landed.items()),
            "commits": self.counted["versions"],
            "commits that the fence refused": self.counted["refused"],
            "checks of everything during the storm": self.counted["checks"],
            "tables opened by them": self.counted["opened"],
            "shares lost": self.counted["lost"],
            "shares twice": self.counted["twice"],
            "other violations": sum(not text.startswith(("lost", "twice")) for text in self.violations),
        }


def _site(folder: Path, boxes: int, *, fenced: bool = True, root: str | None = None) -> Site:
    folder.mkdir(parents=True)
    journals = Ledger(folder / "ledger"), Journal(folder / "reports")
    return Site(root or str(folder / "lake"), *journals, boxes, fenced)


def main(  # noqa: PLR0913 - each is an option of the command
    *,
    kills: Annotated[int, typer.Option(help="At least so many, on a disk.")] = 500,
    everywhere: Annotated[bool, typer.Option(help="One of them at every named point.")] = True,
    control_kills: Annotated[int, typer.Option(help="At most so many, without the fence.")] = 200,
    s3_kills: Annotated[int, typer.Option(help="At least so many, on an S3 server of this machine.")] = 60,
    ray_kills: Annotated[int, typer.Option(help="So many of drivers and workers of a Ray cluster.")] = 20,
    rows: Annotated[int, typer.Option(help="At least so many acknowledged rows, on a disk.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="Of who dies where; moments differ all the same.")] = 7,
    write: Annotated[Path | None, typer.Option(help="The page that the figures are put into.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Where the lakes lie; they stay there.")] = None,
) -> None:
    """Let storms pass: over a lake, one without its fence, one on S3, and one that Ray compacts."""
    failed = False

    def told(name: str, figured: Mapping[str, object], violations: list[str]) -> None:
        nonlocal failed
        failed |= bool(violations)
        figures.show(name, figured, write)
        for violation in violations[:20]:
            figures.progress(violation)

    with tempfile.TemporaryDirectory(prefix="storm-") as temporary:
        place = folder or Path(temporary)
        if kills:
            site = _site(place / "fenced", max(1, rows // kills))
            one = Storm(site, kills, rows, seed, everywhere).run()
            told("storm", one.figures(), one.violations)
        if control_kills:
            site = _site(place / "unfenced", 20, fenced=False)
            one = Storm(site, control_kills, 0, seed, everywhere=False, roles=UNFENCED).run()
            harmless = [] if one.counted["twice"] else ["nothing was twice, so the storm proves nothing"]
            told("without the fence", one.figures(), harmless)
        if s3_kills:
            with objectstore.served() as bucket:
                site = _site(place / "s3", 20, root=f"{bucket}/lake")
                one = Storm(site, s3_kills, s3_kills * 50, seed, everywhere=False, guess_s=12).run()
            told("on S3", one.figures(), one.violations)
        if ray_kills:
            on_ray = cluster.storm(_site(place / "ray", 100), place / "r", ray_kills, seed)
            told("on Ray", on_ray.figures(), on_ray.violations)
    sys.exit(failed)


if __name__ == "__main__":
    typer.run(main)
