"""Where the kinds are forecast: one after the other in this process, or as tasks on a Ray cluster."""

import os
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import TypeVar

Shard = TypeVar("Shard")
Result = TypeVar("Result")


class Executor(StrEnum):
    """The two places."""

    LOCAL = "local"
    RAY = "ray"

    @classmethod
    def default(cls) -> "Executor":
        """Ray where RAY_ADDRESS names a cluster, as inside a Ray job; this process elsewhere.

        An http address there is the one that jobs are submitted to, and no cluster that one can join.
        """
        address = os.environ.get("RAY_ADDRESS", "http://")
        return cls.LOCAL if address.startswith("http") else cls.RAY

    def run(self, work: Callable[[Shard], Result], shards: Sequence[Shard]) -> Iterator[Result]:
        """Do the work for every shard; the results as they come."""
        return _on_ray(work, shards) if self is Executor.RAY else map(work, shards)


def _on_ray(work: Callable[[Shard], Result], shards: Sequence[Shard]) -> Iterator[Result]:
    import ray  # noqa: PLC0415 - this process does without

    if not ray.is_initialized():
        joined = (
            {"address": "auto"}
            if os.environ.get("RAY_ADDRESS")
            else {"address": "local", "include_dashboard": False}
        )
        ray.init(**joined, log_to_driver=False, logging_level="ERROR")
    task = ray.remote(num_cpus=1)(work)
    waiting = [task.remote(shard) for shard in shards]
    while waiting:
        done, waiting = ray.wait(waiting)
        yield from ray.get(done)
