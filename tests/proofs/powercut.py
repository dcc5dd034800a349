"""The power cut: a lake on an ext4 image, copied as it lies on the disk while its writers stand still.

What the mounted file system has not yet written is not in the copy, as after a cut. The copy is mounted,
its journal is replayed, and every batch that was acknowledged by then must be in the lake, once. It needs
root and loop devices. Run `make powercut`.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import figures
import lives
import numpy as np
import roles
import typer
import writers
from ledger import Journal, Ledger
from lives import Death, Life
from roles import Site

from batch.compacting.compact import compact
from lakehouse import milestones
from lakehouse.log import checkpoints, commits
from lakehouse.store import Lake
from lakehouse.tables import TABLES

IMAGE_BYTES = 2**30
"""Much more than the reserve that a lake leaves alone; almost all of it is a hole."""

NEAR_S = 0.5
"""So soon after a step of a checkpoint a cut counts as one at a checkpoint."""

MOUNTS = {
    "as mounted by default": "data=ordered,commit=5",
    "harsh": "data=writeback,noauto_da_alloc,commit=1",
}
"""The journal is committed every 5 s (1 s); harsh: names may become durable long before what they name."""

WRITERS = {
    "producer": (3, roles.produce),
    "compactor": (2, roles.take_in),
    "recluster": (1, roles.put_in_order),
    "vacuum": (1, roles.sweep),
}
POINTS = ("checkpoint: due", "checkpoint: written", "checkpoint: durable", "commit: ", "")
"""Where writers are told to stop; the last one means anywhere."""

CUTS_OF_A_DISK = 9
PATIENCE_S = 10
CHECKPOINT_EVERY = 5
NEVER = Death()


def obstacle() -> str | None:
    """Why power cannot be cut here; None where it can."""
    if os.geteuid():
        return "it takes root to mount an image"
    if not (shutil.which("mkfs.ext4") and Path("/dev/loop-control").exists()):
        return "it takes mkfs.ext4 and loop devices"
    return None


@dataclass(frozen=True)
class Machine:
    """An image of a disk, and where it is mounted."""

    image: Path
    place: Path
    options: str

    @contextmanager
    def running(self) -> Iterator[Path]:
        """Mount the image; yield the folder."""
        self.place.mkdir(exist_ok=True)
        _run("mount", "-o", f"loop,{self.options}", self.image, self.place)
        try:
            yield self.place
        finally:
            _run("umount", self.place)

    @classmethod
    def new(cls, folder: Path, options: str) -> "Machine":
        """An empty disk."""
        image = folder / "disk"
        image.unlink(missing_ok=True)
        with image.open("xb") as file:
            file.truncate(IMAGE_BYTES)
        _run("mkfs.ext4", "-q", "-F", image)
        return cls(image, folder / "mounted", options)

    def cut(self, folder: Path) -> "Machine":
        """The disk as it lies there at one moment: copied again if the kernel wrote to it meanwhile."""
        copy = folder / "copy"
        while True:
            before = self._written()
            _run("cp", "--sparse=always", self.image, copy)
            if before == self._written():
                return Machine(copy, folder / "after", self.options)

    def _written(self) -> tuple[str, ...]:
        """How much was ever written to the device, and how much is being written now."""
        device = _run("losetup", "--noheadings", "--output", "NAME", "--associated", self.image).split()[0]
        told = Path("/sys/block", Path(device).name, "stat").read_text().split()
        return told[4], told[6], told[8]


def _run(*words: object) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{words}: {done.stderr}")
    return done.stdout


def sync_nothing() -> None:
    """Take every fsync out."""
    os.fsync = lambda _: None


def sync_no_commit() -> None:
    """Take the syncs of commits out, and leave those of segments and data files."""
    commits.make_durable = lambda _: None


CONTROLS = {"nothing is synced": sync_nothing, "commits are not synced": sync_no_commit}


@dataclass
class Cuts:
    """A number of cuts of one machine, and what was found after each."""

    folder: Path
    options: str
    seed: int
    weaken: Callable[[], None] = lambda: None
    site: Site = field(init=False)
    writers: dict[int, Life] = field(default_factory=dict)
    violations: list[list[str]] = field(default_factory=list)
    distances_s: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    healed: int = 0
    _born: int = 0
    _checkpoint_at: float = -1e9

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.halt = self.folder / "halt"
        self.site = Site(
            str(self.folder / "mounted" / "lake"),
            Ledger(self.folder / "ledger"),
            Journal(self.folder / "reports"),
            boxes=30,
        )

    @property
    def all_violations(self) -> list[str]:
        """What was wrong after any cut, and what writers failed of."""
        return [text for found in self.violations for text in found] + self.failures

    def run(self, number: int) -> None:
        """Cut so many times: at a named point, soon after one, or at any moment."""
        machine = Machine.new(self.folder, self.options)
        with machine.running():
            self._alone(partial(roles.create, self.site, self.rng))
            os.sync()
            for _ in range(number):
                self._await_moment()
                self._look_after(machine)
                self._signal(signal.SIGCONT)
            self._end()

    def _await_moment(self) -> None:
        """Let the writers write on; then stop them all, mostly once one has stopped where it was told."""
        self._write_for(self.rng.uniform(0.2, 1.0))
        point = str(self.rng.choice(POINTS))
        if point:
            self.halt.write_text(point)
            self._write_for(PATIENCE_S, until=lambda: any("halted" in entry for entry in self._hear()))
            self.halt.unlink()
            self._write_for(self.rng.choice([0, self.rng.uniform(0, NEAR_S)]))
        self._signal(signal.SIGSTOP)
        while not all(_stands_still(pid) for pid in self.writers):
            time.sleep(0.001)
        self._hear()
        self.distances_s.append(time.monotonic() - self._checkpoint_at)

    def _write_for(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and not until():
            self._top_up()
            time.sleep(0.002)

    def _hear(self) -> list[dict[str, Any]]:
        entries = self.site.reports.hear()
        moments = [entry["checkpoint"] for entry in entries if "checkpoint" in entry]
        self._checkpoint_at = max(moments, default=self._checkpoint_at)
        self.failures += [entry["error"] for entry in entries if "failed" in entry]
        return entries

    def _top_up(self) -> None:
        for pid in [*self.writers]:
            if os.waitpid(pid, os.WNOHANG)[0]:
                del self.writers[pid]
        alive = Counter(life.role for life in self.writers.values())
        for role, (number, work) in WRITERS.items():
            for _ in range(number - alive[role]):
                self._bear(role, work)

    def _bear(self, role: str, work: Callable[[Site, np.random.Generator], None]) -> None:
        self._born += 1
        rng = np.random.default_rng([self.seed, self._born])

        def write() -> None:
            checkpoints.EVERY = CHECKPOINT_EVERY
            self.weaken()
            milestones.watchers.append(self._watch)
            work(self.site, rng)

        life = lives.begin(role, write, NEVER, self.site.reports.say)
        self.writers[life.pid] = life

    def _watch(self, point: str) -> None:
        """Tell of a checkpoint's steps, and stand still where it was asked for."""
        if point.startswith("checkpoint"):
            self.site.reports.say(checkpoint=time.monotonic())
        asked = self._asked()
        if asked and point.startswith(asked):
            self.site.reports.say(halted=point)
            os.kill(os.getpid(), signal.SIGSTOP)

    def _asked(self) -> str:
        """Where to stand still, if anywhere: the file may be taken away or be empty while it is read."""
        try:
            return self.halt.read_text()
        except FileNotFoundError:
            return ""

    def _signal(self, number: int) -> None:
        for pid in self.writers:
            os.kill(pid, number)

    def _look_after(self, machine: Machine) -> None:
        """Look what is left after a cut."""
        after, failed = machine.cut(self.folder), len(self.failures)
        with after.running() as place:
            self._alone(partial(look, replace(self.site, root=str(place / "lake"))))
        after.image.unlink()
        looked = self._hear()
        found = [f"does not open: {error.splitlines()[-1]}" for error in self.failures[failed:]]
        del self.failures[failed:]
        self.violations.append([*found, *(text for entry in looked for text in entry.get("violations", []))])
        self.healed += sum(entry.get("healed", 0) for entry in looked)

    def _end(self) -> None:
        self._signal(signal.SIGKILL)
        for pid in self.writers:
            os.waitpid(pid, 0)

    def _alone(self, work: Callable[[], None]) -> None:
        life = lives.begin("alone", work, NEVER, self.site.reports.say)
        os.waitpid(life.pid, 0)


def look(site: Site) -> None:
    """Open a lake after a cut, read it, compact it, read it again; report what is not as it was told."""
    lake = Lake.open(site.root)
    healed = sum(len((lake.folder(name) / "_delta_log" / "damaged").names()) for name in TABLES)
    wrong = [*writers.wrong(lake), *roles.audits(site, fresh=True)]
    compact(lake)
    wrong += [*writers.wrong(lake), *roles.audits(site, fresh=False), *roles.left_in_landing(lake)]
    site.reports.say(violations=wrong, healed=healed)


def _stands_still(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "TZ"


def main(
    cuts: Annotated[int, typer.Option(help="So many.")] = 50,
    control_cuts: Annotated[int, typer.Option(help="So many where something is not synced.")] = 5,
    seed: Annotated[int, typer.Option(help="Of when it is cut; moments differ all the same.")] = 7,
    write: Annotated[Path | None, typer.Option(help="The page that the figures are put into.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Where the images lie; by default in memory.")] = None,
) -> None:
    """Cut a lake's power, and that of one whose writers do not sync."""
    reason = obstacle()
    if reason:
        figures.progress(f"SKIPPED: {reason}")
        sys.exit(0)
    with tempfile.TemporaryDirectory(prefix="powercut-", dir=_memory()) as made:
        place = folder or Path(made)
        held = {name: _cut(place, seed, name, cuts // len(MOUNTS)) for name in MOUNTS}
        figures.show("powercut", {"seed": str(seed), **_told(held)}, write)
        control = {name: _cut(place, seed, "harsh", control_cuts, how) for name, how in CONTROLS.items()}
        figures.show("without syncing", {"seed": str(seed), **_told_of_control(control)}, write)
    bad = [text for all_of in held.values() for one in all_of for text in one.all_violations]
    bad += [
        f"{name}: nothing was lost, so this proves nothing"
        for name, all_of in control.items()
        if not _hurt(all_of)
    ]
    for text in bad[:20]:
        figures.progress(text)
    sys.exit(bool(bad))


def _memory() -> Path | None:
    """Where files are kept in memory: copying an image there takes no time."""
    memory = Path("/dev", "shm")
    return memory if memory.is_dir() else None


def _cut(
    place: Path, seed: int, mount: str, number: int, weaken: Callable[[], None] = lambda: None
) -> list[Cuts]:
    """Cut so many times, with a new disk now and then."""
    done: list[Cuts] = []
    for first in range(0, number, CUTS_OF_A_DISK):
        one = Cuts(Path(tempfile.mkdtemp(dir=place)), MOUNTS[mount], seed + first, weaken)
        one.run(min(CUTS_OF_A_DISK, number - first))
        done.append(one)
        figures.progress(f"{first + len(one.violations)} cuts {mount}: {_hurt(done)} with violations")
    return done


def _hurt(done: list[Cuts]) -> int:
    """After how many cuts something was wrong."""
    return sum(bool(found) for one in done for found in one.violations)


def _told(held: Mapping[str, list[Cuts]]) -> dict[str, object]:
    done = [one for all_of in held.values() for one in all_of]
    books = [one.site.ledger.read() for one in done]
    wrong = Counter(text.split(":")[0] for one in done for text in one.all_violations)
    distances = [far for one in done for far in one.distances_s]
    cuts = {name: sum(len(one.violations) for one in all_of) for name, all_of in held.items()}
    return {
        "cuts": ", ".join(f"{number} {name} ({MOUNTS[name]})" for name, number in cuts.items()),
        f"of them within {NEAR_S} s of a step of a checkpoint": sum(far <= NEAR_S for far in distances),
        "acknowledged batches": sum(len(book.acknowledged) for book in books),
        "acknowledged rows": sum(book.rows for book in books),
        "damaged checkpoints that opening set aside": sum(one.healed for one in done),
        "lakes that did not open": wrong["does not open"],
        "shares lost": wrong["lost"],
        "shares twice": wrong["twice"],
        "other violations": sum(wrong.values()) - wrong["does not open"] - wrong["lost"] - wrong["twice"],
    }


def _told_of_control(control: Mapping[str, list[Cuts]]) -> dict[str, object]:
    hurt = {
        name: f"{_hurt(done)} of {sum(len(one.violations) for one in done)} cuts"
        for name, done in control.items()
    }
    return {f"{name}: something was lost, or did not open, after": cuts for name, cuts in hurt.items()}


if __name__ == "__main__":
    typer.run(main)
