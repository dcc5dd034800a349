"""Who owns which camera."""

from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from serving.scaling.roster import Roster, Tenant, claim

CAMERAS = [f"camera-{n}" for n in range(24)]


class Clock:
    """Time that passes when a test says so."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        """The time that it is."""
        return self.now


def grown(clock, cameras=CAMERAS):
    """A roster old enough to give out cameras."""
    roster = Roster(lease_s=6, clock=clock)
    roster.watch(cameras)
    clock.now += 6
    return roster


def test_one_owner_gets_every_camera():
    """An owner that is alone may run everything."""
    assert grown(Clock()).renew("shard-0", ()).cameras == set(CAMERAS)


def test_a_newcomer_gets_only_what_was_given_back():
    """A camera goes to its new owner after the old one has given it back, and not before."""
    roster = grown(Clock())
    first = roster.renew("shard-0", ()).cameras
    assert roster.renew("shard-1", ()).cameras == set()
    kept = roster.renew("shard-0", first).cameras
    assert roster.renew("shard-1", ()).cameras == set()
    roster.renew("shard-0", kept)
    assert roster.renew("shard-1", ()).cameras == set(CAMERAS) - kept


def test_what_a_dead_owner_ran_is_given_out_when_its_lease_has_run_out():
    """An owner that stops renewing loses its cameras after the lease, and not before."""
    clock = Clock()
    roster = grown(clock)
    roster.renew("shard-0", ())
    clock.now += 5.9
    assert roster.renew("shard-1", ()).cameras == set()
    clock.now += 0.2
    assert roster.renew("shard-1", ()).cameras == set(CAMERAS)


def test_a_new_roster_confirms_before_it_gives_out():
    """A roster that lost its memory gives no camera to anybody else while an old lease may still hold."""
    clock = Clock()
    roster = Roster(lease_s=6, clock=clock)
    roster.watch(CAMERAS)
    assert roster.renew("shard-0", CAMERAS[:3]).cameras == set(CAMERAS[:3])
    assert roster.renew("shard-1", ()).cameras == set()
    clock.now += 5
    confirmed = roster.renew("shard-0", CAMERAS[:3]).cameras
    clock.now += 1
    assert roster.renew("shard-1", ()).cameras.isdisjoint(confirmed)


def test_a_camera_that_is_gone_is_not_granted_again():
    """Who runs a camera that no longer exists is told to stop."""
    roster = grown(Clock())
    running = roster.renew("shard-0", ()).cameras
    roster.watch(CAMERAS[1:])
    assert roster.renew("shard-0", running).cameras == set(CAMERAS[1:])


def test_who_leaves_gives_everything_back():
    """After an owner has left, the others get its cameras at once."""
    roster = grown(Clock())
    roster.renew("shard-0", ())
    roster.leave("shard-0")
    assert roster.renew("shard-1", ()).cameras == set(CAMERAS)
    assert set(roster.owners().values()) == {"shard-1"}


def test_a_new_life_of_a_name_claims_the_same_cameras():
    """Restarting a shard moves no camera to another one."""
    names = ["shard-0", "shard-1", "shard-2"]

    def winners(owners):
        return [max(owners, key=lambda one: claim(one, c)).partition("/")[0] for c in CAMERAS]

    assert winners([f"{n}/a" for n in names]) == winners([f"{n}/b" for n in names])


def test_claims_spread_the_cameras():
    """No shard of four is left without cameras, and one more takes few from the others."""
    cameras = [f"c{n}" for n in range(400)]

    def winners(owners):
        return [max(owners, key=lambda one: claim(one, c)) for c in cameras]

    four, five = winners([f"shard-{n}" for n in range(4)]), winners([f"shard-{n}" for n in range(5)])
    assert min(Counter(four).values()) > 70
    assert all(after in (before, "shard-4") for before, after in zip(four, five, strict=True))


@dataclass
class Follower:
    """A shard as it should behave: it runs what it was granted until it stops or its lease is over."""

    name: str
    running: set = field(default_factory=set)
    until_s: float = 0.0

    def runs(self, now):
        """The cameras that it runs at an instant."""
        return self.running if now < self.until_s else set()

    def renew(self, roster, clock, *, lost):
        """Renew; the answer may be lost on its way."""
        sent = clock.now
        grant = roster.renew(self.name, self.runs(sent))
        self.running = set(self.runs(sent))
        if not lost:
            self.running, self.until_s = set(grant.cameras), sent + grant.for_s


STEP = st.tuples(
    st.sampled_from(["renew", "lose", "wait", "leave", "new life", "new roster"]),
    st.integers(0, 3),
    st.floats(0.1, 4.0),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(STEP, max_size=60))
def test_no_camera_ever_has_two_owners(steps):
    """Whatever is lost, late, restarted or forgotten, at most one shard runs a camera at any instant."""
    clock, cameras = Clock(), CAMERAS[:8]
    roster = grown(clock, cameras)
    shards = [Follower(f"shard-{n}/0") for n in range(4)]
    for life, (what, n, seconds) in enumerate(steps, start=1):
        if what == "wait":
            clock.now += seconds
        elif what == "leave":
            shards[n].running = set()
            roster.leave(shards[n].name)
        elif what == "new life":
            shards.append(Follower(f"shard-{n}/{life}"))
        elif what == "new roster":
            roster = Roster(lease_s=6, clock=clock)
            roster.watch(cameras)
        else:
            for shard in shards[n::4]:
                shard.renew(roster, clock, lost=what == "lose")
        owned = Counter(camera for shard in shards for camera in shard.runs(clock.now))
        assert all(count == 1 for count in owned.values())


class Line:
    """The way from a tenant to the roster, which a test can cut."""

    def __init__(self, roster):
        self.roster, self.cut = roster, False

    def __call__(self, owner, running):
        """Renew, if the line holds."""
        if self.cut:
            raise TimeoutError
        return self.roster.renew(owner, running)


def test_a_tenant_that_is_cut_off_stops_before_anybody_else_begins():
    """Without an answer a tenant goes on for a while, and has stopped when its cameras are given away."""
    clock = Clock()
    roster = grown(clock)
    line = Line(roster)
    tenant = Tenant("shard-0", line, clock)
    running, other = tenant.may_run(frozenset()), frozenset()
    assert running == set(CAMERAS)
    line.cut = True
    for _ in range(12):
        clock.now += 1
        running = tenant.may_run(running)
        other = roster.renew("shard-1", other).cameras
        assert running.isdisjoint(other)
    assert other == set(CAMERAS)


def test_a_tenant_survives_a_short_silence():
    """An answer that comes late once costs no camera."""
    clock = Clock()
    line = Line(grown(clock))
    tenant = Tenant("shard-0", line, clock)
    running = tenant.may_run(frozenset())
    line.cut = True
    clock.now += 2
    assert tenant.may_run(running) == running
    line.cut = False
    clock.now += 1
    assert tenant.may_run(running) == set(CAMERAS)
