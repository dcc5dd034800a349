"""What only a door refuses: a form that there is not, a foreign host, and who is too slow or too many."""

from typing import ClassVar

from lakehouse.problem import Problem


class Refusal(Problem):
    """A problem of the request itself, and not of what it asks for; `headers` say how to go on."""

    @property
    def headers(self) -> dict[str, str]:
        """What the answer carries beside the problem."""
        return {}


class NotAcceptable(Refusal):
    """None of the forms that the header Accept allows. Leave the header out, or accept one that there is."""

    slug = "not-acceptable"
    title = "No such form of the answer"
    status = 406

    @property
    def headers(self) -> dict[str, str]:
        """Another Accept would have been answered otherwise."""
        return {"Vary": "Accept"}


class UnknownScenario(Problem):
    """A scenario that was never run. The message says the command that runs it."""

    slug = "unknown-scenario"
    title = "No such scenario"
    status = 404


class ForeignHost(Refusal):
    """A host that this server is not. Ask it under its own name, or add that name to MATAKOTA_HOSTS."""

    slug = "foreign-host"
    title = "Not this server's host"
    status = 421


class TooSlow(Refusal):
    """A body that did not arrive whole in time. Send a smaller one, or over a faster line."""

    slug = "too-slow"
    title = "The body took too long"
    status = 408


class Busy(Refusal):
    """More requests at once than this server takes. Wait for as long as Retry-After says, and ask again."""

    slug = "busy"
    title = "The server has its hands full"
    status = 503
    RETRY_AFTER_S: ClassVar[int] = 2

    @property
    def headers(self) -> dict[str, str]:
        """When it is worth to ask again."""
        return {"Retry-After": str(self.RETRY_AFTER_S)}
