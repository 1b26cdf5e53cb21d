"""Exchange messages with another process of EchoStream over a Unix socket.

A message is a length of four bytes (big-endian) and a body of that length. Only the owner may
enter the socket's folder, so no other user can connect.
"""

import asyncio
import os
import socket
from pathlib import Path

_LENGTH_BYTES = 4
_LONGEST_PATH = 100  # bytes; Linux allows 107


class FrameError(Exception):
    """Raised when a message is cut off or too long."""


def frame(body: bytes) -> bytes:
    """Return the bytes of a message."""
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


async def read_frame(reader: asyncio.StreamReader, *, most: int) -> bytes:
    """Return the body of the next message.

    Raises:
        FrameError: it is cut off, or longer than `most` bytes.
    """
    try:
        length = int.from_bytes(await reader.readexactly(_LENGTH_BYTES), "big")
        if length > most:
            raise FrameError
        return await reader.readexactly(length)
    except (asyncio.IncompleteReadError, OSError):
        raise FrameError from None


def connect(path: Path) -> socket.socket:
    """Return a socket that is connected to the one at the path.

    Raises:
        OSError: no process listens there.
    """
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.setblocking(False)
    try:
        with _Address(path) as address:
            client.connect(address)
    except OSError:
        client.close()
        raise
    return client


def listen(path: Path, *, backlog: int) -> socket.socket:
    """Return a socket that listens at the path, in a folder that only its owner may enter."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700)
    path.unlink(missing_ok=True)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with _Address(path) as address:
        server.bind(address)
    server.listen(backlog)
    server.setblocking(False)
    return server


class _Address:
    """A path that is short enough for a socket. A long path is replaced by /proc/self/fd."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folder: int | None = None

    def __enter__(self) -> str:
        if len(os.fsencode(self._path)) <= _LONGEST_PATH:
            return str(self._path)
        self._folder = os.open(self._path.parent, os.O_RDONLY)
        return f"/proc/self/fd/{self._folder}/{self._path.name}"

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            os.close(self._folder)
