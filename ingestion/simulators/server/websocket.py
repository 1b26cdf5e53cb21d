"""Serve a scenario's events over a WebSocket, with its faults between them."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from threading import Event, Thread
from typing import TYPE_CHECKING

from ingestion.simulators.server.scenario import FaultKind, ScenarioEvent
from ingestion.simulators.server.state import Faults, World

if TYPE_CHECKING:
    from websockets.http11 import Request, Response
    from websockets.sync.server import ServerConnection

STREAM_FAULTS: tuple[FaultKind, ...] = ("close", "silence", "not_json", "html")
_LOOK_EVERY_S = 0.02
Refusal = tuple[HTTPStatus, Mapping[str, str]]


@contextmanager
def websocket_server(
    bind: tuple[str, int],
    frames: Callable[[str, Event], Iterator[str]],
    *,
    refusal: Callable[[str, Mapping[str, str]], Refusal | None],
) -> Iterator[int]:
    """Serve WebSockets inside the `with` block, and yield the port.

    Args:
        bind: host and port; port 0 takes any.
        frames: yields the frames for a connection's path until the event is set.
        refusal: returns the answer that refuses a handshake, by path and headers; None accepts.
    """
    from websockets.exceptions import ConnectionClosed  # noqa: PLC0415  # an extra
    from websockets.sync.server import serve  # noqa: PLC0415  # an extra

    stopping = Event()

    def refuse(connection: "ServerConnection", request: "Request") -> "Response | None":
        refused = refusal(request.path, request.headers)
        return refused and connection.respond(refused[0], json.dumps(refused[1]))

    def handle(connection: "ServerConnection") -> None:
        assert connection.request is not None  # noqa: S101  # after the handshake there is one
        with suppress(ConnectionClosed):
            for frame in frames(connection.request.path, stopping):
                connection.send(frame)

    server = serve(
        handle,
        *bind,
        process_request=refuse,
        compression=None,
        select_subprotocol=lambda _, offered: offered[0] if offered else None,
    )
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.socket.getsockname()[1]
    finally:
        stopping.set()
        server.shutdown()
        thread.join()


def frames_from(
    first: int,
    world: World,
    faults: Faults,
    stopping: Event,
    shown: Callable[[int, ScenarioEvent], str | None],
) -> Iterator[str]:
    """Yield the frames of events as they happen, until `stopping` is set or a fault ends it.

    Args:
        first: the index of the first event.
        world: the events.
        faults: the scenario's faults.
        stopping: ends the stream.
        shown: returns the frame of an event, by its index; None if it has no frame.
    """
    number = first
    while not stopping.is_set():
        for event in world.events[number : world.happened()]:
            fault = faults.next(*STREAM_FAULTS)
            match fault.kind if fault else None:
                case "close":
                    return
                case "silence":
                    stopping.wait(fault.seconds if fault else 0)
                    return
                case "not_json":
                    yield '{"cut'
                case "html":
                    yield "<html><body>502</body></html>"
            if (frame := shown(number, event)) is not None:
                yield frame
            number += 1
        time.sleep(_LOOK_EVERY_S)
