"""Let Python sleep under libfaketime 0.9.10, whose `clock_nanosleep` to a monotonic deadline fails.

It takes the wall clock's offset from the deadline though it leaves the monotonic clock alone (EINVAL);
`select` it leaves as it is.
"""

import select
import time


def _sleep(seconds: float) -> None:
    select.select((), (), (), seconds)


time.sleep = _sleep
