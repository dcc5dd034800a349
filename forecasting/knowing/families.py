"""Who may tell a new camera: those of its kind of site nearby."""

from collections.abc import Collection, Mapping

from lakehouse.city.areas import Areas
from lakehouse.city.cameras import Camera


def families(
    ids: Collection[str], tree: Areas, cameras: Mapping[str, Camera], grown: Collection[str]
) -> dict[str, list[str]]:
    """By new camera, grown ones at its kind of site: in its kelurahan, else its kecamatan, else the city.

    A new area that is no camera, or a camera without its like, is not in it.
    """
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
