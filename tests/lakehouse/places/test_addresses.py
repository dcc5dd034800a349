"""Addresses are kept and opened in one form, whoever wrote them."""

import pytest

from lakehouse.places.addresses import one_form, path_of, redact


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("RTSP://admin:Geheim@Host/Live", "rtsp://admin:Geheim@Host/Live"),
        (" Http://host/a.m3u8 ", "http://host/a.m3u8"),
        ("RTSPS://host", "rtsps://host"),
        ("FILE:///Data/A.mp4", "file:///Data/A.mp4"),
        ("Synthetic:7", "synthetic:7"),
        ("/Data/Cam:1.mp4", "/Data/Cam:1.mp4"),
        ("Jalan:1.mp4", "Jalan:1.mp4"),
        ("Rtsp.mp4", "Rtsp.mp4"),
        (" a b.mp4", " a b.mp4"),
    ],
)
def test_an_address_has_one_form(written, kept):
    """Its scheme is in small letters and no blank stands around it; a path is what it is."""
    assert one_form(written) == kept
    assert one_form(kept) == kept


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("file:///data/a%20b.mp4", "/data/a b.mp4"),
        ("file://localhost/data/a.mp4", "/data/a.mp4"),
        ("file:/data/a.mp4", "/data/a.mp4"),
        ("file:clips/a.mp4", "clips/a.mp4"),
        ("clips/50%20.mp4", "clips/50%20.mp4"),
    ],
)
def test_a_file_address_names_a_path(source, path):
    """Absolute or relative, with what is written in % undone; a path is what it is."""
    assert path_of(source) == path


def test_no_form_shows_a_password():
    """Whatever the scheme is written in, the password is not shown."""
    assert redact(one_form("RTSP://admin:geheim@host/s")) == "rtsp://***@host/s"
    assert redact("RTSP://admin:geheim@host/s") == "RTSP://***@host/s"
