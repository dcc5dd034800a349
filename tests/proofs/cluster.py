"""Kills on a Ray cluster: of the driver of a compaction, and of the workers that write its shards."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import lives
import numpy as np
import psutil
import roles
from lives import HOUSE, Death, Life
from objectstore import free_port
from roles import Site

from batch.compacting.compact import compact
from batch.executor import Executor
from lakehouse.store import Lake
from lakehouse.tables import LANDED

POINTS = [f"compact: {table} committed" for table in LANDED]
PACE_S = 1
"""Between the births of two producers."""

LONGEST_S = 180
"""A driver that lives longer than this hangs."""


@contextmanager
def started(folder: Path) -> Iterator[psutil.Process]:
    """A cluster of this machine alone, in the environment that drivers read; yield its head."""
    port, variables = free_port(), {"RAY_TMPDIR": str(folder), "RAY_USAGE_STATS_ENABLED": "0"}
    variables |= {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": "storm" * 8,
        "PYTHONPATH": f"{HOUSE}:{os.environ.get('PYTHONPATH', '')}",
    }
    words = (
        f"{Path(sys.executable).parent}/ray start --head --block --port {port} --num-cpus 2"
        f" --object-store-memory 100000000 --include-dashboard false --temp-dir {folder}"
    )
    os.environ |= variables
    os.environ.pop("RAY_ADDRESS", None)
    head = _head(words.split(), folder / "start.log")
    os.environ["RAY_ADDRESS"] = f"127.0.0.1:{port}"
    try:
        yield psutil.Process(head.pid)
    finally:
        head.terminate()
        head.wait(60)


def _head(words: list[str], log: Path) -> subprocess.Popen[bytes]:
    """The head, up and running; on a busy machine Ray gives up after 30 s, and is tried again."""
    for _ in range(5):
        with log.open("w") as file:
            head = subprocess.Popen(words, stdout=file, stderr=file, cwd=HOUSE)
        while head.poll() is None:
            if "Ray runtime started" in log.read_text():
                return head
            time.sleep(0.2)
    raise SystemExit(f"Ray does not start: {log.read_text()[-2000:]}")


def drive(site: Site, _: np.random.Generator) -> None:
    """Compact as Ray Data tasks, in small shards."""
    for _ in range(3):
        compact(Lake.open(site.root), Executor.RAY, shard_bytes=20_000)


@dataclass
class RayStorm:
    """Producers at work, and a driver at a time, which is killed or loses a worker."""

    site: Site
    kills: int
    seed: int
    killed: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)
    producers: dict[int, Life] = field(default_factory=dict)
    drivers: int = 0
    next_at: float = 0.0

    def run(self, head: psutil.Process) -> None:
        """Kill a driver and a worker in turn; then take in what is left, and compare."""
        self.rng = np.random.default_rng(self.seed)
        self._alone(roles.create)
        while sum(self.killed.values()) < self.kills and not self.violations:
            self._one_driver(head, kill_worker=self.killed["driver"] > self.killed["worker"])
        while self.producers:
            self._top_up(0)
            time.sleep(0.01)
        self._alone(roles.close)

    def _one_driver(self, head: psutil.Process, *, kill_worker: bool) -> None:
        """Let a driver live; end it, or a worker of it, unless it is faster."""
        self.drivers += 1
        death = (
            Death()
            if kill_worker or self.rng.random() < 0.5
            else Death(frozenset([str(self.rng.choice(POINTS))]))
        )
        life = self._begin("driver", drive, death)
        ends = time.monotonic() + LONGEST_S
        while True:
            self._top_up(2)
            pid, status = os.waitpid(life.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > ends:
                self.violations.append("hangs: a driver")
                ends = float("inf")
                os.kill(life.pid, signal.SIGKILL)
            busy = _busy(head)
            if busy and kill_worker:
                busy[0].kill()
                self.killed["worker"] += 1
                kill_worker = False
            elif busy and not death.points and self.killed["driver"] <= self.killed["worker"]:
                time.sleep(self.rng.uniform(0, 0.5))
                os.kill(life.pid, signal.SIGKILL)
            time.sleep(0.01)
        self.killed["driver"] += os.WIFSIGNALED(status)
        self._hear()

    def _top_up(self, number: int) -> None:
        for pid in [*self.producers]:
            if os.waitpid(pid, os.WNOHANG)[0]:
                del self.producers[pid]
        if len(self.producers) < number and time.monotonic() > self.next_at:
            self.next_at = time.monotonic() + PACE_S
            life = self._begin("producer", roles.produce, Death())
            self.producers[life.pid] = life

    def _begin(self, role: str, work: Callable[[Site, np.random.Generator], None], death: Death) -> Life:
        rng = np.random.default_rng(self.rng.integers(1 << 31))
        return lives.begin(role, lambda: work(self.site, rng), death, self.site.reports.say)

    def _alone(self, work: Callable[[Site, np.random.Generator], None]) -> None:
        os.waitpid(self._begin("alone", work, Death()).pid, 0)
        self._hear()

    def _hear(self) -> None:
        for entry in self.site.reports.hear():
            if "failed" in entry:
                self.violations.append(f"failed: a {entry['failed']}: {entry['error']}")
            self.violations += entry.get("violations", [])
            self.counted.update(entry.get("kinds", {}))

    def figures(self) -> Mapping[str, object]:
        """What is told of it at the end."""
        book = self.site.ledger.read()
        return {
            "seed": str(self.seed),
            "drivers": self.drivers,
            "of them killed": self.killed["driver"],
            "workers killed while they wrote": self.killed["worker"],
            "acknowledged batches": len(book.acknowledged),
            "acknowledged rows": book.rows,
            "shares lost": self.counted["lost"],
            "shares twice": self.counted["twice"],
            "other violations": sum(not text.startswith(("lost", "twice")) for text in self.violations),
        }


def _busy(head: psutil.Process) -> list[psutil.Process]:
    """The cluster's workers that are writing a shard."""
    found = []
    for one in head.children(recursive=True):
        try:
            title = "".join(one.cmdline())
        except psutil.Error:
            continue
        if title.startswith("ray::Map"):
            found.append(one)
    return found


def storm(site: Site, folder: Path, kills: int, seed: int) -> RayStorm:
    """Let a storm pass over a lake that a new cluster compacts; the cluster's files lie in a folder."""
    folder.mkdir()
    made = RayStorm(site, kills, seed)
    with started(folder) as head:
        made.run(head)
    return made
