"""For whom the server answers: under its own names only, so that no foreign page reads it through the DNS."""

import re
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.api.manners.problems import answer, told
from serving.api.manners.refusals import ForeignHost

OWN = ("127.0.0.1", "localhost", "[::1]")
"""Under these names everybody is asking this very machine."""

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s\[\]:/?#@]+?)\.?(:\d{0,5})?", re.IGNORECASE)


class Hosted:
    """Refuses a request for a host that is neither this machine nor named in `hosts`.

    A name that begins with a dot stands for all below it, and `*` for every host.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = ()) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in (*OWN, *hosts))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or self._is_own(scope):
            return await self._app(scope, receive, send)
        hosts = Headers(scope=scope).getlist("host")
        rule = f"this server is {', '.join(sorted(self._hosts))}"
        refused = ForeignHost(
            ", ".join(hosts), rule, "use one of these names, or add yours to MATAKOTA_HOSTS"
        )
        return await answer(told(refused))(scope, receive, send)

    def _is_own(self, scope: Scope) -> bool:
        hosts = Headers(scope=scope).getlist("host")
        if "*" in self._hosts or (not hosts and scope["http_version"] == "1.0"):
            return True
        match = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
        return match is not None and self._has(match[1].lower())

    def _has(self, host: str) -> bool:
        names = host.split(".")
        above = ("." + ".".join(names[place:]) for place in range(1, len(names)))
        return host in self._hosts or any(name in self._hosts for name in above)
