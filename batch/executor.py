"""Where a job's shards run: one after the other in this process, or as Ray Data tasks on a cluster."""

import os
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TypeVar

from lakehouse.problem import SmallCluster

Shard = TypeVar("Shard")
Result = TypeVar("Result")


class Executor(StrEnum):
    """The two places."""

    LOCAL = "local"
    RAY = "ray"

    @classmethod
    def default(cls) -> "Executor":
        """Ray inside a Ray job or where RAY_ADDRESS names a cluster, this process elsewhere.

        An http address there is the one that jobs are submitted to, and no cluster that one can join.
        """
        address = os.environ.get("RAY_ADDRESS", "http://")
        return cls.LOCAL if address.startswith("http") else cls.RAY

    def run(self, work: Callable[[Shard], Result], shards: Sequence[Shard]) -> list[Result]:
        """Do the work for every shard; the results in the order of the shards."""
        if self is Executor.LOCAL or not shards:
            return [work(shard) for shard in shards]
        return _run_on_ray(work, shards)


def _run_on_ray(work: Callable[[Shard], Result], shards: Sequence[Shard]) -> list[Result]:
    import ray  # noqa: PLC0415 - a job on one machine does without

    connect()

    def do(row: dict[str, int]) -> dict[str, object]:
        return {"place": row["place"], "result": work(shards[row["place"]])}

    rows = ray.data.from_items(
        [{"place": place} for place in range(len(shards))], override_num_blocks=len(shards)
    )
    done = rows.map(do).take_all()
    return [row["result"] for row in sorted(done, key=lambda row: row["place"])]


def connect() -> None:
    """Join the running cluster, or start Ray here where there is none.

    Raises:
        SmallCluster: no CPU is free, and tasks would wait for ever.
    """
    import ray  # noqa: PLC0415 - a job on one machine does without

    if ray.is_initialized():
        return
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        ray.init(address="auto", **quiet)
    except ConnectionError:
        ray.init(address="local", include_dashboard=False, **quiet)
    ray.data.DataContext.get_current().enable_progress_bars = False
    _await_cpu(ray.available_resources)


def _await_cpu(available: Callable[[], dict[str, float]], patience_s: int = 30) -> None:
    """Wait for a CPU that nobody holds: another job may be about to give one back."""
    for _ in range(patience_s):
        free = available().get("CPU", 0)
        if free >= 1:
            return
        time.sleep(1)
    rule = f"a job needs one that nobody holds, and none came free in {patience_s} s"
    raise SmallCluster(f"{free} free CPUs", rule, "start the cluster with more, or use --executor local")
