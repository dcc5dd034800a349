"""An upgrade that dies on its way.

Run as `python dying.py LAKE N` it brings a lake to the format of this release, and dies at the N-th point
that it comes to.
"""

import os
import signal
import sys
from itertools import count

from lakehouse import milestones
from lakehouse.upgrades.upgrade import upgrade


def upgraded(root, nth, steps=None):
    """Upgrade a lake, and say how; die where it was asked for."""
    passes = count(1)

    def watch(_point):
        if next(passes) == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    milestones.watchers.append(watch)
    sys.stdout.writelines(f"{line}\n" for line in upgrade(root, apply=True, steps=steps))


if __name__ == "__main__":
    upgraded(sys.argv[1], int(sys.argv[2]))
