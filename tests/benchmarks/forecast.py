"""`make bench-forecast`: the forecasts against what a planner could run instead, on public series.

Rolling origins, the same history and calendar for all, one thread, metrics by utilsforecast. Two models are
compared on the series and cut-offs that both answered, and a difference counts only where its bootstrap
interval over series and cut-offs excludes 0.
"""

import argparse
import os
import warnings
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from forecast_peers import Country, Tuned, able, timed

from forecasting.foretelling.feast import Feast
from forecasting.foretelling.forecast import forecast
from forecasting.foretelling.reconcile import Sums
from forecasting.foretelling.trial import MEMBERS, MODELS, country_days
from forecasting.judging.backtest import SCORES, scores
from forecasting.judging.choose import BLEND
from forecasting.judging.intervals import LEVELS
from forecasting.knowing.panel import Panel
from forecasting.knowing.series import calendar
from forecasting.models.naive import Naive
from forecasting.models.prophet import Prophet
from lakehouse.city.areas import Area, Areas
from lakehouse.city.tree import semarang

PROOF = Path("docs/proofs/forecast-bench.md")
ABSENT = """{folder} is not there. The series are public: pedestrian counts of the City of Melbourne (CC BY),
interstate volume (UCI and MnDOT, CC BY 4.0), Fremont bridge bicycles (City of Seattle), taxi demand and
trips of New York (NYC TLC), open counters of Basel and Zurich (CC0), Google's mobility of Indonesia, and the
2011 tourism competition (Monash copy, CC BY 4.0). Lay each as a long frame (unique_id, ds, y) in
DATA/NAME.parquet: {names}."""
BOOTSTRAPS = 2000
MEDIAN = int(np.argmin(np.abs(LEVELS - 0.5)))


@dataclass(frozen=True)
class Goal:
    """A score of the blend within bounds, or its gain over a peer."""

    what: str
    least: float = -np.inf
    most: float = np.inf
    over: str = ""


@dataclass(frozen=True)
class Contest:
    """One set of series with its protocol."""

    name: str
    files: tuple[str, ...]
    freq: str
    horizon: int
    cutoffs: int
    step: int
    country: str
    fewest: int
    """Known steps before the cut-off without which a series is not compared."""
    common: bool
    """Whether all series are cut at the same time, or each before its own last value."""
    peers: tuple[str, ...]
    goals: tuple[Goal, ...]


SURE = (Goal("coverage80", 0.78, 0.82), Goal("coverage95", 0.935, 0.965))
PROPHETS = ("prophet_default", "prophet_tuned", "prophet_multiplicative")
ALL = (*PROPHETS, "mstl", "autoets")
HOURLY = ("traffic_i94_hourly", "bike_fremont_hourly_weather", "taxi_nyc_hourly", "ped_melbourne4_hourly")
CONTESTS = {
    one.name: one
    for one in (
        Contest(
            *("ped_melbourne_hourly", ("ped_melbourne_hourly",), "h", 168, 3, 504, "AU-VIC", 2016, True),
            (*PROPHETS, "mstl"),
            (
                Goal("gain", 0.15, over="prophet_tuned"),
                Goal("gain", 0.15, over="prophet_multiplicative"),
                Goal("gain", 0.55, over="prophet_default"),
                Goal("gain", 0.05, over="base"),
                Goal("cpu_s", most=0.40),
                *SURE,
            ),
        ),
        Contest(
            *("eight_hourly", HOURLY, "h", 168, 1, 504, "US", 2016, False),
            (*PROPHETS, "mstl"),
            (
                Goal("gain", 0.35, over="prophet_tuned"),
                Goal("gain", 0.35, over="prophet_multiplicative"),
                Goal("coverage80", 0.72),
                Goal("coverage95", 0.88),
            ),
        ),
        Contest(
            *("trips_nyc_daily", ("trips_nyc_daily",), "D", 28, 4, 28, "US-NY", 200, True),
            ALL,
            (Goal("mase", most=1.40),),
        ),
        Contest(
            *("counters_basel_zurich_daily", ("counters_basel_zurich_daily",)),
            *("D", 28, 4, 28, "CH", 200, True),
            ALL,
            (Goal("mase", most=1.15), Goal("coverage80", 0.77, 0.83), Goal("coverage95", 0.93, 0.97)),
        ),
        Contest(
            *("mobility_indonesia_daily", ("mobility_indonesia_daily",), "D", 28, 4, 28, "ID", 120, True),
            ALL,
            (Goal("gain", 0.0, over="naive"),),
        ),
        Contest(
            *("tourism_comp_monthly", ("tourism_comp_monthly",), "MS", 24, 1, 12, "", 60, False),
            ("prophet_default", "autoets"),
            (Goal("mase", most=1.40), *SURE),
        ),
    )
}


@dataclass(frozen=True)
class Result:
    """`errors` by series, cut-off and model, `cpu_s` a series by model."""

    contest: Contest
    errors: pd.DataFrame
    cpu_s: pd.Series

    def gain(self, over):
        """By which share the blend's MASE is below a peer's, and the 95 % bootstrap interval of that."""
        wide = self.errors.pivot_table(index="unique_id", columns=["model", "cutoff"], values="mase")
        ours, theirs = (wide[name].reindex(columns=wide[BLEND].columns).to_numpy() for name in (BLEND, over))
        both = np.isfinite(ours) & np.isfinite(theirs)
        ours, theirs = np.where(both, ours, 0), np.where(both, theirs, 0)
        rng, found = np.random.default_rng(0), []
        for _ in range(BOOTSTRAPS):
            drawn = np.ix_(*(rng.integers(0, count, count) for count in both.shape))
            found += [1 - ours[drawn].sum() / theirs[drawn].sum()] if both[drawn].any() else []
        return (1 - ours.sum() / theirs.sum(), *np.quantile(found, [0.025, 0.975]))

    def means(self):
        """By model."""
        by_model = self.errors.groupby("model")
        return by_model[list(SCORES)].mean().assign(cpu_s=self.cpu_s, n=by_model.size())

    def verdict(self, goal):
        """The goal, what was found, and whether it holds."""
        if goal.what == "gain":
            gain, low, high = self.gain(goal.over)
            found = f"{gain:.1%} below {goal.over} ({low:.1%} to {high:.1%}), wanted {goal.least:.0%}"
            return line(found, gain >= goal.least and (low > 0 or goal.least == 0))
        value = self.means().loc[BLEND, goal.what]
        bounds = [f"{word} {bound:g}" for word, bound in (("from", goal.least), ("to", goal.most))]
        wanted = " ".join(text for text in bounds if "inf" not in text)
        return line(f"{goal.what} {value:.3f}, wanted {wanted}", goal.least <= value <= goal.most)

    def __str__(self):
        head = "model | compared | MASE | RMSSE | SQL | WQL | 80 % | 95 % | CPU s a series"
        rows = ["| " + head + " |", "|" + "---|" * (head.count("|") + 1)]
        for name, row in self.means().sort_values("mase").iterrows():
            unsure = {"sql", "wql", "coverage80", "coverage95", "cpu_s"} if name == "naive" else set()
            told = ["" if score in unsure else f"{row[score]:.3f}" for score in (*SCORES, "cpu_s")]
            rows.append(f"| {name} | {row['n']:.0f} | {' | '.join(told)} |")
        one = self.contest
        origins = "1 cut-off" if one.cutoffs == 1 else f"{one.cutoffs} cut-offs"
        title = f"## {one.name}: {one.horizon} steps, {origins}"
        return "\n".join([title, "", *rows, "", *map(self.verdict, one.goals)])


def line(found, holds):
    """One goal in words."""
    return f"- {found}: **{'holds' if holds else 'does not hold'}**"


def members():
    """What the blend is made of."""
    return [MODELS[name]() for name in MEMBERS]


def laid(contest, folder):
    """The contest's series with their holidays."""
    frames = [pd.read_parquet(folder / f"{name}.parquet") for name in contest.files]
    frame = pd.concat(frames)[["unique_id", "ds", "y"]]
    unit = "M" if contest.freq == "MS" else contest.freq
    origin = np.datetime64(frame["ds"].max(), unit) + 1 if contest.common else None
    panel = Panel.of(frame, contest.freq, contest.horizon, origin=origin)
    return panel.spread(country_days(panel, contest.country)) if contest.country else panel


def fair(contest, past, truth):
    """(n,) whether enough is known before the cut-off, lately too, and behind it."""
    lately = np.isfinite(past.y[:, -4 * past.frequency.season :]).mean(axis=1)
    moves = past.y[:, past.frequency.scale :] - past.y[:, : -past.frequency.scale]
    known = np.isfinite(past.y).sum(axis=1) >= contest.fewest
    return (
        known
        & (lately >= 0.8)
        & (np.isfinite(truth).mean(axis=1) >= 0.8)
        & (np.nan_to_num(moves) != 0).any(axis=1)
    )


def run(contest, panel, dear):
    """Ours on every series, the peers on every series or, where `dear` is less, on a sample of them."""
    tables, costs = [], []
    for cut in (contest.horizon + number * contest.step for number in reversed(range(contest.cutoffs))):
        past, truth = panel.cut(cut), panel.y[:, panel.steps - cut :][:, : contest.horizon]
        made, spent = timed(lambda past=past: forecast(past, members()))
        costs.append(pd.Series({**made.cpu_s, BLEND: spent}) / len(panel.ids))
        every = np.flatnonzero(fair(contest, past, truth))
        bands = {name: band[every] for name, band in made.bands.items()}
        naive = Naive().predict(past)[every]
        bands["naive"] = np.repeat(naive[..., None], len(LEVELS), axis=-1)
        tables.append(scores(past.only(every), truth[every], bands).assign(cutoff=cut))
        some = every[:: max(-(-len(every) // dear), 1)]
        for peer in able(contest.peers):
            band, spent = peer.run(past.only(some))
            costs.append(pd.Series({peer.name: spent / len(some)}))
            tables.append(scores(past.only(some), truth[some], {peer.name: band}).assign(cutoff=cut))
    return Result(contest, pd.concat(tables), pd.concat(costs).groupby(level=0).mean())


def veto(folder):
    """Prophet on the logarithm explodes on trips that shrink; it is put among the members all the same."""
    contest = CONTESTS["trips_nyc_daily"]
    panel = laid(contest, folder)
    past, truth = panel.cut(contest.horizon), panel.y[:, -contest.horizon :]
    made = forecast(past, [*members(), Prophet()])
    every = fair(contest, past, truth)
    told = scores(past.only(every), truth[every], {name: band[every] for name, band in made.bands.items()})
    mase = told.groupby("model")["mase"].mean()
    found = f"Prophet as a member on the last cut-off of trips_nyc_daily has {mase['prophet']:.2f}"
    found += f", the blend with it {mase[BLEND]:.2f}, the usual {mase['base']:.2f}, wanted no more"
    return line(found, mase[BLEND] <= mase["base"])


def cold_start(folder):
    """Every third sensor is given but its last week, and is forecast beside the others."""
    contest, ratios = CONTESTS["ped_melbourne_hourly"], []
    panel = laid(contest, folder)
    past, truth = panel.cut(contest.horizon), panel.y[:, -contest.horizon :]
    able_to = fair(contest, past, truth)
    for third in range(3):
        young = able_to & (np.arange(len(able_to)) % 3 == third)
        y = past.y.copy()
        y[young, :-168] = np.nan
        week = replace(past, y=y)
        said = forecast(week, members()).published[..., MEDIAN], Naive().predict(week)
        ours, naive = (np.nanmean(np.abs(path - truth)[young], axis=1) for path in said)
        ratios.append(ours / naive)
    mean = np.concatenate(ratios).mean()
    return line(
        f"cold start, 7 days of history: {mean:.2f} of its own seasonal naive, wanted 0.85", mean <= 0.85
    )


def cost(folder):
    """The sensors nine times over, each with noise of its own, against six of them by a tuned Prophet."""
    panel, rng = laid(CONTESTS["ped_melbourne_hourly"], folder), np.random.default_rng(0)
    many = panel.only(np.tile(np.arange(len(panel.ids)), 9))
    noisy = many.y * rng.lognormal(0, 0.05, many.y.shape)
    many = replace(many, ids=np.array([f"{n:04d}" for n in range(len(noisy))]), y=noisy)
    ours = timed(lambda: forecast(many, members()))[1] / len(noisy)
    some = np.arange(0, len(panel.ids), 4)
    theirs = Tuned().run(panel.only(some))[1] / len(some)
    found = f"a refresh of {len(noisy)} hourly series with intervals: {ours:.3f} CPU s a series"
    found += f", tuned Prophet {theirs:.2f}, {theirs / ours:.0f} times as much, wanted 20 times"
    found += f"; 10,000 series on 2 cores: {10_000 * ours / 2 / 60:.0f} minutes"
    return line(found, theirs >= 20 * ours)


def lebaran(_):
    """Daily counts that Eid raises for a week, asked for the Eid of 2027, whose date is only estimated."""
    origin, horizon, rng = np.datetime64("2026-11-01"), 140, np.random.default_rng(0)
    days = np.arange(np.datetime64("2022-01-01"), origin + horizon)
    to_eid = np.abs(calendar(days)["to_eid"].to_numpy())
    week = 1 + 0.3 * np.sin(days.astype(np.int64) % 7 * np.pi / 3)
    expected = 200 * rng.uniform(0.5, 2, (6, 1)) * week * (1 + 1.5 * np.clip(1 - to_eid / 4, 0, 1))
    past = days < origin
    names = np.repeat([f"{n:02d}" for n in range(6)], past.sum())
    counts = rng.poisson(expected[:, past]).ravel()
    frame = pd.DataFrame({"unique_id": names, "ds": np.tile(days[past], 6), "y": counts})
    panel = Panel.of(frame, "D", horizon, origin=origin).spread(calendar(days))
    feast = Feast.of(panel)
    ours = feast.upon(forecast(feast.without(panel), members()).published)[..., MEDIAN]
    near = to_eid[-horizon:] <= 3
    paths = ours, Country().bands(panel)[..., MEDIAN]
    off = [np.abs(path - expected[:, -horizon:])[:, near].mean() for path in paths]
    found = "Lebaran of an estimated date (synthetic): the error in its week is "
    found += f"{1 - off[0] / off[1]:.0%} below that of Prophet with country holidays, wanted 80%"
    return line(found, off[0] <= 0.2 * off[1])


def adding_up(_):
    """A city with 2,000 cameras, a day ahead, by the method that weighs each area by its own misses."""
    districts = [area.area_id for area in semarang().at_level("kelurahan")]
    hung = [
        Area(f"camera:{n}", districts[n % len(districts)], "camera", "", None, None, 0.0, 0.0)
        for n in range(2000)
    ]
    tree, rng = Areas([*semarang(), *hung]), np.random.default_rng(0)
    sums = Sums.of([area.area_id for area in tree], tree, [area.area_id for area in hung])
    truth = sums.added(rng.gamma(1, 20, (2000, 24)))
    path = truth * np.exp(rng.normal(0, 0.2, truth.shape))
    sums.reconciled(path, "wls_var", truth - path)  # so that the library is loaded
    found, spent = timed(lambda: sums.reconciled(path, "wls_var", truth - path))
    off, lowest = np.abs(found - sums.added(found[sums.bottoms])).max(), found.min()
    told = f"{len(path):,} nodes x 24 h: {spent:.3f} CPU s, wanted to 1; sums are off by {off:.0e} at most"
    return line(
        f"{told}, wanted to 1e-6; the lowest is {lowest:.2g}", spent <= 1 and off <= 1e-6 and lowest >= 0
    )


SINGLE = {"reconcile": adding_up, "veto": veto, "lebaran": lebaran, "cold_start": cold_start, "cost": cost}


def write(sections):
    """Put the sections where they stood in the proof, and leave the others as they are."""
    head, *old = PROOF.read_text().split("\n## ")
    kept = {text.split(":", 1)[0].split("\n", 1)[0]: text.rstrip() for text in old}
    for text in sections:
        body = text.removeprefix("## ")
        kept[body.split(":", 1)[0].split("\n", 1)[0]] = body
    tried = {name: text for name, text in kept.items() if name.startswith("What was tried")}
    order = {**{name: text for name, text in kept.items() if name not in tried}, **tried}
    PROOF.write_text("\n\n## ".join([head.rstrip(), *order.values()]) + "\n")


def main():
    """Run what is asked for, print it, and put it into the proof."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--data", type=Path, default=os.environ.get("DATA") or "../shared/data/series")
    asked.add_argument("--sets", default=",".join([*CONTESTS, *SINGLE]), help="with commas; all by default")
    asked.add_argument("--dear", type=int, default=24, help="series a cut-off that the peers run on")
    asked.add_argument("--write", action="store_true", help=f"put the tables into {PROOF}")
    words = asked.parse_args()
    warnings.filterwarnings("ignore")
    folder = Path(words.data)
    if not folder.is_dir():
        names = ", ".join(name for contest in CONTESTS.values() for name in contest.files)
        raise SystemExit(ABSENT.format(folder=folder, names=names))
    for name in words.sets.split(","):
        if name in CONTESTS:
            text = str(run(CONTESTS[name], laid(CONTESTS[name], folder), words.dear))
        else:
            text = f"## {name}\n\n{SINGLE[name](folder)}"
        print(text, end="\n\n", flush=True)
        if words.write:
            write([text])


if __name__ == "__main__":
    main()
