"""`python -m forecasting`: its two verbs, and what it says to those who misspell them."""

import pandas as pd
import pytest
from typer.testing import CliRunner

from forecasting.__main__ import app
from forecasting.foretelling import trial
from forecasting.foretelling.trial import Trial
from forecasting.models.boosted import Boosted
from lakehouse.problem import BadLake, BadTable, BadTime, Problem, UnknownParameter


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Few trees suffice to see that everything is in its place."""
    monkeypatch.setitem(trial.MODELS, "boosted", lambda: Boosted(rows=1500, bags=2, trees=10))


@pytest.fixture
def source(tmp_path, long):
    """A parquet file of two daily series, with a column that is known beforehand."""
    path = tmp_path / "series.parquet"
    long(n=2, days=300, freq="D").assign(fair=0.0, town="x").to_parquet(path)
    return path


def _call(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.mark.slow
def test_a_backtest_writes_every_forecast_and_prints_the_scores(source, tmp_path):
    """A row a forecast, the scores beside it, and a table by model."""
    out = tmp_path / "out.parquet"
    told = _call(
        "backtest",
        "--input",
        source,
        "--freq",
        "D",
        "--horizon",
        14,
        "--cutoffs",
        2,
        "--out",
        out,
        "--future",
        "fair",
        "--static",
        "town",
    )
    assert told.exit_code == 0, told.output
    for word in (
        "mase",
        "rmsse",
        "sql",
        "wql",
        "coverage80",
        "coverage95",
        "cpu_s",
        "base",
        "boosted",
        "smoothing",
        "blend",
        "cut-off 2 of 2",
    ):
        assert word in told.output
    rows = pd.read_parquet(out)
    assert {"unique_id", "cutoff", "ds", "model", "q05", "q50", "q95", "mean"} <= set(rows.columns)
    assert rows.groupby(["unique_id", "cutoff", "model"]).size().eq(14).all()
    assert (rows["ds"] > rows["cutoff"]).all()
    assert {"unique_id", "cutoff", "model", "mase"} <= set(
        pd.read_parquet(tmp_path / "out.scores.parquet").columns
    )


def test_cutoffs_count_back_from_each_series_own_end(long):
    """Series that end at different times are each tried before their own end."""
    frame = long(n=2, days=200, freq="D")
    frame = frame[(frame["unique_id"] == "s0") | (frame["ds"] < "2026-06-01")]
    done = Trial("D", 7, 1, models=("base",)).run(frame)
    ends = frame.groupby("unique_id")["ds"].max()
    assert (done.forecasts.groupby("unique_id")["ds"].max() == ends).all()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("run", "--lake", "nowhere"), BadLake),
        (("run", "--lake", "nowhere", "--at", "yesterday"), Problem),
    ],
)
def test_what_cannot_be_used_is_refused(words, problem):
    """Each wrong value is a problem that names it."""
    assert isinstance(_call(*words).exception, problem)


@pytest.mark.parametrize("horizon", ["7", "week", "0d", "-3h"])
def test_a_horizon_that_is_none_is_refused(lake, horizon):
    """It is a number of hours or of days."""
    told = _call("run", "--lake", lake.root, f"--horizon={horizon}")
    assert isinstance(told.exception, BadTime)


@pytest.mark.parametrize("at", ["yesterday", "2026-11-23T10:00:00"])
def test_a_time_without_an_offset_is_refused(lake, at):
    """A time is written with its offset."""
    assert isinstance(_call("run", "--lake", lake.root, "--at", at).exception, BadTime)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"models": ("tea_leaves",)}, UnknownParameter),
        ({"holidays": "XX"}, UnknownParameter),
        ({"horizon": 999}, BadTable),
    ],
)
def test_a_backtest_that_makes_no_sense_is_refused(change, problem, long):
    """Unknown models and countries, and horizons beyond the past, are named."""
    asked = {"freq": "D", "horizon": 7, "cutoffs": 1} | change
    with pytest.raises(problem):
        Trial(**asked).run(long(n=1, days=60, freq="D"))


def _backtest(path, out, *words):
    return _call("backtest", "--input", path, "--horizon", 7, "--models", "base", "--out", out, *words)


def test_midnights_of_a_zone_are_forecast_like_bare_days(tmp_path, long):
    """The calendar follows the wall clock that the stamps carry, holidays included."""
    outs, days = [], long(n=1, days=200, freq="D")
    for name, ds in (("bare", days["ds"]), ("zoned", days["ds"].dt.tz_localize("Europe/Berlin"))):
        path, out = tmp_path / f"{name}.parquet", tmp_path / f"{name}.out.parquet"
        days.assign(ds=ds).to_parquet(path)
        told = _backtest(path, out, "--freq", "D", "--holidays", "DE")
        assert told.exit_code == 0, told.output
        outs.append(pd.read_parquet(out))
    pd.testing.assert_frame_equal(*outs)


@pytest.mark.slow
def test_csv_as_a_european_spreadsheet_writes_it_is_read_as_declared(tmp_path, long):
    """It gives what parquet gives; undeclared it is refused before anything is written."""
    days, out = long(n=1, days=200, freq="D"), tmp_path / "out.parquet"
    days["y"] += 1000.5
    days.to_parquet(tmp_path / "days.parquet")
    text = days.assign(
        ds=days["ds"].dt.strftime("%d/%m/%Y"),
        y=days["y"].map(lambda y: f"{y:,.1f}".translate({44: ".", 46: ","})),
    )
    text.to_csv(tmp_path / "days.csv", sep=";", index=False, encoding="utf-16")
    refused = _backtest(tmp_path / "days.csv", out, "--freq", "D")
    assert isinstance(refused.exception, BadTable)
    assert not out.exists()
    told = _backtest(tmp_path / "days.csv", out, "--freq", "D", "--dates", "DD/MM/YYYY", "--decimal", ",")
    assert told.exit_code == 0, told.output
    found = pd.read_parquet(out)
    _backtest(tmp_path / "days.parquet", out, "--freq", "D")
    pd.testing.assert_frame_equal(found, pd.read_parquet(out))


def test_a_file_that_is_no_table_is_refused(tmp_path):
    """The file is named, and nothing is written."""
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    out = tmp_path / "out.parquet"
    told = _call("backtest", "--input", path, "--freq", "D", "--horizon", 7, "--out", out)
    assert isinstance(told.exception, BadTable)
    assert not out.exists()
