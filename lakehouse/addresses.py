"""Addresses of streams and stores, without the secrets that people put into them."""

import re

_USER = re.compile(r"(?<=://)[^/\s@]+@")
_KEY = re.compile(r"(?i)([?&](?:[\w-]*(?:token|key|pass|password|pwd|secret|sig|signature|auth))=)[^&\s'\"]+")


def redact(text: str) -> str:
    """The text without the user names, passwords and keys of the addresses in it."""
    return _KEY.sub(r"\1***", _USER.sub("***@", text))
