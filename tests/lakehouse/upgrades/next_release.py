"""The release after this one, as an upgrade will meet it: boxes get two columns, and a table comes new.

Run as `python next_release.py LAKE N` it upgrades a lake, and dies at the N-th point that it comes to.
"""

import sys
from dataclasses import replace

import dying
import pyarrow as pa

from lakehouse import store
from lakehouse.landing import segments
from lakehouse.places import card
from lakehouse.tables import TABLES, Table
from lakehouse.upgrades.changes import AddColumns, AddTable
from lakehouse.upgrades.upgrade import Step, found

NEXT = card.FORMAT + 1
SWAY = pa.schema([pa.field(name, pa.int16(), metadata={"about": "1/8192"}) for name in ("sway_x", "sway_y")])
NOTES = pa.schema([pa.field("note", pa.string(), metadata={"about": "a text"})])
STEPS = {
    **found(),
    NEXT: Step(NEXT, "boxes sway", (AddColumns("observations", SWAY), AddTable("notes", NOTES))),
}


def tables():
    """The tables of the next release; its columns do not come last."""
    fields = list(TABLES["observations"].schema)
    place = [field.name for field in fields].index("model_id")
    boxes = replace(TABLES["observations"], schema=pa.schema([*fields[:place], *SWAY, *fields[place:]]))
    return {"observations": boxes, "notes": Table("notes", NOTES, ("note",), "nobody", "a note")}


def become(patch):
    """Make this process one of the next release."""
    for name, table in tables().items():
        patch.setitem(TABLES, name, table)
    patch.setattr(card, "FORMAT", NEXT)
    patch.setattr(store, "FORMAT", NEXT)
    forget()


def forget():
    """Let what was derived from the tables be derived again."""
    segments.landed_schema.cache_clear()
    segments._coded_schema.cache_clear()


class _ForGood:
    setitem = staticmethod(dict.__setitem__)
    setattr = staticmethod(setattr)


if __name__ == "__main__":
    become(_ForGood)
    dying.upgraded(sys.argv[1], int(sys.argv[2]), STEPS)
