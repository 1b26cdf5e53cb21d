"""Read WebSockets for readers: frames, and beats between them, by which silence shows."""

import time
from collections.abc import Iterator, Mapping, Sequence

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from foundation.errors import ReadError
from ingestion.reader import Context
from ingestion.readers.clients.responses import LATER, retry_after

MAX_FRAME_BYTES = 32 * 1024 * 1024
BEAT_S = 0.1  # without a frame for so long, the reader gets a beat
_PING_S = 20.0
# Frames read ahead. From 1,024 on, the socket is not read until 256 are left, so TCP slows the
# sender and memory stays bounded.
_QUEUE = (
    1024,
    256,
)


class HandshakeRefusedError(ReadError):
    """Raised when the server refuses the handshake."""

    def __init__(self, path: str, status: int, body: bytes, wait_s: float | None = None) -> None:
        super().__init__(f"{path} refused the websocket with {status}")
        self.status = status
        self.body = body
        self.wait_s = wait_s


class StreamClosedError(ReadError):
    """Raised when a stream ended or went silent."""


def frames(
    url: str,
    path: str,
    context: Context,
    *,
    headers: Mapping[str, str] | None = None,
    subprotocols: Sequence[Subprotocol] = (),
) -> Iterator[bytes | None]:
    """Yield a server's frames as bytes, and None for each beat without a frame.

    It ends only with an error.

    Args:
        url: the address with its query; no message shows it, because it can hold a token.
        path: the stream's name in messages.
        context: the reader's context.
        headers: the headers of the handshake.
        subprotocols: the subprotocols that the handshake offers.

    Raises:
        HandshakeRefusedError: the server answered the handshake with an HTTP error.
        StreamClosedError: the connection ended, could not be made, or was silent for longer than
            `timeout_s`.
    """
    trouble = context.telemetry.trouble
    try:
        with connect(
            url,
            additional_headers=headers,
            subprotocols=list(subprotocols) or None,
            compression=None,
            max_size=MAX_FRAME_BYTES,
            max_queue=_QUEUE,
            open_timeout=context.timeout_s,
            ping_interval=_PING_S,
            ping_timeout=_PING_S,
            close_timeout=1,
            legacy=True,
        ) as socket:
            yield from _received(socket, path, context)
    except InvalidStatus as error:
        status = error.response.status_code
        trouble(f"http_{status}")
        answer_headers = {name.lower(): text for name, text in error.response.headers.raw_items()}
        wait_s = retry_after(answer_headers, context.clock()) if status in LATER else None
        raise HandshakeRefusedError(
            path, status, bytes(error.response.body or b""), wait_s
        ) from None
    except (InvalidHandshake, InvalidURI, TimeoutError, OSError):
        trouble("unreachable")
        raise StreamClosedError(f"{path} cannot be reached") from None
    except ConnectionClosed:
        trouble("closed")
        raise StreamClosedError(f"{path} closed the stream") from None


def _received(socket: ClientConnection, path: str, context: Context) -> Iterator[bytes | None]:
    heard_at = time.monotonic()
    while True:
        try:
            frame = socket.recv(timeout=BEAT_S)
        except TimeoutError:
            if time.monotonic() - heard_at > context.timeout_s:
                context.telemetry.trouble("silent")
                raise StreamClosedError(f"{path} was silent for {context.timeout_s:g} s") from None
            yield None
            continue
        heard_at = time.monotonic()
        yield frame.encode() if isinstance(frame, str) else frame
