"""Cold start: a new camera is forecast as its kin nearby are, until its own past is long enough."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from forecasting.forecast import mean
from forecasting.outlook import Outlook
from forecasting.panel import Panel
from forecasting.vintages import Floats, Ints
from lakehouse.areas import Areas
from lakehouse.cameras import Camera

KIN = "kin"
_GROWN_H = 28 * 24
"""A camera with so many known hours has a usual of its own."""
_LEAST_H = 24
"""With fewer known hours nothing is known of its level."""

Kin = Mapping[str, Sequence[str]]


def young(panel: Panel) -> Ints:
    """The numbers of the cameras whose past is short, but not nothing."""
    known = np.isfinite(panel.y).sum(axis=1)
    camera = np.char.startswith(panel.ids, "camera:") if len(panel.ids) else np.zeros(0, np.bool_)
    return np.flatnonzero(camera & (known >= _LEAST_H) & (known < _GROWN_H))


def kin(ids: Collection[str], tree: Areas, cameras: Mapping[str, Camera], grown: Collection[str]) -> Kin:
    """By new camera, grown ones at its kind of site: in its kelurahan, else its kecamatan, else the city."""
    found = {}
    for area_id in ids:
        camera = cameras.get(area_id.removeprefix("camera:"))
        if camera is None:
            continue
        alike = [
            area
            for area in sorted(set(grown) - {area_id})
            if (other := cameras.get(area.removeprefix("camera:"))) and other.site == camera.site
        ]
        for around in tree.path(camera.area_id):
            near = [
                area for area in alike if around in tree.path(cameras[area.removeprefix("camera:")].area_id)
            ]
            if near:
                found[area_id] = near
                break
    return found


def adopted(outlook: Outlook, panel: Panel, families: Kin) -> Outlook:
    """New cameras are told what their kin are, at their own level, less as their own past grows.

    Their scores are unknown: nothing of this could be rehearsed.
    """
    place = {str(area): number for number, area in enumerate(panel.ids)}
    bands, names = outlook.bands.copy(), outlook.names.astype(object)
    paths = outlook.paths.copy()
    for area_id, others in families.items():
        number = place[area_id]
        grown = [place[other] for other in others if other in place and outlook.able[place[other]]]
        if not grown:
            continue
        borrowed = np.mean([outlook.bands[one] * _level(panel.y, number, one) for one in grown], axis=0)
        own = np.isfinite(panel.y[number]).sum() / _GROWN_H
        bands[number] = own * np.nan_to_num(bands[number]) + (1 - own) * borrowed
        names[number], paths[:, number] = KIN, np.nan
    adopted_ids = outlook.ids[names == KIN]
    scores = outlook.scores
    scores = scores[~scores["unique_id"].isin(adopted_ids)] if len(scores) else scores
    return replace(
        outlook, bands=bands, means=mean(bands), names=names.astype(np.str_), paths=paths, scores=scores
    )


def _level(y: Floats, number: int, other: int) -> float:
    """How much more the one has than the other, over the hours that are known of both."""
    both = np.isfinite(y[number]) & np.isfinite(y[other])
    total = y[other, both].sum()
    return float(y[number, both].sum() / total) if total > 0 else 1.0
