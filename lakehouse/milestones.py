"""The points of a job at which its process may die: whoever proves that nothing is lost kills it there."""

from collections.abc import Callable

watchers: list[Callable[[str], None]] = []
"""Called with the name of each milestone that is reached; empty but in a proof."""


def reach(milestone: str) -> None:
    """Say that a job has come so far, such as `compact: observations committed`."""
    for watcher in watchers:
        watcher(milestone)
