"""Lists of cameras: what cities and neighbourhoods write is read, and what cannot be used is told by line."""

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from lakehouse import registry
from lakehouse.__main__ import app
from lakehouse.city import cameras
from lakehouse.city.areas import Areas
from lakehouse.city.cameras import WHOLE_PICTURE
from lakehouse.places.secrets import Secrets
from lakehouse.problem import BadRegistry, BadSecret
from serving.watching.sources import SCHEMES

CITYS = ("location", "kelurahan", "rt", "rw", "latitude", "longitude", "liveViewUrl", "status")
GOOD = {
    "location": "Pos Ronda", "kelurahan": "Pekunden", "rt": "03", "rw": "02", "latitude": "-6.98529",
    "longitude": "110.41570", "liveViewUrl": "rtsp://10.1.2.3:554/stream", "status": "aktif",
}  # fmt: skip
RT = "33.74.01.1013.002.003"


@pytest.fixture(autouse=True)
def secrets(monkeypatch, tmp_path):
    """A file of secrets of this test's own."""
    monkeypatch.setenv("MATAKOTA_SECRETS", str(tmp_path / "kept" / "secrets.json"))
    return Secrets.of_settings()


@pytest.fixture
def listed(tmp_path):
    """Write a list as CSV; each row is the good one but for what is told."""

    def write(*rows, delimiter=",", encoding="utf-8"):
        text = io.StringIO()
        told = [{**GOOD, **row} for row in rows]
        columns = dict.fromkeys(name for row in told for name in row)
        writer = csv.DictWriter(text, columns, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(told)
        file = tmp_path / "list.csv"
        file.write_bytes(text.getvalue().encode(encoding))
        return file

    return write


@pytest.fixture
def load(lake):
    """Import a list by the command."""

    def run(file, *options):
        return CliRunner().invoke(app, ["cameras", "import", str(file), "--lake", lake.root, *options])

    return run


def reasons(lake, file):
    """Why the rows of a list are refused, by place."""
    return dict(registry.plan(lake, file, "RW").rejected)


def only(lake):
    """The one camera of a lake."""
    (camera,) = cameras.read(lake).values()
    return camera


def test_a_camera_hangs_in_its_rt(lake, listed, load):
    """The city's columns make a camera whose RT and RW come into the tree of areas below its kelurahan."""
    done = load(listed(GOOD), "--owner", "RW 02")
    assert done.stdout == "1 cameras imported, 1 of them new or changed\n"
    camera = only(lake)
    assert (camera.name, camera.owner, camera.source) == ("Pos Ronda", "RW 02", GOOD["liveViewUrl"])
    assert (camera.lat, camera.lon, camera.zones) == (-6.98529, 110.4157, WHOLE_PICTURE)
    areas = Areas.read(lake)
    leaf = f"camera:{camera.camera_id}"
    assert areas.path(leaf) == (leaf, RT, RT[:17], "33.74.01.1013", "33.74.01", "33.74")
    assert [(areas[one].level, areas[one].name) for one in (RT, RT[:17])] == [
        ("rt", "RT 03 / RW 02"),
        ("rw", "RW 02"),
    ]


@pytest.mark.parametrize(
    "row",
    [
        {"kelurahan": "Kel. Pekunden"},
        {"kelurahan": "KELURAHAN PEKUNDEN"},
        {"rt": "RT 03 / RW 02", "rw": ""},
        {"rt": "", "rw": "RW.02 RT.03"},
        {"rt": "003/002", "rw": ""},
        {"rt": "RT 3", "rw": "RW 002"},
        {"latitude": "-6,98529", "longitude": "110,41570"},
        {"kelurahan": "", "area_id": "33.74.01.1013"},
        {"status": ""},
        {"status": "AKTIF"},
    ],
    ids=str,
)
def test_people_write_the_same_in_many_ways(lake, listed, row):
    """Prefixes, case, padding, decimal commas and RT and RW in one cell are all understood."""
    camera = registry.plan(lake, listed(row), "RW").cameras
    assert [(one.area_id, one.lat, one.lon) for one in camera.values()] == [(RT, -6.98529, 110.4157)]


@pytest.mark.parametrize(
    ("delimiter", "encoding", "ends"),
    [(";", "utf-8", "\r\n"), (",", "utf-8-sig", "\r\n"), ("\t", "utf-8", "\n"), (";", "utf-8-sig", "\n")],
)
def test_what_spreadsheets_write_is_read(lake, listed, delimiter, encoding, ends):
    """Semicolons, tabs, a byte order mark and the line ends of any system do not matter."""
    file = listed({"location": "Jalan Pemuda, utara"}, delimiter=delimiter, encoding=encoding)
    file.write_bytes(file.read_bytes().replace(b"\r\n", ends.encode()))
    (camera,) = registry.plan(lake, file, "RW").cameras.values()
    assert camera.name == "Jalan Pemuda, utara"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    ("first", "delimiter"),
    [("sep=;", ";"), ("SEP=;", ";"), ('"sep=;"', ";"), ("sep=\t", "\t"), ("sep=,", ",")],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_spreadsheets_own_first_line_says_what_stands_between_cells(
    lake, listed, first, delimiter, ends, encoding
):
    """`sep=;` before the header is understood, and a bad row keeps its line's number."""
    file = listed({"latitude": "-6,98529"}, {"location": "Pos 2", "latitude": "x"}, delimiter=delimiter)
    text = f"{first}\r\n{file.read_text()}".replace("\r\n", "\n").replace("\n", ends)
    file.write_bytes(text.encode(encoding))
    made = registry.plan(lake, file, "RW")
    assert [camera.lat for camera in made.cameras.values()] == [-6.98529]
    assert [where for where, _ in made.rejected] == ["line 4"]


def test_geojson_is_read(lake, tmp_path):
    """A point's coordinates are the camera's, its properties the columns; what is no point is refused."""
    properties = {**{name: GOOD[name] for name in ("location", "kelurahan", "liveViewUrl")}, "rt": 3, "rw": 2}
    shapes = [("Point", [110.4157, -6.98529]), ("LineString", [[110.4, -7.0], [110.5, -7.0]])]
    features = [
        {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": where}}
        for kind, where in shapes
    ]
    file = tmp_path / "list.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    made = registry.plan(lake, file, "RW")
    assert [(camera.area_id, camera.lat) for camera in made.cameras.values()] == [(RT, -6.98529)]
    assert made.rejected == [("feature 2", "it has no lat")]


def test_our_own_columns_are_read(lake, listed, load):
    """A list may say all that a camera has, zones included; a second list keeps what it does not speak of."""
    zone = {"zone_id": "gate", "purpose": "entrance", "corners": [[0, 0.5], [1, 0.5]]}
    own = {"camera_id": "Gapura 7", "owner": "RT", "fps": "4", "zones": json.dumps([zone]), "width": "1920"}
    assert load(listed({**own, "area_id": "33.74.01.1013", "kelurahan": ""})).exit_code == 0
    assert load(listed({"camera_id": "Gapura 7", "location": "Gapura"})).exit_code == 0
    camera = only(lake)
    assert (camera.camera_id, camera.version, camera.name) == ("gapura-7", 2, "Gapura")
    assert (camera.owner, camera.fps, camera.width, camera.zones[0].zone_id) == ("RT", 4.0, 1920, "gate")


BAD = {
    "unknown": ({"kelurahan": "Pekundan"}, "'Pekundan'; do you mean Pekunden (Semarang Tengah), "),
    "unlike any": ({"kelurahan": "Xyzzy"}, "no kelurahan is called 'Xyzzy'"),
    "ambiguous": ({"kelurahan": "Purwosari"}, "Semarang Utara (33.74.02.1004) and Mijen (33.74.14.1005)"),
    "elsewhere": ({"kecamatan": "Mijen"}, "'Pekunden' is in Semarang Tengah (33.74.01.1013), not in 'Mijen'"),
    "none": ({"kelurahan": ""}, "names no kelurahan"),
    "no area": ({"area_id": "33.74.99"}, "no area has the id '33.74.99'"),
    "too large": ({"area_id": "33.74.01"}, "33.74.01 is no kelurahan"),
    "swapped": ({"latitude": "110.4157", "longitude": "-6.98529"}, "are swapped"),
    "outside": ({"latitude": "-6.2", "longitude": "106.8"}, "lies outside of the city"),
    "no number": ({"latitude": "6°59'S"}, 'lat "6°59\'S" is no number of degrees'),
    "no point": ({"longitude": ""}, "it has no lon"),
    "RT alone": ({"rw": ""}, "names RT 3 without its RW"),
    "RT of words": ({"rt": "tiga"}, "'tiga' is no number of an RT"),
    "no scheme": ({"liveViewUrl": "10.1.2.3/stream"}, "begins with none of http://"),
    "other scheme": ({"liveViewUrl": "ftp://10.1.2.3/stream"}, "begins with none of http://"),
    "no host": ({"liveViewUrl": "rtsp:///stream"}, "no host"),
    "no address": ({"liveViewUrl": ""}, "no address, and is not inactive"),
    "status": ({"status": "entah"}, "the status 'entah' is none"),
    "fps": ({"fps": "many"}, "fps: "),
    "zones": ({"zones": "{"}, "zones is no JSON"),
    "nameless": ({"location": ""}, "neither an id nor a location"),
}


@pytest.mark.parametrize(("row", "said"), BAD.values(), ids=BAD)
def test_a_bad_row_is_told_by_line_and_reason(lake, listed, row, said):
    """Each way in which a row is bad is said, with the line that it stands on."""
    told = reasons(lake, listed({"location": "Good"}, row))
    assert list(told) == ["line 3"]
    assert said in told["line 3"]


def test_an_ambiguous_kelurahan_needs_its_kecamatan(lake, listed):
    """Of two kelurahan of one name the kecamatan tells which."""
    row = {"kelurahan": "Purwosari", "kecamatan": "Kec. Mijen", "rt": "", "rw": ""}
    (camera,) = registry.plan(lake, listed(row), "RW").cameras.values()
    assert camera.area_id == "33.74.14.1005"


def test_an_id_stands_on_one_line_only(lake, listed):
    """Of two rows of one camera the second is refused, whether the id was given or made."""
    file = listed(GOOD, GOOD, {"camera_id": "a"}, {"camera_id": "A"})
    told = reasons(lake, file)
    assert list(told) == ["line 3", "line 5"]
    assert told["line 3"].startswith("line 2 has the camera pos-ronda-rw02-rt03-")
    assert told["line 5"] == "line 4 has the camera a already"


def test_lines_are_those_of_the_file(lake, tmp_path):
    """Empty lines and cells of several lines are counted as an editor counts them."""
    head = ",".join(CITYS)
    good = ",".join(GOOD[name] for name in CITYS)
    torn = good.replace("Pos Ronda", '"Pos\nRonda"')
    text = f"\n{head}\n\n{torn}\n{good.replace('aktif', 'entah')}\n"
    (tmp_path / "list.csv").write_text(text)
    assert list(reasons(lake, tmp_path / "list.csv")) == ["line 6"]


def test_nothing_is_imported_of_a_list_with_a_bad_row(lake, listed, load, secrets):
    """The status is 1, every bad row is told, and neither the lake nor the secrets change."""
    versions = lake.version("cameras"), lake.version("areas")
    file = listed({"liveViewUrl": "rtsp://u:p@10.1.2.3/s"}, {"status": "entah"}, {"latitude": "x"})
    done = load(file)
    assert done.exit_code == 1
    assert isinstance(done.exception, BadRegistry)
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == ["line 3", "line 4"]
    assert (lake.version("cameras"), lake.version("areas")) == versions
    assert secrets.names() == []


def test_the_good_rest_is_imported_when_asked_for(lake, listed, load):
    """With --partial the good rows come in, and how many were refused is said."""
    done = load(listed(GOOD, {"status": "entah"}), "--partial")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1] == "1 cameras imported, 1 of them new or changed, 1 rejected"
    assert len(cameras.read(lake)) == 1


def test_importing_again_changes_nothing(lake, listed, load):
    """The same list makes no new version of any table, and the cameras keep their ids."""
    file = listed(GOOD, {"location": "Gapura"})
    load(file)
    versions = lake.version("cameras"), lake.version("areas")
    assert versions == (1, 1)
    assert load(file).stdout == "2 cameras imported, 0 of them new or changed\n"
    assert (lake.version("cameras"), lake.version("areas")) == versions


def test_a_changed_row_makes_a_new_version_of_its_camera(lake, listed, load):
    """What a row says otherwise than before holds from now on, for that camera alone."""
    load(listed(GOOD, {"location": "Gapura"}))
    load(listed({"liveViewUrl": "rtsp://10.1.2.9/other", "latitude": "-6.985"}, {"location": "Gapura"}))
    told = {camera.name: (camera.version, camera.source) for camera in cameras.read(lake).values()}
    assert told == {"Pos Ronda": (2, "rtsp://10.1.2.9/other"), "Gapura": (1, GOOD["liveViewUrl"])}


def test_an_inactive_camera_is_there_without_a_source(lake, listed, load):
    """It is in the lake, and no shard will watch it until a list says that it is active."""
    load(listed({"status": "Tidak Aktif"}))
    assert (len(cameras.read(lake)), cameras.with_source(lake)) == (1, [])
    load(listed(GOOD))
    assert cameras.with_source(lake) == [only(lake).camera_id]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it has no row"),
        (b"\xff\xfe\x00", "not UTF-16"),
        (b"\xff\xd8\xff", "not UTF-8"),
        (b"location,latitude\nx,1\n", "it has no column kelurahan or area_id"),
        (b'{"type": "Feature"}', "no GeoJSON FeatureCollection"),
        (None, "it cannot be read"),
    ],
    ids=["empty", "half", "bytes", "columns", "geojson", "absent"],
)
def test_a_file_that_is_no_list_is_refused(lake, tmp_path, content, said):
    """It is said of the whole file, with the remedy."""
    file = tmp_path / "list"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BadRegistry, match=said):
        registry.plan(lake, file, "RW")


def test_a_row_with_too_many_cells_is_refused(lake, tmp_path):
    """A decimal comma without quotes moves every cell behind it."""
    cells = [GOOD[name].replace("-6.98529", "-6,98529") for name in CITYS]
    (tmp_path / "list.csv").write_text(f"{','.join(CITYS)}\n{','.join(cells)}\n")
    assert "it has 9 cells, and the header 8" in reasons(lake, tmp_path / "list.csv")["line 2"]


def test_secrets_do_not_lie_in_the_lake(lake, listed, monkeypatch):
    """A file of secrets that would be copied with the lake is refused before anything is written."""
    monkeypatch.setenv("MATAKOTA_SECRETS", f"{lake.root}/secrets.json")
    made = registry.plan(lake, listed({"liveViewUrl": "rtsp://u:p@10.1.2.3/s"}), "RW")
    with pytest.raises(BadSecret, match="inside the lake"):
        registry.carry_out(made, lake, Secrets.of_settings())
    assert cameras.read(lake) == {}


def test_bare_cameras_lists_them(lake, listed, load):
    """`cameras` alone goes on listing what hangs where."""
    load(listed({"camera_id": "gapura"}))
    done = CliRunner().invoke(app, ["cameras", "--lake", lake.root])
    assert done.stdout.split()[:2] == ["gapura", RT]


@pytest.mark.parametrize("scheme", ["RTSP", "Rtsp", "rtsp"])
def test_a_scheme_is_kept_in_small_letters(lake, listed, load, scheme):
    """Whatever letters a list writes it in, what is kept can be opened; the rest of the address stays."""
    load(listed({"camera_id": "gapura", "liveViewUrl": f" {scheme}://10.1.2.3/Live "}))
    assert cameras.read(lake)["gapura"].source == "rtsp://10.1.2.3/Live"


def test_what_is_imported_can_be_watched():
    """Every scheme that an address may have is one that a source reads."""
    assert SCHEMES.keys() >= registry.STREAMS


@pytest.mark.parametrize("source", ["file:///srv/clips/street.mp4", "FILE:clips/street.mp4", "synthetic:7"])
def test_a_clip_may_stand_in_for_a_camera(lake, listed, load, source):
    """For a trial a file is a source like any other, in its one form."""
    assert load(listed({"liveViewUrl": source})).exit_code == 0
    assert only(lake).source == source.replace("FILE", "file")


def test_a_clip_without_a_name_is_none(lake, listed):
    """A mere `file:` is refused, and so is a folder."""
    assert "line 2" in reasons(lake, listed({"liveViewUrl": "file:"}))
    assert "line 2" in reasons(lake, listed({"liveViewUrl": "file:///srv/clips/"}))
