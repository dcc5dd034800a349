"""Rounds: a job again and again, until it is told to stop."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

log = logging.getLogger(__name__)


def every(period_s: float, job: Callable[[], None]) -> None:
    """Do a job each `period_s` until Ctrl-C or SIGTERM, which lets the round that is running come to its end.

    A round that fails is logged, and the next one tries again. A second signal ends at once.
    """
    with _stop_asked() as stop:
        while not stop.is_set():
            due = time.monotonic() + period_s
            _try(job)
            stop.wait(max(0.0, due - time.monotonic()))


def _try(job: Callable[[], None]) -> None:
    try:
        job()
    except Exception:
        log.exception("this round failed, and the next one tries again")


@contextmanager
def _stop_asked() -> Iterator[threading.Event]:
    stop = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
