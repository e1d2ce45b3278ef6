"""Serving the application on this machine alone, until it is stopped."""

import errno
import socket

import uvicorn
from starlette.applications import Starlette

from letheia.errors import ConfigError

HOST = "127.0.0.1"
PORT = 8765
GRACE = 3
"""Seconds that an answer on its way gets when the server is stopped."""


def bound(port: int) -> socket.socket:
    """A socket of this machine's own, before a model is loaded; 0 takes any port that is free.

    Raises:
        ConfigError: The port is taken, or may not be used.
    """
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((HOST, port))
        found.listen()
    except OSError as error:
        found.close()
        why = "is in use" if error.errno == errno.EADDRINUSE else f"can't be used ({error.strerror})"
        raise ConfigError(f"--port {port}: {why}. Choose another, or 0 for any that is free.") from error
    return found


def address(at: socket.socket) -> str:
    """The address of a socket, for a browser."""
    return f"http://{HOST}:{at.getsockname()[1]}"


def server(app: Starlette) -> uvicorn.Server:
    """A server of the application, which logs nobody's questions; `run(sockets=[…])` serves until it is stopped."""
    return uvicorn.Server(
        uvicorn.Config(
            app, log_level="critical", access_log=False, server_header=False, timeout_graceful_shutdown=GRACE
        )
    )
