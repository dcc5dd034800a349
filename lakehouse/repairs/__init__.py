"""What can be done about a lake that is not as it must be: each rule of the checks, and what mends it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from lakehouse.checks import INVARIANTS, Invariant
from lakehouse.checks.standing import Follow, Standing, silently
from lakehouse.problem import BrokenLake
from lakehouse.repairs import files, keys, landing, logs
from lakehouse.repairs.mending import Mend
from lakehouse.store import Lake

Look = Callable[[Standing], Iterator[Mend]]

MENDS: Mapping[str, tuple[Look, ...]] = {
    "checkpoints can be read": (lambda standing: logs.damaged_checkpoints(standing.lake),),
    "tables open with the contract's columns": (lambda standing: logs.void_commits(standing.lake),),
    "data files are as the log says": (files.differing,),
    "tables are ahead in the order of commits": (landing.lost,),
    "rows lie at or below the watermark": (landing.unclaimed, landing.strangers),
    "landing has no gap beyond the watermark": (landing.lost,),
    "segments are whole or in quarantine": (landing.unclaimed,),
    "what is set aside is in quarantine": (landing.unnoted,),
    "what was taken in is in the tables": (landing.differing,),
    "keys are unique": (lambda standing: keys.doubled(standing.lake),),
}
"""By rule of the checks, what finds mends for it. A rule that is not here is only told."""


@dataclass(frozen=True)
class Found:
    """Something that is broken: of which rule, what there is to do about it, and whether it was done."""

    rule: str
    mend: Mend
    done: bool


def repair(
    lake: Lake,
    *,
    apply: bool = False,
    accept_loss: bool = False,
    deep: bool = False,
    follow: Follow = silently,
) -> Iterator[Found]:
    """Go through the rules of the checks in their order; of what is broken, find mends, and carry them out.

    Each mend is one commit or one move of a file, planned from the snapshot that it is committed on: others
    may write meanwhile, and what was killed is continued by running it again.

    Args:
        lake: as it lies there, see `Lake.as_is`.
        apply: carry out what was found; else nothing is written.
        accept_loss: also what gives something up for good.
        deep: read every column too, and every commit.
        follow: shows how far it has come.
    """
    told, again = set[str](), True
    while again:
        again, standing = False, Standing(lake, deep, follow)
        for invariant in INVARIANTS:
            if invariant.deep and not deep:
                continue
            problem = _broken(invariant, standing)
            for mend in _mends(invariant, problem, Standing(lake, deep, follow)) if problem else ():
                done = apply and mend.do is not None and (accept_loss or not mend.loses)
                if done and mend.do:
                    mend.do()
                if done or mend.broken not in told:
                    yield Found(invariant.rule, mend, done)
                again |= done and mend.broken not in told
                told.add(mend.broken)
            if problem and invariant.rule in GROUND:
                break
            if problem:
                standing = Standing(lake, deep, follow)


GROUND = {
    "checkpoints can be read",
    "tables open with the contract's columns",
    "data files are as the log says",
}
"""While one of these is broken, those that come after it cannot be looked at."""


def _mends(invariant: Invariant, problem: BrokenLake, standing: Standing) -> Iterator[Mend]:
    """What there is to do about a broken rule: nothing but to tell it, where no mend is found."""
    mends = [mend for look in MENDS.get(invariant.rule, ()) for mend in look(standing)]
    yield from mends or [Mend(f"{problem.value}: {problem.rule}", problem.remedy)]


def _broken(invariant: Invariant, standing: Standing) -> BrokenLake | None:
    try:
        invariant.look(standing)
    except BrokenLake as problem:
        return problem
    return None
