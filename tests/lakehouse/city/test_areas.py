"""The tree of areas."""

from itertools import pairwise

import pytest

from lakehouse.city.areas import CITY, Area, Areas
from lakehouse.city.tree import semarang
from lakehouse.problem import BadTable, UnknownArea


@pytest.fixture(scope="module")
def areas():
    """The city's areas."""
    return semarang()


def test_the_city_has_16_kecamatan_and_177_kelurahan(areas):
    """The tree holds the city, 16 kecamatan and 177 kelurahan."""
    levels = ("city", "kecamatan", "kelurahan")
    assert [len(areas.at_level(level)) for level in levels] == [1, 16, 177]
    assert len(areas) == 194


def test_every_path_ends_at_the_city(areas):
    """From each area one comes to the city, over one parent a level."""
    for area in areas:
        path = areas.path(area.area_id)
        assert path[-1] == CITY
        assert len(path) == 1 + ["city", "kecamatan", "kelurahan"].index(area.level)
        assert all(inner.startswith(outer) for inner, outer in pairwise(path))


def test_areas_below_are_found_by_level(areas):
    """Below the city are all others; below a kecamatan are its own kelurahan only."""
    assert len(areas.below(CITY)) == 193
    assert len(areas.below(CITY, "kelurahan")) == 177
    assert {area.parent_id for area in areas.below("33.74.05")} == {"33.74.05"}
    assert len(areas.below("33.74.05")) == 13


def test_the_hexagons_are_distinct_and_resemble_the_map(areas):
    """Each kecamatan has a tile of its own; tiles lie east and south as the kecamatan do."""
    kecamatan = areas.at_level("kecamatan")
    assert len({(area.tile_col, area.tile_row) for area in kecamatan}) == 16
    coast = {area.name for area in kecamatan if area.tile_row == 0}
    assert coast == {"Tugu", "Semarang Barat", "Semarang Utara", "Genuk"}
    by_name = {area.name: area for area in kecamatan}
    assert by_name["Mijen"].tile_col < by_name["Gunungpati"].tile_col < by_name["Banyumanik"].tile_col
    assert by_name["Banyumanik"].tile_col < by_name["Tembalang"].tile_col
    assert all(area.tile_col is None for area in areas.at_level("kelurahan"))


def test_an_unknown_area_is_named(areas):
    """Asking for an area that is none names it, and says how to list them."""
    with pytest.raises(UnknownArea, match=r"33\.74\.99.*python -m lakehouse areas"):
        areas["33.74.99"]


def test_an_area_needs_its_parent():
    """A tree with a parent missing is refused."""
    with pytest.raises(BadTable, match="its parent '33' is no area"):
        Areas([Area("33.74", "33", "city", "x", None, None, -7.0, 110.4)])


def test_the_table_gives_the_areas_back(areas, lake):
    """What is written to a lake is read back."""
    lake.replace("areas", areas.table())
    assert list(Areas.read(lake)) == list(areas)
