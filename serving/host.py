"""The page and the API in one process of this machine, without a cluster."""

import contextlib
import socket

from fastapi import FastAPI

from lakehouse.problem import Problem
from serving.api.wire.server import server

ADDRESS = "127.0.0.1"
"""Nobody else reaches it: what is public stands behind a proxy."""


class PortTaken(Problem):
    """Another program listens on this port of the machine. Stop it, or name another port."""

    slug = "port-taken"
    title = "The port is taken"


def host(app: FastAPI, port: int) -> None:
    """Answer until Ctrl-C; port 0 is a free one, and the address is printed.

    Raises:
        PortTaken: somebody else listens there.
    """
    with _listening(port) as listener:
        print(f"The page is on http://{ADDRESS}:{listener.getsockname()[1]}/ until Ctrl-C", flush=True)  # noqa: T201 - the command's answer
        with contextlib.suppress(KeyboardInterrupt):  # which uvicorn raises again once it has ended
            server(app, ADDRESS, port).run(sockets=[listener])


def _listening(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((ADDRESS, port))
        listener.listen()
    except OSError as error:
        listener.close()
        rule = f"nothing can listen there ({error.strerror})"
        raise PortTaken(port, rule, "stop the other program, or name another one with --port") from error
    return listener
