"""Secrets: kept outside of the lake, put back where a source is opened, and told to nobody."""

import csv
import json
import logging
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from lakehouse.__main__ import app
from lakehouse.city import cameras
from lakehouse.door import Redacting
from lakehouse.places.addresses import redact
from lakehouse.places.secrets import Secrets, put_away
from lakehouse.problem import BadSecret, BadSource
from lakehouse.store import Lake
from lakehouse.tables import TABLES


@pytest.fixture
def secrets(monkeypatch, tmp_path):
    """A file of secrets of this test's own."""
    monkeypatch.setenv("MATAKOTA_SECRETS", str(tmp_path / "kept" / "secrets.json"))
    return Secrets.of_settings()


ADDRESSES = {
    "rtsp://admin:hunter2@10.1.2.3:554/live": "rtsp://{secret:cam}@10.1.2.3:554/live",
    "rtsp://admin:hun@ter2@10.1.2.3/live": "rtsp://{secret:cam}@10.1.2.3/live",
    "rtsp://admin@10.1.2.3/live": "rtsp://{secret:cam}@10.1.2.3/live",
    "https://h/a.m3u8?token=abc&channel=1": "https://h/a.m3u8?token={secret:cam}&channel=1",
    "http://h/v?channel=1&userPassword=a/b": "http://h/v?channel=1&userPassword={secret:cam}",
    "rtsp://u:p@h/v?access_key=k": "rtsp://{secret:cam}@h/v?access_key={secret:cam:2}",
    "rtsp://h:554/user=admin_password=tlJwpbo6_channel=1": "rtsp://h:554/user=admin_password={secret:cam}",
    "rtsp://h/live": "rtsp://h/live",
    "rtsp://{secret:other}@h/live": "rtsp://{secret:other}@h/live",
    "http://h/v?token=": "http://h/v?token=",
}


@pytest.mark.parametrize(("address", "kept"), ADDRESSES.items())
def test_an_address_is_taken_apart_and_put_together_again(secrets, address, kept):
    """A reference stands for each secret, survives redaction, and resolves to the very same address."""
    referring, found = put_away("cam", address)
    assert referring == kept == redact(kept)
    secrets.put({**found, "other": "u:p"})
    assert secrets.resolve(referring) == address.replace("{secret:other}", "u:p")


def test_the_file_is_its_owners_alone(secrets):
    """Nobody else has a right to it or to its folder, and nothing is left beside it."""
    secrets.put({"cam-1": "u:p"})
    secrets.put({"cam-2": "v:q"})
    assert json.loads(secrets.path.read_text()) == {"cam-1": "u:p", "cam-2": "v:q"}
    assert [path.stat().st_mode & 0o777 for path in (secrets.path, secrets.path.parent)] == [0o600, 0o700]
    assert list(secrets.path.parent.iterdir()) == [secrets.path]


def test_the_same_secrets_are_not_written_again(secrets):
    """What is kept already leaves the file alone."""
    secrets.put({"cam-1": "u:p"})
    before = secrets.path.stat().st_ino
    secrets.put({"cam-1": "u:p"})
    assert secrets.path.stat().st_ino == before


def test_a_missing_secret_is_named_with_the_remedy(secrets):
    """Opening a source whose secret is not here says which one, and how it is given."""
    with pytest.raises(BadSource, match=r"\{secret:cam-17\}.*secrets set cam-17"):
        secrets.resolve("rtsp://{secret:cam-17}@10.1.2.3/live")


def test_a_file_that_others_may_read_is_refused(secrets):
    """As ssh does it."""
    secrets.put({"cam-1": "u:p"})
    secrets.path.chmod(0o644)
    with pytest.raises(BadSecret, match="chmod 600"):
        secrets.resolve("rtsp://{secret:cam-1}@h/x")


def test_a_damaged_file_is_named_and_not_repeated(secrets):
    """What stands in a torn file is not told."""
    secrets.put({"cam-1": "geheim"})
    secrets.path.write_text('{"cam-1": "geheim')
    with pytest.raises(BadSecret) as refused:
        secrets.names()
    assert "geheim" not in str(refused.value)
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(
    ("name", "secret"), [("Cam", "u:p"), ("", "u:p"), ("cam", ""), ("cam", "u: p"), ("cam", "u:{p}")]
)
def test_what_cannot_stand_in_an_address_is_refused(secrets, name, secret):
    """A name with capitals, an empty secret, a blank or a brace; the secret is not repeated."""
    with pytest.raises(BadSecret) as refused:
        secrets.put({name: secret})
    assert "p" not in str(refused.value).partition(":")[0]
    assert not secrets.path.exists()


def test_secrets_are_set_from_stdin_and_listed_by_name(secrets):
    """The command takes the secret from stdin, and no command shows it."""
    done = CliRunner().invoke(app, ["secrets", "set", "cam-17"], input="admin:hunter2\n")
    listed = CliRunner().invoke(app, ["secrets", "list"])
    assert listed.stdout == "cam-17\n"
    assert "hunter2" not in done.output + listed.output
    assert secrets.resolve("{secret:cam-17}") == "admin:hunter2"


WORDS = ("zqhunter", "zqhorse")
_SPECIAL = st.text("/?#@:&%'\" +;=,[]{}\\|~_-.", max_size=3)


def addresses(special):
    """Addresses with a password of two words and something between, as people write them."""
    sloppy = special.join(WORDS)
    right = quote(sloppy, safe="")
    return [
        f"rtsp://admin:{right}@10.1.2.3/live",
        f"rtsp://admin:{sloppy}@10.1.2.3/live",
        f"https://10.1.2.3/a.m3u8?token={right}&x=1",
        f"rtsp://10.1.2.3/user=admin&password={right}&channel=1",
        f"ftp://admin:{sloppy}@10.1.2.3/live",
        f"admin:{sloppy}@10.1.2.3/live",
    ]


@pytest.mark.slow
@given(st.lists(_SPECIAL, min_size=1, max_size=3))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_password_comes_into_a_table_or_an_output(tmp_path_factory, specials):
    """Whatever a password holds and wherever it stands, no half of it is seen again but by the source."""
    folder = tmp_path_factory.mktemp("import")
    lake = Lake.create(folder / "lake")
    given = [address for special in specials for address in addresses(special)]
    rows = [
        [f"Pos {number}", "Pekunden", "-6.985", "110.4157", address, "aktif"]
        for number, address in enumerate(given)
    ]
    rows += [["rtsp://u:zqhunter@h/x", "Pekunden", "-6.985", "110.4157", "rtsp://h/x", "aktif"]]
    rows += [["Pos", "rtsp://u:zqhunter@h/x", "-6.985", "110.4157", "rtsp://h/x", "aktif"]]
    with (folder / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["location", "kelurahan", "lat", "lon", "url", "status"], *rows])
    environment = {"MATAKOTA_SECRETS": str(folder / "secrets.json")}
    words = ["cameras", "import", str(folder / "list.csv"), "--lake", lake.root]
    said = [CliRunner(env=environment).invoke(app, [*words, *more]) for more in ([], ["--partial"], [])]
    said.append(CliRunner(env=environment).invoke(app, ["cameras", "--lake", lake.root]))
    told = "".join(f"{done.output}{done.exception!r}" for done in said)
    told += "".join(str(lake.read(name).to_pydict()) for name in TABLES)
    told += "".join(
        path.read_bytes().decode("latin-1") for path in Path(lake.root).rglob("*") if path.is_file()
    )
    assert not [word for word in WORDS if word in told]
    kept = Secrets(folder / "secrets.json")
    opened = {kept.resolve(camera.source) for camera in cameras.read(lake).values()}
    assert {address for address in opened if "zq" in address} <= set(given)
    assert f"rtsp://admin:{quote(specials[0].join(WORDS), safe='')}@10.1.2.3/live" in opened


@given(_SPECIAL.filter(lambda special: not set(special) & {" ", "/"}))
def test_no_log_line_repeats_a_password(special):
    """A log record loses the password of an address, well written or not."""
    for address in addresses(special)[:4]:
        record = logging.LogRecord("x", logging.ERROR, "x", 1, "lost %r: it ended", (address,), None)
        told = Redacting("%(message)s").format(record)
        assert not [word for word in WORDS if word in told], told
