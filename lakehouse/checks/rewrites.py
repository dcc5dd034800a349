"""Rewrites put the same rows in another order: as many as before, and with the fingerprint that they told."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from lakehouse.checks.standing import Standing
from lakehouse.log import commits
from lakehouse.log.commits import RECLUSTER
from lakehouse.log.fingerprint import fingerprint, total
from lakehouse.log.listing import listed
from lakehouse.problem import BrokenLake
from lakehouse.tables import TABLES

RESTORE = "restore the table from a copy"


def kept(standing: Standing) -> str:
    """No recluster of any table changed which rows there are, as far as its log and its files reach back."""
    count = proved = 0
    for name in TABLES:
        log, rows = standing.lake.folder(name) / "_delta_log", dict[str, int]()
        there = {one.file.path for one in listed(standing.tables[name])}
        for version in standing.follow(range(standing.tables[name].version() + 1), f"rewrites of {name}"):
            actions = commits.read_commit(log, version) or []
            added, removed = (_files(actions, kind) for kind in ("add", "remove"))
            rows |= _counts(added)
            told = commits.told(actions)
            if told.get("") == RECLUSTER:
                place = f"{name}/_delta_log/{version:020d}.json"
                _must_be_as_many(place, rows, added, removed)
                count += 1
                if there.issuperset(added) and _tells_all(told, added, rows):
                    proved += _must_be_the_same(standing, name, place, added, told["fingerprint"])
    return f"{count:,} rewrites of {len(TABLES)} tables, {proved:,} by their fingerprint"


def _files(actions: Sequence[Mapping[str, Any]], kind: str) -> dict[str, Mapping[str, Any]]:
    """What a commit took in or out, by path."""
    return {unquote(action[kind]["path"]): action[kind] for action in actions if kind in action}


def _counts(added: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """The rows of each file whose commit says how many it has; Delta lets a writer say nothing."""
    said = {path: json.loads(action.get("stats") or "{}") for path, action in added.items()}
    return {path: stats["numRecords"] for path, stats in said.items() if "numRecords" in stats}


def _tells_all(told: Mapping[str, str], added: Iterable[str], rows: Mapping[str, int]) -> bool:
    """Whether a commit told the fingerprint of just the rows of the files that it took in.

    Some rows may have stayed in files that were there before; and a commit need not tell anything.
    """
    return "fingerprint" in told and told.get("rows") == str(sum(rows.get(path, 0) for path in added))


def _must_be_as_many(
    place: str, rows: Mapping[str, int], added: Iterable[str], removed: Iterable[str]
) -> None:
    if not rows.keys() >= {*removed, *added}:
        return  # the log does not reach back to where the old files came in, or does not say
    before, after = (sum(rows[path] for path in paths) for paths in (removed, added))
    if before != after:
        raise BrokenLake(place, f"it put {after:,} rows in the place of {before:,}", RESTORE)


def _must_be_the_same(
    standing: Standing, table: str, place: str, added: Iterable[str], fingerprinted: str
) -> bool:
    """Whether the files are still there, to be held against what the commit told."""
    folder = standing.lake.folder(table)
    try:
        held = (pq.read_table(pa.BufferReader(folder.read(path)), partitioning=None) for path in added)
        found = format(total([fingerprint(rows) for rows in held]), "016x")
    except FileNotFoundError:
        return False  # rewritten and deleted meanwhile
    if found != fingerprinted:
        rule = f"its files have the fingerprint {found}, and it told {fingerprinted}"
        raise BrokenLake(place, rule, RESTORE)
    return True
