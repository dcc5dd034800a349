"""How many detector replicas the cameras ask for: a policy over the frames that they offer.

Serve's controller imports this module: it imports nothing but the standard library.
"""

import math
from collections.abc import Mapping
from typing import Any

OFFERED = "offered_fps"
"""What a shard reports: frames a second that its cameras offered, those that were dropped included."""


class OfferedFrames:
    """Enough replicas of `detector` for what the replicas of `shards` offer.

    A bounded queue that drops what is late hides how much there is to do, so the frames offered are
    counted and not those that wait. `fps_a_replica` is what one replica looks at in a second, of which
    only the share `filled` is planned with.
    """

    def __init__(
        self, fps_a_replica: float, filled: float = 0.85, detector: str = "Detector", shards: str = "Shard"
    ) -> None:
        if fps_a_replica <= 0 or not 0 < filled <= 1:
            raise ValueError(f"{fps_a_replica=} must be above 0, and {filled=} in (0, 1]")
        self._fps_planned = fps_a_replica * filled
        self._detector, self._shards = detector, shards

    def __call__(self, contexts: Mapping[Any, Any]) -> tuple[dict[Any, int], dict[Any, Any]]:
        """Replicas by deployment; a deployment that is not named keeps what it has."""
        by_name = {identity.name: (identity, context) for identity, context in contexts.items()}
        _, shards = by_name.get(self._shards, (None, None))
        identity, detector = by_name.get(self._detector, (None, None))
        offered = ((shards and shards.aggregated_metrics) or {}).get(OFFERED) or {}
        if not offered or detector is None:
            return {}, {}
        wanted = math.ceil(sum(offered.values()) / self._fps_planned)
        least, most = detector.capacity_adjusted_min_replicas, detector.capacity_adjusted_max_replicas
        return {identity: max(least, min(most, wanted))}, {}
