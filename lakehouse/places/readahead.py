"""A bucket's objects as Arrow reads them ahead, on threads of its own, and a process that ends after them.

Arrow asks for an object through Python, from threads that Python does not know. One that still reads while
the interpreter ends, since a scan was left before its end or its last answer was just given back, takes
the whole process down (SIGABRT, 'terminate called without an active exception'), after its work was done.
"""

import atexit
import time
from functools import cache
from typing import Any
from weakref import WeakSet

import pyarrow as pa
from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileSystem, PyFileSystem

PATIENCE_S = 10.0
"""How long the end of a process waits for reads; a scan that something still holds may never end."""
QUIET_S = 0.05
"""So long no object may have been open."""
STEP_S = 0.01
"""Between two looks."""


class _Object:
    """An open object of which it is known when Arrow lets it go."""

    def __init__(self, opened: Any) -> None:
        self._opened = opened

    def __getattr__(self, name: str) -> Any:
        return getattr(self._opened, name)


_open = WeakSet[_Object]()


class _Handler(DeltaStorageHandler):
    """Opens objects and knows which of them are open."""

    def open_input_file(self, path: str) -> pa.PythonFile:
        """An object for reading anywhere in it."""
        opened = _Object(self._handler.open_input_file(path))
        _open.add(opened)
        return pa.PythonFile(opened)


@cache  # kept for good: the last to let a handler go may be a thread of Arrow's, too
def filesystem(uri: str) -> FileSystem:
    """The prefix of a bucket as pyarrow reads it."""
    return PyFileSystem(_Handler(uri))


@atexit.register
def _end_after_reads() -> None:
    """Let the reads under way end before the interpreter does."""
    if not filesystem.cache_info().currsize:
        return
    give_up = time.monotonic() + PATIENCE_S
    quiet_s = 0.0  # between two objects of one scan none is open, for an instant
    while quiet_s < QUIET_S and time.monotonic() < give_up:
        time.sleep(STEP_S)
        quiet_s = 0.0 if _open else quiet_s + STEP_S
