"""What a shard found out: its areas' forecasts, their reasons, and how such forecasts did in rehearsal."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from forecasting.foretelling.feast import Feast
from forecasting.foretelling.forecast import Forecast, mean, rehearsed_scores
from forecasting.foretelling.why import Reasons
from forecasting.judging.choose import UNABLE
from forecasting.knowing.panel import Flags, Times
from forecasting.knowing.vintages import Floats, Ints
from lakehouse.tables import QUANTILES

MEDIAN = QUANTILES.index(0.5)


@dataclass(frozen=True)
class Outlook:
    """n areas: `bands` (n, horizon, quantiles) of the steps that start `at` (n, horizon), in city time.

    `means` (n, horizon) are what is expected, which is more than the median where much comes seldom.
    `truth` and `paths` (K, n, horizon) are what came and what was said at K past origins; `scores` has a
    row for each series and model.
    """

    ids: npt.NDArray[np.str_]
    names: npt.NDArray[np.str_]
    at: Times
    bands: Floats
    means: Floats
    reasons: Reasons
    truth: Floats
    paths: Floats
    scores: pd.DataFrame

    @classmethod
    def of(cls, made: Forecast, feast: Feast) -> "Outlook":
        """What is kept of a forecast that was made without the feast, which is put back here."""
        rehearsal, bands = made.rehearsal, feast.upon(made.published)
        return cls(
            made.panel.ids,
            made.choice.names,
            made.panel.future,
            bands,
            mean(bands),
            Reasons.of(made, feast),
            rehearsal.truth,
            made.rehearsed,
            rehearsed_scores(made),
        )

    @property
    def able(self) -> Flags:
        """(n,) which areas have a forecast."""
        able: Flags = ~np.isin(self.names, UNABLE)
        return able

    @property
    def median(self) -> Floats:
        """(n, horizon) the middle of the bands."""
        return self.bands[..., MEDIAN]

    def only(self, chosen: Ints) -> "Outlook":
        """Some of the areas, by number."""
        ids = self.ids[chosen]
        scores = self.scores[self.scores["unique_id"].isin(ids)] if len(self.scores) else self.scores
        return Outlook(
            ids,
            self.names[chosen],
            self.at[chosen],
            self.bands[chosen],
            self.means[chosen],
            self.reasons.only(chosen),
            self.truth[:, chosen],
            self.paths[:, chosen],
            scores,
        )

    @classmethod
    def joined(cls, parts: Sequence["Outlook"]) -> "Outlook":
        """The areas of several shards together, sorted; a shard's missing rehearsals are unknown."""
        count = max(len(part.truth) for part in parts)
        whole = cls(
            np.concatenate([part.ids for part in parts]),
            np.concatenate([part.names for part in parts]),
            np.concatenate([part.at for part in parts]),
            np.concatenate([part.bands for part in parts]),
            np.concatenate([part.means for part in parts]),
            Reasons.joined([part.reasons for part in parts]),
            np.concatenate([_padded(part.truth, count) for part in parts], axis=1),
            np.concatenate([_padded(part.paths, count) for part in parts], axis=1),
            pd.concat([part.scores for part in parts], ignore_index=True),
        )
        return whole.only(np.argsort(whole.ids))


def _padded(rehearsed: Floats, count: int) -> Floats:
    """Rehearsals are counted back from now, so that a younger shard lacks the earliest."""
    lacking = np.full((count - len(rehearsed), *rehearsed.shape[1:]), np.nan)
    return np.concatenate([lacking, rehearsed])
