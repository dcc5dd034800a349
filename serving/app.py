"""The wiring diagram: every deployment bound into one application, for `serve run serving.app:build`."""

import threading
import time
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Literal
from uuid import uuid4

import ray
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from ray import serve
from ray.serve.exceptions import RayServeException
from ray.serve.handle import DeploymentHandle

from lakehouse.city import cameras
from lakehouse.problem import SmallCluster, UnknownCamera
from lakehouse.store import Lake
from serving import analytic, api
from serving.scaling.autoscaling import OFFERED
from serving.scaling.detector import Detector, RemoteDetector
from serving.scaling.meters import Meters, Rate
from serving.scaling.roster import Grant, Roster, Tenant
from serving.scaling.shard import Shard
from serving.seeing import detectors
from serving.seeing.local import LocalDetector
from serving.settings import Settings
from serving.watching.opener import opener
from serving.watching.sink import Sink


class Args(BaseModel):
    """What an application is built from; an unknown name is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    lake: str = Field(default_factory=lambda: Settings().lake, description="the lake's folder")
    cameras: str = Field(default="", description="ids with commas between them; none: every camera")
    fps: float | None = Field(
        default=None, gt=0, description="frames looked at per second; none: the camera's"
    )
    weights: Path | None = Field(default=None, description="none: the shipped ones")
    detector: Literal["remote", "inprocess"] = Field(
        default="remote", description="replicas, or in each shard"
    )
    batches_in_flight: int = Field(
        default=2, ge=1, description="calls to the detector at once, for each shard"
    )
    frames_a_batch: int = Field(
        default=5, ge=1, description="pictures in a call; 5 of 640 x 360 fit a message"
    )
    lease_s: float = Field(default=6.0, ge=1, description="how long a shard may run a camera unrenewed")
    least_cpus: float = Field(default=0.0, ge=0, description="what the deployments and one batch job ask for")

    @property
    def chosen(self) -> tuple[str, ...]:
        """The ids of the cameras that were named."""
        return tuple(name.strip() for name in self.cameras.split(",") if name.strip())


class RosterReplica:
    """The one roster, over the cameras of the lake as they are now."""

    REFRESH_S = 30.0

    def __init__(self, args: Args) -> None:
        self._lake = Lake.open(args.lake)
        self._chosen = args.chosen
        self._roster = Roster(args.lease_s)
        self._read_at_s = float("-inf")

    async def renew(self, owner: str, running: Collection[str]) -> Grant:
        """See `Roster.renew`."""
        if time.monotonic() > self._read_at_s + self.REFRESH_S:
            self._roster.watch(self._chosen or cameras.with_source(self._lake))
            self._read_at_s = time.monotonic()
        return self._roster.renew(owner, running)

    async def leave(self, owner: str) -> None:
        """See `Roster.leave`."""
        self._roster.leave(owner)

    async def owners(self) -> dict[str, str]:
        """See `Roster.owners`."""
        return self._roster.owners()


class ShardReplica:
    """One shard: it renews its leases in a thread, and watches what it was granted."""

    def __init__(self, args: Args, roster: DeploymentHandle, detector: DeploymentHandle | None) -> None:
        self._args = args
        self._roster = roster
        self._detector = detector
        self._name = f"shard-{_rank()}"
        self._tally: Counter[str] = Counter()
        self._offered = Rate()
        self._closing = threading.Event()
        self._renewing = threading.Thread(target=self._renew, name="renew", daemon=True)
        self._renewing.start()

    async def record_autoscaling_stats(self) -> dict[str, float]:
        """What the policy counts."""
        return {OFFERED: self._offered.of(self._tally["offered"])}

    async def counts(self) -> dict[str, int]:
        """What this shard has counted since it began."""
        return dict(self._tally)

    async def check_health(self) -> None:
        """Serve replaces a shard that no longer renews.

        Raises:
            RuntimeError: the thread has died.
        """
        if not self._renewing.is_alive():
            raise RuntimeError("the shard no longer renews its leases")

    def close(self) -> None:
        """Land everything, give every camera back, and end."""
        self._closing.set()
        self._renewing.join()

    __del__ = close

    def _renew(self) -> None:
        shard, meters = self._open(), Meters()
        tenant = Tenant(f"{self._name}/{uuid4().hex[:8]}", self._ask)
        while not self._closing.wait(self._args.lease_s / 6):
            shard.hold(tenant.may_run(shard.running))
            meters.publish(self._tally)
        shard.close()
        self._roster.leave.remote(tenant.owner)

    def _open(self) -> Shard:
        lake = Lake.open(self._args.lake)
        analytic.publish(lake)
        # Who waits longer for a detector than half of a lease could not give a camera away in time.
        engine = _engine(self._args, self._detector, self._args.lease_s / 2)
        sink = Sink(lake.landing.producer(self._name), engine.model_id)
        return Shard(
            opener(lake, sink, self._args.fps),
            engine,
            sink,
            self._args.batches_in_flight,
            self._args.frames_a_batch,
            self._tally,
        )

    def _ask(self, owner: str, running: frozenset[str]) -> Grant:
        patience_s = self._args.lease_s / 6
        grant: Grant = self._roster.renew.remote(owner, running).result(timeout_s=patience_s)
        return grant


@serve.ingress()
class ApiReplica:
    """The API and the page; the shards belong to the same application, so they hang on it."""

    def __init__(self, args: Args, detector: DeploymentHandle | None, shards: DeploymentHandle) -> None:
        self._lake = Lake.open(args.lake)
        self._detector = _engine(args, detector, patience_s=10)
        self._shards = shards

    def __serve_build_asgi_app__(self) -> FastAPI:
        return api.application(self._lake, self._detector)


def build(args: Args) -> serve.Application:
    """The application: an API, shards that watch the cameras, their roster, and detector replicas.

    Raises:
        BadLake: there is no lake.
        UnknownCamera: a camera that was named is not in it.
        SmallCluster: the cluster has fewer CPUs than the application needs.
    """
    # The replicas run in other folders than this one.
    args = args.model_copy(update={"lake": Lake.open(args.lake).root})
    _preflight(args)
    detector = _bound("Detector", Detector, args.weights) if args.detector == "remote" else None
    shards = _bound("Shard", ShardReplica, args, _bound("Roster", RosterReplica, args), detector)
    return _bound("Api", ApiReplica, args, detector, shards)


def _bound(name: str, replica: type, *given: object) -> serve.Application:
    """A deployment; without a YAML it reserves no CPU, so that it runs on whatever is there."""
    return serve.deployment(replica, name=name, ray_actor_options={"num_cpus": 0}).bind(*given)


def _preflight(args: Args) -> None:
    known = cameras.read(Lake.open(args.lake))
    for camera_id in args.chosen:
        if camera_id not in known:
            raise UnknownCamera(camera_id, "the lake has no such camera", "`/v1/cameras` lists those it has")
    cpus = ray.cluster_resources().get("CPU", 0.0) if ray.is_initialized() else args.least_cpus
    if cpus < args.least_cpus:
        rule = f"the deployments, and one job beside them, ask for {args.least_cpus:g} CPUs"
        raise SmallCluster(f"{cpus:g} CPUs", rule, "start Ray with --num-cpus, or lower num_cpus in the YAML")


def _engine(args: Args, detector: DeploymentHandle | None, patience_s: float) -> detectors.Detector:
    return RemoteDetector(detector, patience_s) if detector else LocalDetector(args.weights)


def _rank() -> int:
    """The number of this replica among its like; without a cluster there is just the one."""
    try:
        rank: int = serve.get_replica_context().rank.rank
    except RayServeException:
        return 0
    return rank
