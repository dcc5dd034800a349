"""Who owns which camera: leases, so that a camera never has two owners."""

import logging
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lease:
    """`owner` may run the camera until `until_s` of the roster's clock, unless it gives it back before."""

    owner: str
    until_s: float


@dataclass(frozen=True)
class Grant:
    """The cameras that an owner may run for `for_s` seconds, counted from when it sent its renewal."""

    cameras: frozenset[str]
    for_s: float


def claim(owner: str, camera_id: str) -> bytes:
    """How strong an owner's claim to a camera is: the strongest wins (rendezvous hashing).

    An owner is `name` or `name/life`: a new life of the same name claims the same cameras.
    """
    name = owner.partition("/")[0]
    return blake2b(f"{name}|{camera_id}".encode(), digest_size=8).digest() + owner.encode()


@dataclass
class Roster:
    """Leases of cameras to the owners that are alive.

    An owner renews with what it runs right now, one renewal after the other; what it does not name it
    has given back. A camera goes to its new owner when the old lease was given back or has run out. A
    roster that begins its life knows no leases, so at first it only confirms what owners already run.
    """

    lease_s: float = 6.0
    clock: Callable[[], float] = time.monotonic
    cameras: frozenset[str] = frozenset()
    _leases: dict[str, Lease] = field(default_factory=dict, init=False)
    _alive: dict[str, float] = field(default_factory=dict, init=False)
    _began_s: float = field(init=False)

    def __post_init__(self) -> None:
        self._began_s = self.clock()

    def watch(self, cameras: Iterable[str]) -> None:
        """From now on these are the cameras there are."""
        self.cameras = frozenset(cameras)

    def renew(self, owner: str, running: Collection[str]) -> Grant:
        """Keep `owner` alive, take back what it no longer runs, and say what it may run."""
        now = self.clock()
        self._alive[owner] = now + self.lease_s
        self._forget(now)
        self._give_back(owner, set(running))
        mine = {camera for camera in self.cameras if self._may(owner, camera, now, runs_it=camera in running)}
        self._leases |= {camera: Lease(owner, now + self.lease_s) for camera in mine}
        return Grant(frozenset(mine), self.lease_s)

    def leave(self, owner: str) -> None:
        """Forget `owner`, which runs nothing any more."""
        self._alive.pop(owner, None)
        self._give_back(owner, set())

    def owners(self) -> dict[str, str]:
        """The owner of each camera that has one."""
        self._forget(self.clock())
        return {camera: lease.owner for camera, lease in sorted(self._leases.items())}

    def _forget(self, now: float) -> None:
        self._alive = {owner: until_s for owner, until_s in self._alive.items() if until_s > now}
        self._leases = {camera: lease for camera, lease in self._leases.items() if lease.until_s > now}

    def _give_back(self, owner: str, running: set[str]) -> None:
        given_back = {camera for camera, lease in self._leases.items() if lease.owner == owner} - running
        for camera in given_back:
            del self._leases[camera]

    def _may(self, owner: str, camera: str, now: float, *, runs_it: bool) -> bool:
        if max(self._alive, key=lambda one: claim(one, camera)) != owner:
            return False
        lease = self._leases.get(camera)
        if lease is not None:
            return lease.owner == owner
        return runs_it or now >= self._began_s + self.lease_s


@dataclass
class Tenant:
    """The owner's side of the leases: what it may run, also while the roster does not answer.

    `renew` asks the roster and must fail within a sixth of the lease; call `may_run` at least as often.
    """

    owner: str
    renew: Callable[[str, frozenset[str]], Grant]
    clock: Callable[[], float] = time.monotonic
    _until_s: float = field(default=float("-inf"), init=False)

    def may_run(self, running: frozenset[str]) -> frozenset[str]:
        """What to run now, of what runs and what is granted."""
        sent_s = self.clock()
        try:
            grant = self.renew(self.owner, running)
        except Exception:  # noqa: BLE001 - whatever kept the roster from answering, the lease runs on
            _log.warning("%s cannot renew its leases", self.owner, exc_info=True)
            return running if self.clock() < self._until_s else frozenset()
        # By the next time that this is asked again, a third of the lease may have passed.
        self._until_s = sent_s + grant.for_s * 2 / 3
        return grant.cameras
