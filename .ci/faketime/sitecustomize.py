"""What libfaketime 0.9.10 leaves undone for Python: sleeping, and the times of files.

Its `clock_nanosleep` to a monotonic deadline fails (EINVAL), since it takes the wall clock's offset from the
deadline though it leaves the monotonic clock alone; `select` works. And it does not know the call by which
Python asks for a file's times, which would then lie months before the present.
"""

import os
import select
import time
from typing import Any

_AHEAD_S = int(os.environ.get("FAKETIME", "0"))
_TIMES = slice(7, 10)
_stat = os.stat


def _sleep(seconds: float) -> None:
    select.select((), (), (), seconds)


def _stat_ahead(*given: Any, **named: Any) -> os.stat_result:
    kind, (ten, more) = _stat(*given, **named).__reduce__()
    ten = (*ten[:7], *(at + _AHEAD_S for at in ten[_TIMES]))
    ahead = {name: _AHEAD_S * (10**9 if name.endswith("_ns") else 1) for name in more if "time" in name}
    return kind(ten, {name: value + ahead.get(name, 0) for name, value in more.items()})


time.sleep = _sleep
os.stat = _stat_ahead
os.supports_fd.add(_stat_ahead)
os.supports_follow_symlinks.add(_stat_ahead)
os.supports_dir_fd.add(_stat_ahead)
