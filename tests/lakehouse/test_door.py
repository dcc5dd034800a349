"""The door of the command lines."""

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from lakehouse.door import Redacting, run
from lakehouse.places.addresses import redact
from lakehouse.problem import BadSource

HOUSE = Path(__file__).parents[2]


def door(error):
    """An app whose only command raises an error."""
    app = typer.Typer()

    @app.command()
    def fail():
        raise error

    return app


def test_a_problem_is_one_line_and_status_1(capsys, monkeypatch):
    """A problem is told in one line on stderr, without the password that it names."""
    monkeypatch.setattr("sys.argv", ["x"])
    with pytest.raises(SystemExit) as stopped:
        run(door(BadSource("rtsp://me:hunter2@host/x", "it does not answer", "check the address")))
    assert stopped.value.code == 1
    told = capsys.readouterr().err
    assert told == "error: 'rtsp://***@host/x': it does not answer; check the address\n"


def test_a_misspelt_option_is_status_2(capsys, monkeypatch):
    """An unknown option is refused before anything runs."""
    monkeypatch.setattr("sys.argv", ["x", "--nope"])
    with pytest.raises(SystemExit) as stopped:
        run(door(AssertionError()))
    assert stopped.value.code == 2
    assert "--nope" in capsys.readouterr().err


@pytest.mark.usefixtures("keyboard")
def test_ctrl_c_is_one_word_and_status_130(capsys, monkeypatch):
    """Who ends a command from the keyboard sees that it was interrupted, and no traceback."""
    monkeypatch.setattr("sys.argv", ["x"])
    app = typer.Typer()
    app.command()(lambda: signal.raise_signal(signal.SIGINT))
    with pytest.raises(SystemExit) as stopped:
        run(app)
    assert stopped.value.code == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.usefixtures("keyboard")
@pytest.mark.parametrize("room", ["lakehouse", "serving", "batch", "forecasting"])
def test_ctrl_c_while_a_room_is_loaded_shows_no_traceback(room, tmp_path):
    """The seconds in which a command loads its libraries are covered, too."""
    (tmp_path / "deltalake.py").write_text("import os, signal\nsignal.raise_signal(signal.SIGINT)\n")
    ways = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", str(HOUSE))])
    ended = subprocess.run(
        [sys.executable, "-m", room, "--help"],
        env={**os.environ, "PYTHONPATH": ways},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.stderr == "interrupted\n"
    assert ended.returncode == -signal.SIGINT


def test_another_error_keeps_its_traceback(capsys):
    """What nobody foresaw is shown in full."""
    try:
        raise ZeroDivisionError("told")  # noqa: TRY301 - the hook is what is tested
    except ZeroDivisionError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    assert "ZeroDivisionError: told" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("rtsp://me:pw@host/x", "rtsp://***@host/x"),
        (
            "see https://host/a?access_token=abc&page=2 there",
            "see https://host/a?access_token=***&page=2 there",
        ),
        ("s3://key:secret@bucket and rtsp://u:p@h", "s3://***@bucket and rtsp://***@h"),
        ("rtsp://host/path", "rtsp://host/path"),
    ],
)
def test_addresses_lose_their_secrets(text, told):
    """Users, passwords and keys of an address are replaced, and nothing else."""
    assert redact(text) == told


def test_a_log_line_has_no_password_even_in_its_traceback():
    """What an exception says is redacted too."""
    try:
        raise OSError("cannot open rtsp://me:pw@host/x")  # noqa: TRY301 - the traceback is what is tested
    except OSError as error:
        info = (type(error), error, error.__traceback__)
    record = logging.LogRecord("x", logging.ERROR, "x", 1, "lost %s", ("rtsp://me:pw@host/x",), info)
    told = Redacting("%(message)s").format(record)
    assert "pw" not in told
    assert "rtsp://***@host/x" in told
