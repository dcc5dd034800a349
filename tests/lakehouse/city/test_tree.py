"""A tree of areas as a city writes one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lakehouse.city.tree import read, semarang
from lakehouse.problem import BadRegistry

HEAD = "area_id,parent_id,level,name,lat,lon,area_km2,population"
SALATIGA = (
    "33.73,,city,Salatiga,-7.33,110.50,54.98,",
    "33.73.01,33.73,kecamatan,Sidorejo,-7.31,110.49,,",
    "33.73.02,33.73,kecamatan,Tingkir,-7.35,110.52,10.55,45000",
    "33.73.02.1001,33.73.02,kelurahan,Kutowinangun Kidul,-7.33,110.51,,",
)


@pytest.fixture
def listed(tmp_path):
    """Write lines as a list of areas."""

    def write(*lines, head=HEAD):
        path = tmp_path / "areas.csv"
        path.write_text("\n".join([head, *lines]), encoding="utf-8-sig")
        return path

    return write


def test_any_citys_tree_is_read(listed):
    """Each area hangs in its parent, with what is known of it, and the kecamatan have places in the map."""
    tree = read(listed(*SALATIGA))
    assert tree.path("33.73.02.1001") == ("33.73.02.1001", "33.73.02", "33.73")
    city, tingkir = tree["33.73"], tree["33.73.02"]
    assert (tingkir.population, city.area_km2, city.population) == (45000, 54.98, None)
    tiles = [(area.tile_col, area.tile_row) for area in tree]
    assert tiles == [(None, None), (0, 0), (1, 0), (None, None)]


def test_the_shipped_tree_is_one_that_anybody_could_write(tmp_path):
    """Semarang's own list is read by the same rules, and comes out the same but for the places in the map."""
    path = tmp_path / "areas.csv"
    rows = [HEAD]
    rows += [
        f"{one.area_id},{one.parent_id or ''},{one.level},{one.name},{one.lat},{one.lon},"
        f"{one.area_km2 or ''},{one.population or ''}"
        for one in semarang()
    ]
    path.write_text("\n".join(rows))
    told = [(one.area_id, one.parent_id, one.name, one.population) for one in read(path)]
    assert told == [(one.area_id, one.parent_id, one.name, one.population) for one in semarang()]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (SALATIGA[1:], "0 of its areas have no parent"),
        ((*SALATIGA, "1,,city,Other,0,0,,"), "2 of its areas have no parent"),
        ((*SALATIGA, "33.73.09.1001,33.73.09,kelurahan,X,-7,110,,"), "'33.73.09', is not in it"),
        ((*SALATIGA, "33.73.03,33.73.02.1001,kecamatan,X,-7,110,,"), "is a kecamatan in a kelurahan"),
        ((*SALATIGA, "33.73.03,33.73,district,X,-7,110,,"), "'district'"),
        ((*SALATIGA, SALATIGA[1]), "line 6 has the id '33.73.01', taken"),
        ((*SALATIGA, "camera:x,33.73,rt,X,-7,110,,"), "line 6 has the id 'camera:x'"),
        ((*SALATIGA, "33.73.03,33.73,kecamatan,X,-7.x,110,,"), "line 6 holds no area"),
        ((*SALATIGA, "33.73.03,33.73,kecamatan"), "line 6 holds no area"),
        ((*SALATIGA, "33.73.03,33.73,kecamatan,X,110,-7,,"), "line 6 lies at 110.0"),
        ((*SALATIGA, "33.73.03,33.73,kecamatan,X,nan,-7,,"), "line 6 lies at nan"),
        ((), "0 of its areas"),
    ],
)
def test_what_is_no_tree_is_refused_with_its_line(listed, lines, reason):
    """The first line or area that cannot be is named, with what it should be."""
    with pytest.raises(BadRegistry) as told:
        read(listed(*lines))
    assert reason in str(told.value)


@pytest.mark.parametrize("missing", HEAD.split(",")[:6])
def test_a_missing_column_is_named(listed, missing):
    """Each of the columns that are needed is."""
    with pytest.raises(BadRegistry, match=f"no column {missing}"):
        read(listed(head=",".join(name for name in HEAD.split(",") if name != missing)))


def test_a_file_that_is_none_is_told(tmp_path):
    """What is not there, or is no text, is said to be so."""
    with pytest.raises(BadRegistry, match="cannot be read"):
        read(tmp_path / "absent.csv")
    (tmp_path / "picture.csv").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(BadRegistry, match="cannot be read"):
        read(tmp_path / "picture.csv")


@given(st.lists(st.tuples(st.floats(-8, -7), st.floats(110, 111)), max_size=30))
def test_every_kecamatan_has_a_place_of_its_own_in_the_map(tmp_path_factory, points):
    """However many there are and wherever they lie, no two share a tile, and north is above."""
    path = tmp_path_factory.mktemp("tree") / "areas.csv"
    lines = [f"c.{number},c,kecamatan,K,{lat},{lon},," for number, (lat, lon) in enumerate(points)]
    path.write_text("\n".join([HEAD, "c,,city,C,-7.5,110.5,,", *lines]))
    found = read(path).at_level("kecamatan")
    assert len({(area.tile_col, area.tile_row) for area in found}) == len(points)
    rows = sorted(found, key=lambda area: area.tile_row)
    assert all(a.lat >= b.lat for a in rows for b in rows if a.tile_row < b.tile_row)
