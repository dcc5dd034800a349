"""Requests as they go over the wire, also such as no client library sends."""

import socket
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest


def said(client, text, within_s=10):
    """All that the server answers to `text` until it closes the connection."""
    address = urlsplit(str(client.base_url))
    with socket.create_connection((address.hostname, address.port), timeout=within_s) as line:
        line.sendall(text.encode())
        answer = b""
        while part := line.recv(65536):
            answer += part
    return answer.decode()


@pytest.fixture(scope="session")
def wire():
    """The words that these tests speak in."""
    return SimpleNamespace(said=said)
