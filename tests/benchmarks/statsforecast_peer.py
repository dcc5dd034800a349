"""MSTL or AutoETS of statsforecast, run by its own interpreter: python statsforecast_peer.py IN.npz OUT.npz.

IN holds `model`, `seasons`, `horizon`, `levels` and `y` (n, T) without gaps behind each series' beginning;
OUT the `bands` (n, horizon, 2 x levels + 1) and `cpu_s`, what they took without the imports.
"""

import sys
import time

import numpy as np
import pandas as pd
from statsforecast import StatsForecast, models

MODELS = {"mstl": models.MSTL, "autoets": models.AutoETS}


def bands(told):
    """From the lowest quantile to the highest, the path in the middle."""
    y, levels = told["y"], told["levels"].tolist()
    seasons = told["seasons"].tolist()
    one = MODELS[str(told["model"])](season_length=seasons if len(seasons) > 1 else seasons[0])
    series, steps = np.nonzero(np.isfinite(y))
    frame = pd.DataFrame({"unique_id": series, "ds": steps, "y": y[series, steps]})
    asked = StatsForecast(models=[one], freq=1, n_jobs=1)
    said = asked.forecast(df=frame, h=int(told["horizon"]), level=levels).sort_values(["unique_id", "ds"])
    (name,) = (column for column in said if column not in {"unique_id", "ds"} and "-" not in column)
    lower = [f"{name}-lo-{level}" for level in sorted(levels, reverse=True)]
    upper = [f"{name}-hi-{level}" for level in sorted(levels)]
    table = said[[*lower, name, *upper]].to_numpy(np.float64)
    return table.reshape(len(y), int(told["horizon"]), table.shape[1])


if __name__ == "__main__":
    asked = np.load(sys.argv[1])
    began = time.process_time()
    answer = bands(asked)
    np.savez(sys.argv[2], bands=answer, cpu_s=time.process_time() - began)
