"""The door of a room's command line: one line for an error or Ctrl-C, and no password in any line.

A room's `__main__` imports it before anything else: loading the others takes seconds, too.
"""

import logging
import os
import sys
from collections.abc import Callable
from types import TracebackType
from typing import NoReturn

from lakehouse.places.addresses import redact
from lakehouse.problem import Problem

INTERRUPTED = 130
"""The status of a command that Ctrl-C ended: 128 and the number of SIGINT, as shells have it."""


def _unless_interrupted(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """Show what nobody caught, but Ctrl-C without its traceback."""
    if issubclass(kind, KeyboardInterrupt):
        _say("interrupted")
    else:
        sys.__excepthook__(kind, error, traceback)


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201 - this is the command line


sys.excepthook = _unless_interrupted


class Redacting(logging.Formatter):
    """Writes a record, its traceback included, without the secrets of its addresses."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as text."""
        return redact(super().format(record))


def log_to_stderr(level: str | None = None) -> None:
    """Send the logs to stderr; `level` (or MATAKOTA_LOG_LEVEL) is WARNING unless told."""
    handler = logging.StreamHandler()
    handler.setFormatter(Redacting("%(asctime)s %(levelname)s %(name)s %(message)s"))
    wanted = (level or os.environ.get("MATAKOTA_LOG_LEVEL", "WARNING")).upper()
    known = wanted in logging.getLevelNamesMapping()
    logging.basicConfig(level=wanted if known else "WARNING", handlers=[handler], force=True)
    if not known:
        logging.getLogger(__name__).warning("no log level is called %r: using WARNING", wanted)


def run(app: Callable[[], object]) -> NoReturn:
    """Run a room's commands.

    A problem is one line on stderr and status 1, a misspelt option is status 2, and Ctrl-C is one word
    and status 130.
    """
    log_to_stderr()
    try:
        app()
    except Problem as problem:
        _say(f"error: {redact(str(problem))}")
        sys.exit(1)
    except KeyboardInterrupt:
        _interrupted()
    except SystemExit as ended:
        if ended.code == INTERRUPTED:  # typer has caught it
            _interrupted()
        raise
    sys.exit(0)


def _interrupted() -> NoReturn:
    _say("interrupted")
    sys.exit(INTERRUPTED)
