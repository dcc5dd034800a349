"""Lives: forked processes, each doomed to die at a named point, at a random moment, or not at all."""

import os
import re
import signal
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from deltalake import DeltaTable

from lakehouse import milestones
from lakehouse.places.bucket import Bucket
from lakehouse.places.disk import Disk

HOUSE = Path(__file__).parents[2]
_REACHED = re.compile(r"""\breach\(\s*(f?)(["'])(?P<point>.+?)\2""")
_BLANK = re.compile(r"\\?\{.+?\\?\}")

STEPS = {
    os: ("fsync",),
    Path: ("rename", "unlink"),
    Disk: ("create", "claim", "move", "sync"),
    Bucket: ("create", "claim", "move", "remove"),
    DeltaTable: ("create_write_transaction", "create_checkpoint"),
}
"""Steps of any job that are points to die at too, before and after each."""


def named_points(*rooms: str) -> set[str]:
    """Every point that the source of these rooms names; {…} stands for what is only known as it runs."""
    sources = [path.read_text() for room in rooms for path in (HOUSE / room).rglob("*.py")]
    return {match["point"] for source in sources for match in _REACHED.finditer(source)}


def is_of(point: str, named: str) -> bool:
    """Whether a point that was passed is the one that the source names."""
    return bool(re.fullmatch(_BLANK.sub(".+", re.escape(named)), point))


def watch_steps() -> None:
    """Make the steps of this process points of their own, such as `before fsync`."""
    for owner, names in STEPS.items():
        for name in names:
            setattr(owner, name, _watched(getattr(owner, name), name))


def _watched(real: Callable[..., object], name: str) -> Callable[..., object]:
    def step(*given: object, **options: object) -> object:
        milestones.reach(f"before {name}")
        done = real(*given, **options)
        milestones.reach(f"after {name}")
        return done

    return step


@dataclass(frozen=True)
class Death:
    """How a life ends early: at the n-th pass of one of some points, or after some seconds, or not at all."""

    points: frozenset[str] = frozenset()
    nth: int = 1
    after_s: float | None = None


@dataclass
class Life:
    """A process of ours, and how it is meant to end."""

    role: str
    pid: int
    death: Death
    began: float
    killed: bool = False

    def kill_if_due(self) -> None:
        """Kill it once its seconds are over."""
        after = self.death.after_s
        if after is not None and not self.killed and time.monotonic() - self.began >= after:
            os.kill(self.pid, signal.SIGKILL)
            self.killed = True


def begin(role: str, work: Callable[[], None], death: Death, say: Callable[..., None]) -> Life:
    """Fork a process that does the work and dies its death; `say` hears of its failure, or where it dies.

    It may be called only in a process that has never used delta-rs, which does not survive a fork.
    """
    began = time.monotonic()
    pid = os.fork()
    if pid:
        return Life(role, pid, death, began)
    try:
        watch_steps()
        milestones.watchers.append(_executioner(role, death, say))
        work()
    except BaseException:  # noqa: BLE001 - the end of a process: whatever it was is told
        say(failed=role, error=traceback.format_exc())
        os._exit(1)
    os._exit(0)


def _executioner(role: str, death: Death, say: Callable[..., None]) -> Callable[[str], None]:
    passes = count(1)

    def watch(point: str) -> None:
        if point in death.points and next(passes) == death.nth:
            say(died=point, role=role)
            os.kill(os.getpid(), signal.SIGKILL)

    return watch
