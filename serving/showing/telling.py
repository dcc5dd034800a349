"""An account in words, Indonesian or English."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from lakehouse.clock import CITY_ZONE
from lakehouse.settings import COVERAGE_FLOOR
from serving.showing.account import Account, Language, Seen

_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "nothing": "Nothing has been looked at yet: `python -m serving watch SOURCE --lake {lake}`.",
        "title": "{day}, {since}-{until} city time",
        "frames": "{seen} of {frames} frames seen",
        "unknown": "unknown: {kinds} ({why})",
        "unseen": "not looked at in these minutes",
        "undecoded": "none of its pictures could be used",
        "unhealthy": "the picture is {health}",
        "unmeasured": "nothing was there to measure",
        "uncalibrated": "nothing was there to measure, or it needs a calibrated camera",
        "frozen": "frozen",
        "black": "black",
        "covered": "covered",
        "silent": "silent",
        "events": "Events",
        "no events": "No event was reported.",
        "going": "since {start}, goes on",
        "over": "{start}-{end}",
        "hours": "Hours (area_hours)",
        "no hours": "none yet: run `python -m batch compact --lake {lake}`, then `rollup`",
        "known": "{value}",
        "little": "no value: {coverage} of it was seen, and {floor} are needed",
        "estimate": "so far about {value}",
    },
    "id": {
        "nothing": "Belum ada yang dilihat: `python -m serving watch SUMBER --lake {lake}`.",
        "title": "{day}, {since}-{until} waktu kota",
        "frames": "{seen} dari {frames} gambar terlihat",
        "unknown": "tidak diketahui: {kinds} ({why})",
        "unseen": "tidak dilihat dalam menit-menit ini",
        "undecoded": "tidak satu pun gambarnya dapat dipakai",
        "unhealthy": "gambarnya {health}",
        "unmeasured": "tidak ada yang dapat diukur",
        "uncalibrated": "tidak ada yang dapat diukur, atau kameranya perlu dikalibrasi",
        "frozen": "membeku",
        "black": "hitam",
        "covered": "tertutup",
        "silent": "tidak datang",
        "events": "Kejadian",
        "no events": "Tidak ada kejadian yang dilaporkan.",
        "going": "sejak {start}, berlangsung",
        "over": "{start}-{end}",
        "hours": "Jam (area_hours)",
        "no hours": "belum ada: jalankan `python -m batch compact --lake {lake}`, lalu `rollup`",
        "known": "{value}",
        "little": "tanpa nilai: {coverage} darinya terlihat, dan perlu {floor}",
        "estimate": "sejauh ini sekitar {value}",
    },
}


def nothing(lake: str, language: Language) -> str:
    """What is said of a lake without a look."""
    return _WORDS[language]["nothing"].format(lake=lake)


def tell(account: Account, lake: str, language: Language) -> Iterator[str]:
    """The account line by line: each camera with its counts, the events, the hours."""
    words = _WORDS[language]
    day = account.since.astimezone(CITY_ZONE).date()
    yield words["title"].format(day=day, since=_time(account.since), until=_time(account.until))
    for seen in account.seen:
        yield ""
        yield from _camera(account, seen, language)
    yield ""
    yield from _events(account, language)
    yield ""
    yield from _hours(account, lake, language)


def _camera(account: Account, seen: Seen, language: Language) -> Iterator[str]:
    words = _WORDS[language]
    frames = words["frames"].format(seen=seen.seen, frames=seen.frames)
    yield f"{seen.camera.name} ({seen.camera.camera_id}): {frames}"
    for count in seen.counts:
        title = account.title(count.kind, language)
        yield f"  {count.zone_id:12} {title:24} {account.amount(count, language)}"
    if seen.unknown:
        kinds = ", ".join(account.title(kind, language) for kind in seen.unknown)
        yield "  " + words["unknown"].format(kinds=kinds, why=_why(seen, language))


def _why(seen: Seen, language: Language) -> str:
    words = _WORDS[language]
    why = next(iter(seen.unknown.values()))
    if why == "unmeasured" and seen.camera.calibration is None:
        return words["uncalibrated"]
    return words[why].format(health=words.get(seen.health, seen.health))


def _events(account: Account, language: Language) -> Iterator[str]:
    words = _WORDS[language]
    if not account.events:
        yield words["no events"]
        return
    yield f"{words['events']}: {len(account.events)}"
    for event in account.events:
        key = "going" if event["ended_at"] is None else "over"
        ended = event["ended_at"] and _time(event["ended_at"])
        when = words[key].format(start=_time(event["started_at"]), end=ended)
        yield f"  {account.title(event['kind'], language)}: {event['camera_id']}, {event['zone_id']}, {when}"


def _hours(account: Account, lake: str, language: Language) -> Iterator[str]:
    words = _WORDS[language]
    yield words["hours"]
    if not account.hours:
        yield "  " + words["no hours"].format(lake=lake)
    for row in account.hours:
        place = f"{_time(row['hour'])[:5]} {row['area_id']}"
        yield f"  {place} {account.title(row['kind'], language)}: {_value(row, language)}"


def _value(row: Mapping[str, Any], language: Language) -> str:
    words = _WORDS[language]
    if row["value"] is None:
        coverage = f"{row['coverage'] or 0:.0%}"
        return words["little"].format(coverage=coverage, floor=f"{COVERAGE_FLOOR:.0%}")
    text = f"{row['value']:.2f}".rstrip("0").rstrip(".")
    key = "estimate" if row["reason"] == "running" else "known"
    return words[key].format(value=text.replace(".", ",") if language == "id" else text)


def _time(at: datetime) -> str:
    return f"{at.astimezone(CITY_ZONE):%H:%M:%S}"
