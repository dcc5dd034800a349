"""What must hold in every lake at every moment, whoever writes to it: the invariants, one after another."""

from collections.abc import Callable
from dataclasses import dataclass

from lakehouse.checks import files, keys, landing, logs, rewrites, values
from lakehouse.checks.standing import Standing


@dataclass(frozen=True)
class Invariant:
    """A rule, and what finds out whether it holds: it says what it looked at, or raises BrokenLake."""

    rule: str
    look: Callable[[Standing], str]
    deep: bool = False
    """Whether it takes so long that it must be asked for."""


INVARIANTS = (
    Invariant("checkpoints can be read", logs.checkpoints),
    Invariant("tables open with the contract's columns", logs.contract),
    Invariant("watermarks never fall", logs.marks, deep=True),
    Invariant("data files are as the log says", files.files),
    Invariant("rewrites keep every row", rewrites.kept, deep=True),
    Invariant("tables are ahead in the order of commits", landing.order),
    Invariant("rows lie at or below the watermark", landing.stamps),
    Invariant("landing has no gap beyond the watermark", landing.dense),
    Invariant("segments are whole or in quarantine", landing.whole),
    Invariant("what is set aside is in quarantine", landing.aside),
    Invariant("what was taken in is in the tables", landing.taken),
    Invariant("keys are unique", keys.unique),
    Invariant("rows say what they may", values.rules),
    Invariant("events are told from first to last", values.revisions),
)
"""In this order: what stands first is what the later ones rely on."""
