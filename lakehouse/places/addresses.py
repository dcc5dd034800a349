"""Addresses of streams and stores, in one form, and without the secrets that people put into them."""

import re
from urllib.parse import unquote

REFERENCE = re.compile(r"\{secret:(?P<name>[a-z0-9][a-z0-9._:-]*)\}")
"""What stands in an address for a secret that is kept elsewhere; no real address has a brace."""

NAMED = r"(?<=[?&;/#_])(?i:[\w-]*(?:token|key|pass|passwd|password|pwd|secret|sig|signature|auth)=)"
"""The names of what nobody else may know, in a query or, as some recorders want it, in a path."""

_KEPT = r"(?!\{secret:[^{}\s]+\})"
_USER = re.compile(rf"(?<=://){_KEPT}(?:[^/\s:@]+:(?!\d{{1,5}}(?:[/?#\s]|$))\S*|[^/\s]*)@")
"""A user and a password, up to the last @ since either may hold one: better too much than too little."""

_KEY = re.compile(rf"({NAMED}){_KEPT}(?:[^&\s'\"]|['\"](?![\s:,]|$))+")

SCHEMES = ("rtsp", "rtsps", "http", "https", "file", "synthetic")
"""What an address of a camera may begin with; anything else is a path."""

_SCHEME = re.compile(rf"(?i:{'|'.join(SCHEMES)})(?=:)")


def one_form(source: str) -> str:
    """An address as it is kept and opened: its scheme in small letters, no blank around it. A path stays."""
    address = source.strip()
    scheme = _SCHEME.match(address)
    return scheme[0].lower() + address[scheme.end() :] if scheme else source


def path_of(source: str) -> str:
    """The path that a `file:` address in its one form names, absolute or relative. A path stays."""
    if not source.startswith("file:"):
        return source
    return unquote(re.sub("^//(localhost(?=/))?", "", source.removeprefix("file:")))


def redact(text: str) -> str:
    """The text without the user names, passwords and keys of the addresses in it."""
    return _KEY.sub(r"\1***", _USER.sub("***@", text))
