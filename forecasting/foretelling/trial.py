"""A backtest of any long frame from anywhere: forecasts from its own past, and how good they were."""

from dataclasses import dataclass
from pathlib import Path

import holidays
import numpy as np
import pandas as pd

from forecasting.foretelling.forecast import Forecast, forecast, mean
from forecasting.judging.backtest import SCORES, cpu_s, scores
from forecasting.judging.choose import BLEND
from forecasting.knowing.frame import AS_WRITTEN, Told, judged, untold
from forecasting.knowing.frequency import frequency
from forecasting.knowing.notation import Notation
from forecasting.knowing.panel import Panel
from forecasting.models import Model
from forecasting.models.boosted import Boosted
from forecasting.models.naive import Naive
from forecasting.models.prophet import Prophet
from forecasting.models.smoothing import Smoothing
from forecasting.models.usual_week import UsualWeek
from lakehouse.problem import BadTable, UnknownParameter
from lakehouse.tables import QUANTILES, quantile_column

MODELS = {"base": UsualWeek, "boosted": Boosted, "smoothing": Smoothing, "prophet": Prophet, "naive": Naive}
MEMBERS = ("base", "boosted", "smoothing")


@dataclass(frozen=True)
class Outcome:
    """`forecasts` by step, `scores` by series, cut-off and model, `cpu_s` a series and refresh by model."""

    forecasts: pd.DataFrame
    scores: pd.DataFrame
    cpu_s: pd.Series

    def write(self, path: Path) -> None:
        """The forecasts as parquet, and their scores beside them as NAME.scores.parquet."""
        self.forecasts.to_parquet(path, index=False)
        self.scores.to_parquet(path.with_suffix(".scores.parquet"), index=False)

    def __str__(self) -> str:
        means = self.scores.groupby("model")[list(SCORES)].mean().assign(cpu_s=self.cpu_s)
        table = means.sort_values("mase").round(3).to_string(na_rep="-")
        unscaled = self.scores.loc[self.scores["mase"].isna(), "unique_id"].nunique()
        never = f"\nundefined (-) for {unscaled:,} series that are the same in every season: mase, rmsse, sql"
        return table + (never if unscaled else "")


@dataclass(frozen=True)
class Trial:
    """What is tried: `cutoffs` origins, `step` apart, counted back from each series' own last value."""

    freq: str
    horizon: int
    cutoffs: int
    step: int | None = None
    models: tuple[str, ...] = ()
    """The members of the blend, unless some are named."""
    future: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    holidays: str = ""
    notation: Notation = AS_WRITTEN

    def run(self, frame: pd.DataFrame, told: Told = untold) -> Outcome:
        """Forecast the frame's own past; `told` hears of every cut-off that is done.

        Raises:
            BadTable: the frame has not the columns, or nothing in it is long enough.
            UnknownParameter: there is no such model or country.
        """
        models = self._models()
        step = self.step or frequency(self.freq).step
        spare = self.horizon + (self.cutoffs - 1) * step
        read = judged(frame, frequency(self.freq), self.future, self.static, self.notation, told)
        panel = Panel.laid(read, self.horizon, spare=spare, told=told)
        if not np.isfinite(panel.y).any():
            raise BadTable("y", "nothing is known of it in any row", "give a past to forecast from")
        panel = panel.spread(country_days(panel, self.holidays)) if self.holidays else panel
        cuts = [self.horizon + number * step for number in reversed(range(self.cutoffs))]
        cuts = [cut for cut in cuts if cut < panel.steps]
        if not cuts:
            rule = f"no series has more than the {self.horizon} steps to predict"
            raise BadTable(panel.steps, rule, "give a longer past, or a shorter horizon")
        tried = []
        for number, cut in enumerate(cuts, start=1):
            tried.append(_tried(panel, cut, models))
            told(f"cut-off {number} of {len(cuts)}: {len(panel.ids)} series")
        forecasts, scored, costs = (list(parts) for parts in zip(*tried, strict=True))
        return Outcome(pd.concat(forecasts), pd.concat(scored), pd.concat(costs).groupby(level=0).mean())

    def _models(self) -> list[Model]:
        for name in self.models:
            if name not in MODELS:
                raise UnknownParameter(name, f"the models are {', '.join(MODELS)}", "name some of these")
        return [MODELS[name]() for name in dict.fromkeys(("base", *(self.models or MEMBERS)))]


def _tried(panel: Panel, cut: int, models: list[Model]) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    end = panel.steps - cut
    past = panel.cut(cut).recent()
    began = cpu_s()
    made = forecast(past, models)
    spent = pd.Series({**made.cpu_s, BLEND: cpu_s() - began}) / max(len(panel.ids), 1)
    truth = panel.y[:, end : end + panel.horizon]
    cutoffs = dict(zip(past.ids.tolist(), _last_known(past), strict=True))
    told = scores(past, truth, made.bands)
    return _rows(made), told.assign(cutoff=told["unique_id"].map(cutoffs)), spent


def _last_known(past: Panel) -> np.ndarray:
    return (past.origins - past.frequency.stride).astype("M8[ns]")


def _rows(made: Forecast) -> pd.DataFrame:
    """Of every model that had an answer, a row a step."""
    past = made.panel
    steps = {
        "unique_id": np.repeat(past.ids, past.horizon),
        "cutoff": np.repeat(_last_known(past), past.horizon),
        "ds": past.future.astype("M8[ns]").ravel(),
    }
    tables = []
    for model, bands in made.bands.items():
        flat = bands.reshape(-1, len(QUANTILES))
        quantiles = {quantile_column(q): flat[:, number] for number, q in enumerate(QUANTILES)}
        tables.append(pd.DataFrame({**steps, "model": model, **quantiles, "mean": mean(flat)}))
    return pd.concat(tables).dropna(subset=["mean"])


def country_days(panel: Panel, country: str) -> pd.DataFrame:
    """The holidays of a country or of a part of it (ID, AU-VIC), on the panel's own steps."""
    code, _, part = country.partition("-")
    series = np.arange(len(panel.ids))[:, None]
    times = np.unique(panel.times(series, np.arange(panel.steps + panel.horizon)[None]))
    years = range(times[0].astype("M8[Y]").item().year, times[-1].astype("M8[Y]").item().year + 2)
    try:
        found = holidays.country_holidays(code, subdiv=part or None, years=years)
    except NotImplementedError as error:
        raise UnknownParameter(country, "no holidays are known of it", "write ID or AU-VIC") from error
    days = np.array(sorted(found), dtype="M8[D]")
    return pd.DataFrame({"holiday": np.isin(times.astype("M8[D]"), days).astype(np.float64)}, index=times)
