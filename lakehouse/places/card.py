"""The card of a lake, `lake.json` at its root: which format its tables have."""

import json
from dataclasses import dataclass
from typing import Self

from lakehouse.places.folder import Folder
from lakehouse.problem import BadLake

FORMAT = 2
"""Of the lakes that this version reads and writes; `lakehouse/upgrades` has a file for each one from 2 on."""

CARD = "lake.json"


@dataclass(frozen=True)
class Card:
    """The format of a lake; while `unfinished`, some of its tables are still of the one before."""

    format: int
    unfinished: bool = False

    @classmethod
    def read(cls, root: Folder) -> Self:
        """The card of a lake.

        Raises:
            BadLake: the folder has none, or one that nobody can read.
        """
        try:
            told = json.loads(root.read(CARD))
            return cls(int(told["format"]), bool(told.get("unfinished")))
        except FileNotFoundError as error:
            rule = f"there is no {CARD} in it"
            raise BadLake(root.uri, rule, "make a lake there, or name another folder") from error
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            rule = f"its {CARD} does not say which format it has"
            raise BadLake(root.uri, rule, f"restore {CARD} from a copy, or name another folder") from error

    def write(self, root: Folder) -> None:
        """Put it in the place of the one that is there; durable on return."""
        told = {"format": self.format, "made_by": "matakota"}
        root.replace(CARD, json.dumps(told | ({"unfinished": True} if self.unfinished else {})).encode())

    def must_be_present(self, root: Folder) -> None:
        """Refuse a lake that this version cannot work on.

        Raises:
            BadLake: its format is an older or a newer one, or its upgrade was not finished.
        """
        rule = f"its format is {self.format}, and this version reads format {FORMAT}"
        if self.format > FORMAT:
            remedy = "install the version of Matakota that wrote it, or a newer one"
            raise BadLake(root.uri, rule, remedy)
        upgrade = f"stop what writes to it, and run `python -m lakehouse upgrade --lake {root.uri}`"
        if self.format < FORMAT:
            raise BadLake(root.uri, rule, upgrade)
        if self.unfinished:
            rule = f"its upgrade to format {FORMAT} was begun and not finished"
            raise BadLake(root.uri, rule, f"{upgrade} --apply")
