"""`make bench-lake`: how fast the lake is, how small and how much memory it takes, against its peers.

Every figure is CPU time (user and system) of a process of its own, or a ratio of two that were measured in
turns on the same machine; medians of several rounds. See docs/proofs/lake-bench.md.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from table import HEAD, Line, machine

HERE = Path(__file__).parent
HOUSE = HERE.parents[1]
CITY_ROWS_S = 10_000 * 2 * 8
"""10,000 cameras, 2 frames a second, 8 boxes a frame."""

CAMERAS, PRODUCERS, BOXES, ROWS_S = 48, 4, 8, 16
DAY_S = 86_400
READS = {"camera and 2 hours": 10, "camera and day": 50, "last 5 minutes": 5, "district and hour": 3}
"""The reads that people make, and by how much compaction is to make each cheaper."""


def measured(job: str, *arguments: object) -> dict[str, float]:
    """Do a job of `contenders.py` in a process of its own."""
    words = [sys.executable, str(HERE / "contenders.py"), job, *map(json.dumps, arguments)]
    known = f"{HOUSE}:{os.environ.get('PYTHONPATH', '')}"
    environment = {**os.environ, "PYTHONPATH": known, "RAY_USAGE_STATS_ENABLED": "0"}
    environment |= {"OMP_NUM_THREADS": "1", "RAY_ADDRESS": ""}
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=HOUSE, env=environment)
    if done.returncode:
        raise RuntimeError(f"{job}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


class Bench:
    """A benchmark in a folder of its own."""

    def __init__(self, place: Path, rows: int, rounds: int) -> None:
        self.place = place
        self.rows = rows
        self.rounds = rounds
        self.lines: list[Line] = []

    def say(self, what: str, value: str, goal: str = "", *, holds: bool | None = None) -> None:
        """Add a line, and print it."""
        self.lines.append(Line(what, value, goal, holds))
        print(self.lines[-1], flush=True)

    def append(self) -> None:
        """A durable append against `write_deltalake`."""
        found = measured("append", str(self.place / "append"), min(self.rows // 20_000, 200))
        ratio = found["peer"] / found["ours"]
        each = f"{found['ours'] * 1e3:.2f} ms, durable; {found['peer'] * 1e3:.1f} ms, not durable"
        what = "append of 2,000 rows, CPU: `write_deltalake` over ours"
        self.say(what, f"{ratio:.1f} x ({each})", "at least 10 x", holds=ratio >= 10)

    def compaction(self) -> None:
        """Compaction against its peers and its floor, on Ray, and its memory."""
        seconds = max(self.rows // (CAMERAS * ROWS_S), 60)
        landed = self._landed("segments", seconds, 2.0)
        rates: dict[str, list[float]] = {"ours": [], "floor": [], "duckdb": [], "delta": []}
        for _ in range(self.rounds):
            for name, found in rates.items():
                found.append(_rate(self._on_copy(name, landed)))
        ours, floor, duck, delta = (statistics.median(found) for found in rates.values())
        self.say("compaction, million rows per CPU-second", f"{ours:.2f}")
        for name, rate in (("DuckDB (sort and Parquet)", duck), ("pyarrow and `write_deltalake`", delta)):
            self.say(f"… over {name}", f"{ours / rate:.1f} x ({rate:.2f})", "ahead", holds=ours > rate)
        share = ours / floor
        self.say("… over its floor", f"{share:.2f} ({floor:.2f})", "at least 0.65", holds=share >= 0.65)
        self.say("… with all that Ray itself takes", f"{_rate(self._on_copy('on_ray', landed)):.2f}")
        self.say("cores for the city's 160,000 rows/s", f"{CITY_ROWS_S / ours / 1e6:.2f}")
        parts = [self._landed(f"part-{part}", seconds // part, 2.0) for part in (4, 2)]
        sizes = [self._on_copy("ours", one) for one in (*parts, landed)]
        said = ", ".join(f"{one['peak_mib']:.0f} at {one['rows'] / 1e6:.1f} M rows" for one in sizes)
        low = max(one["peak_mib"] for one in sizes) <= 1024
        self.say("peak memory of a compaction, MiB", said, "flat, at most 1,024", holds=low)
        for one in (*parts, landed):
            shutil.rmtree(one)

    def size(self) -> None:
        """What a detection takes, compacted and reclustered."""
        lake = str(self._landed("bytes", max(min(self.rows, 4_000_000) // (CAMERAS * ROWS_S), 60), 2.0))
        for state, job in (("compacted", "ours"), ("reclustered", "settle")):
            measured(job, lake)
            found = measured("bytes_a_row", lake)
            size, velocity = found["bytes"], found["velocity"]
            value, goal = f"{size:.2f}, of them velocity {velocity:.2f}", "at most 8 and 3 for the velocity"
            low = size - velocity <= 8 and velocity <= 3
            self.say(f"bytes per tracked detection, {state}", value, goal, holds=low)

    def reads(self) -> None:
        """The four reads, before and after compaction, and after reclustering."""
        lake = str(self._landed("day", DAY_S, self.rows / (CAMERAS * BOXES * DAY_S)))
        before = measured("reads", lake, 1, 1)
        measured("ours", lake)
        after = measured("reads", lake, 0, self.rounds)
        measured("settle", lake)
        settled = measured("reads", lake, 0, self.rounds)
        for name, goal in READS.items():
            ratio = before[name] / after[name]
            times = f"{before[name] * 1e3:.0f} ms to {after[name] * 1e3:.1f} ms"
            value = f"{ratio:.0f} x ({times}; reclustered {settled[name] * 1e3:.1f} ms)"
            self.say(f"read of {name}, before over after", value, f"at least {goal} x", holds=ratio >= goal)

    def ageing(self, commits_a_day: int) -> None:
        """Opening a table after a week against after a day."""
        found = measured("ageing", str(self.place / "ageing"), 7, commits_a_day)
        ratio = found["7"] / found["1"]
        value = f"{ratio:.2f} x ({found['1'] * 1e3:.1f} ms to {found['7'] * 1e3:.1f} ms)"
        self.say("opening a table, day 7 over day 1", value, "at most 1.2 x", holds=ratio <= 1.2)

    def _landed(self, name: str, seconds: int, fps: float) -> Path:
        root = self.place / name
        measured("land", str(root), CAMERAS, seconds, fps, PRODUCERS)
        return root

    def _on_copy(self, job: str, landed: Path) -> dict[str, float]:
        """Do a job on a lake of its own with the same segments."""
        root = self.place / "copy"
        subprocess.run(["cp", "-al", landed, root], check=True)
        found = measured(job, str(root))
        shutil.rmtree(root)
        return found


def _rate(found: dict[str, float]) -> float:
    """Million rows per CPU-second."""
    return found["rows"] / found["cpu_s"] / 1e6


def main() -> None:
    """Measure, print the table, and write it into a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="observations of a lake")
    parser.add_argument("--rounds", type=int, default=3, help="of each figure that is measured in turns")
    parser.add_argument("--commits-a-day", type=int, default=144)
    parser.add_argument(
        "--place", type=Path, help="where the lakes lie meanwhile; default a temporary folder"
    )
    parser.add_argument("--write", type=Path, help="the page to write")
    told = parser.parse_args()
    print(HEAD)
    with tempfile.TemporaryDirectory(dir=told.place) as place:
        bench = Bench(Path(place), told.rows, told.rounds)
        bench.append()
        bench.compaction()
        bench.size()
        bench.reads()
        bench.ageing(told.commits_a_day)
    if told.write:
        told.write.parent.mkdir(parents=True, exist_ok=True)
        told.write.write_text(page(bench, told.commits_a_day))


def page(bench: Bench, commits_a_day: int) -> str:
    """The page of the documents that these lines make."""
    figures = {"rows": f"{bench.rows:,}", "rounds": bench.rounds, "commits": f"{commits_a_day:,}"}
    text = (HERE / "page.md").read_text()
    return text.format(machine=machine(), head=HEAD, lines="\n".join(map(str, bench.lines)), **figures)


if __name__ == "__main__":
    main()
