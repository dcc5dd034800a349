"""The door of a room's command line: one line for an error, and no password in any line."""

import logging
import os
import sys
from typing import NoReturn

import typer

from lakehouse.places.addresses import redact
from lakehouse.problem import Problem


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


def run(app: typer.Typer) -> NoReturn:
    """Run a room's commands: a problem is one line on stderr and status 1, a misspelt option is status 2."""
    log_to_stderr()
    try:
        app()
    except Problem as problem:
        print(f"error: {redact(str(problem))}", file=sys.stderr)  # noqa: T201 - this is the command line
        sys.exit(1)
    sys.exit(0)
