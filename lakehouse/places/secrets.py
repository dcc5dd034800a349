"""Secrets of cameras, in a file outside of the lake; the lake has references such as `{secret:cam-17}`."""

import fcntl
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from lakehouse.places.addresses import NAMED, REFERENCE
from lakehouse.problem import BadSecret, BadSource
from lakehouse.settings import Settings

_USER = re.compile(r"(?<=://)[^/?#]*(?=@)")
_KEY = re.compile(rf"(?P<name>{NAMED})(?P<secret>[^&#]+)")
_OTHERS = 0o077
"""The rights of everybody but the owner."""


@dataclass(frozen=True)
class Secrets:
    """The file of secrets, a JSON object of texts by name that its owner alone may read."""

    path: Path

    @classmethod
    def of_settings(cls) -> "Secrets":
        """The file that MATAKOTA_SECRETS names."""
        return cls(Settings().secrets.expanduser())

    def names(self) -> list[str]:
        """The names of all secrets, sorted."""
        return sorted(self._read())

    def put(self, secrets: Mapping[str, str]) -> None:
        """Keep secrets under their names, all of them or none, in place of those that had these names.

        Raises:
            BadSecret: a name or a secret is none, or the file cannot be used; nothing was changed.
        """
        for name, secret in secrets.items():
            _must_be_usable(name, secret)
        with self._alone():
            before = self._read()
            if secrets.items() <= before.items():
                return
            self._write({**before, **secrets})

    def resolve(self, source: str) -> str:
        """The address with its secrets in their places, to be opened and told to nobody.

        Raises:
            BadSource: a secret is not known here.
            BadSecret: the file cannot be used.
        """
        if not REFERENCE.search(source):
            return source
        known = self._read()
        for name in (match["name"] for match in REFERENCE.finditer(source)):
            if name not in known:
                remedy = f"run `python -m lakehouse secrets set {name}` on this machine"
                raise BadSource(f"{{secret:{name}}}", f"{self.path} has no such secret", remedy)
        return REFERENCE.sub(lambda match: known[match["name"]], source)

    def must_lie_outside(self, root: str) -> None:
        """Find out whether the file would be copied along with a lake.

        Raises:
            BadSecret: it would.
        """
        if Path(root).absolute() in self.path.absolute().parents:
            rule = "it lies inside the lake, and whoever reads the lake would read it"
            raise BadSecret(str(self.path), rule, "set MATAKOTA_SECRETS to a file elsewhere")

    def _read(self) -> dict[str, str]:
        try:
            if self.path.stat().st_mode & _OTHERS:
                raise BadSecret(str(self.path), "others may read it", f"run `chmod 600 {self.path}`")
            known = json.loads(self.path.read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            rule = f"it cannot be read as JSON ({type(error).__name__})"
            raise BadSecret(str(self.path), rule, "restore it, or remove it") from None
        return dict(known)

    def _write(self, secrets: Mapping[str, str]) -> None:
        temporary = self.path.with_name(f"{self.path.name}.{uuid4().hex}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                json.dump(secrets, file, indent=1, sort_keys=True)
                file.flush()
                os.fsync(descriptor)
            temporary.rename(self.path)
        finally:
            temporary.unlink(missing_ok=True)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep others from writing meanwhile; what was written is durable afterwards."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
            os.fsync(folder)
        finally:
            os.close(folder)


def put_away(name: str, address: str) -> tuple[str, dict[str, str]]:
    """An address with references in the places of its secrets, and these: `name`, `name:2` and so on."""
    secrets: dict[str, str] = {}

    def refer(secret: str) -> str:
        if not secret or REFERENCE.fullmatch(secret):
            return secret
        reference = f"{name}:{len(secrets) + 1}" if secrets else name
        secrets[reference] = secret
        return f"{{secret:{reference}}}"

    referring = _USER.sub(lambda match: refer(match[0]), address, count=1)
    referring = _KEY.sub(lambda match: match["name"] + refer(match["secret"]), referring)
    return referring, secrets


def _must_be_usable(name: str, secret: str) -> None:
    if not REFERENCE.fullmatch(f"{{secret:{name}}}"):
        rule = "a secret is named in lower-case letters, digits and . _ : -"
        raise BadSecret(name, rule, "name it after its camera")
    if not secret or re.search(r"[\s\x00-\x1f\x7f{}]", secret):
        rule = "its secret is empty, or has a blank or a brace in it"
        raise BadSecret(name, rule, "write it as it stands in the address: %20 for a blank")
