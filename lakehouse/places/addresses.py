"""Addresses of streams and stores, without the secrets that people put into them."""

import re

REFERENCE = re.compile(r"\{secret:(?P<name>[a-z0-9][a-z0-9._:-]*)\}")
"""What stands in an address for a secret that is kept elsewhere; no real address has a brace."""

NAMED = r"(?<=[?&;/#_])(?i:[\w-]*(?:token|key|pass|passwd|password|pwd|secret|sig|signature|auth)=)"
"""The names of what nobody else may know, in a query or, as some recorders want it, in a path."""

_KEPT = r"(?!\{secret:[^{}\s]+\})"
_USER = re.compile(rf"(?<=://){_KEPT}(?:[^/\s:@]+:(?!\d{{1,5}}(?:[/?#\s]|$))\S*|[^/\s]*)@")
"""A user and a password, up to the last @ since either may hold one: better too much than too little."""

_KEY = re.compile(rf"({NAMED}){_KEPT}(?:[^&\s'\"]|['\"](?![\s:,]|$))+")


def redact(text: str) -> str:
    """The text without the user names, passwords and keys of the addresses in it."""
    return _KEY.sub(r"\1***", _USER.sub("***@", text))
