"""A reproducible read: which version of a table an answer was made from, and whether the client has it."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from fastapi import Request, Response
from werkzeug.http import parse_etags

from lakehouse.problem import UnknownVersion
from lakehouse.store import Lake


@dataclass(frozen=True)
class Edition:
    """One answer's identity: the table's version and everything else that shapes the answer."""

    version: int
    etag: str

    @classmethod
    def of(cls, lake: Lake, table: str, version: int | None, shape: Sequence[object]) -> "Edition":
        """The edition of `table` at `version`, or at its newest.

        Raises:
            UnknownVersion: the table has no such version.
        """
        newest = lake.version(table)
        if version is not None and not 0 <= version <= newest:
            raise UnknownVersion(version, f"{table} has versions up to {newest}", "ask for one of those")
        chosen = newest if version is None else version
        digest = sha256(repr((table, *shape)).encode()).hexdigest()[:12]
        return cls(chosen, f'"{chosen}-{digest}"')

    @property
    def headers(self) -> dict[str, str]:
        """What tells the client which edition this is."""
        return {"ETag": self.etag, "Vary": "Accept", "Cache-Control": "no-cache"}

    def held(self, request: Request) -> Response | None:
        """304 where the client says that it has this edition, or any at all."""
        tags = parse_etags(", ".join(request.headers.getlist("if-none-match")))
        held = tags.contains_weak(self.etag.strip('"'))
        return Response(status_code=304, headers=self.headers) if held else None
