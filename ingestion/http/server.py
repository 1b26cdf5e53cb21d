"""Answer the API's requests over a Unix socket, with one connection per request.

A request is two frames: `{"tenant": …}`, which the API has checked, and the body as the client sent
it. The answer is one frame, `{"status": …, …}`. Requests wait in a bounded queue; if it is full,
the status is `busy`, and the client sends the request again later.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from foundation import clock
from foundation.errors import KeyFileError, KeyServiceError
from foundation.frames import FrameError, frame, listen, read_frame
from foundation.key_sources import pseudonym_key
from foundation.logs import get_log
from foundation.policies import policies
from foundation.settings import Settings
from foundation.tenants import owner_of
from ingestion.http.erased import ErasedPersons
from ingestion.http.receive import KafkaAwayError, Receiver
from ingestion.kafka.producer import Producer
from ingestion.parsing.json_fields import parse_json_text
from ingestion.platforms import PLATFORMS
from ingestion.privacy.tombstone_files import TombstoneFiles
from schemas.ingest_limits import MAX_BODY_BYTES, MAX_ITEMS

_MAX_HEAD_BYTES = 4_096
_MAX_WAITING = 16
_REQUEST_S = 30.0  # for a whole request to arrive from the API, which runs on this machine
_DELIVERY_S = 10.0  # shorter than in the other producers, because a client waits for the answer
_TIMEOUT_S = 5.0
log = get_log("receive")

Answer = dict[str, Any]  # as JSON


def run(
    settings: Settings, socket: Path, tombstones: TombstoneFiles, *, until_stdin_closes: bool
) -> None:
    """Answer requests until stopped.

    The first request reads the key, because `echostream up` may create it later than this start.

    Args:
        settings: the process's settings.
        socket: the path to listen at.
        tombstones: the lake's tombstone files.
        until_stdin_closes: end with the process that holds the other end of standard input.
    """
    server = Server(lambda: _receiver(settings, tombstones))
    asyncio.run(server.run(socket, until_stdin_closes=until_stdin_closes))


def _receiver(settings: Settings, tombstones: TombstoneFiles) -> Receiver:
    key = pseudonym_key(settings)
    return Receiver(
        key=key,
        owner_of=lambda tenant: owner_of(tenant, settings),
        max_text_chars=settings.sanitizer.max_text_chars,
        is_erased=ErasedPersons(tombstones, key),
        connect=lambda: Producer(_impatient(settings)),
        now=clock.micros,
    )


def _impatient(settings: Settings) -> Settings:
    kafka = settings.kafka
    shorter = {
        "delivery_timeout_s": min(kafka.delivery_timeout_s, _DELIVERY_S),
        "timeout_s": min(kafka.timeout_s, _TIMEOUT_S),
    }
    return settings.model_copy(update={"kafka": kafka.model_copy(update=shorter)})


class Server:
    """Takes requests over a socket, and carries out one after the other."""

    def __init__(self, make: Callable[[], Receiver]) -> None:
        """Store `make`, which the first valid request calls."""
        self._make = make
        self._receiver: Receiver | None = None
        self._thread = ThreadPoolExecutor(1, "receive")
        self._waiting = 0
        self._stopped = asyncio.Event()

    async def run(self, path: Path, *, until_stdin_closes: bool) -> None:
        """Answer requests until a signal arrives or standard input closes."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopped.set)
        if until_stdin_closes:
            loop.add_reader(sys.stdin.fileno(), self._on_stdin)
        listener = listen(path, backlog=_MAX_WAITING * 4)
        server = await asyncio.start_unix_server(self._serve, sock=listener)
        log.info("receiving")
        await self._stopped.wait()
        server.close()
        # Before the slow shutdown: later, the path may be the socket of the next process.
        path.unlink(missing_ok=True)
        await asyncio.to_thread(self._thread.shutdown)

    def _on_stdin(self) -> None:
        if not os.read(sys.stdin.fileno(), 1):
            self._stopped.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_REQUEST_S):
                head = await read_frame(reader, most=_MAX_HEAD_BYTES)
                body = await read_frame(reader, most=MAX_BODY_BYTES)
            answer = await self.answer(json.loads(head)["tenant"], body)
            writer.write(frame(json.dumps(answer).encode()))
            await writer.drain()
        except (FrameError, TimeoutError, OSError):
            log.warning("request_broken_off")
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def answer(self, tenant: str, body: bytes) -> Answer:
        """Return the answer to one request: `busy`, at once, if too many wait."""
        if self._waiting >= _MAX_WAITING:
            return {"status": "busy"}
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._work, tenant, body)
        finally:
            self._waiting -= 1

    def _work(self, tenant: str, body: bytes) -> Answer:
        try:
            platform, items = read_request(body)
            self._receiver = self._receiver or self._make()
            receipt = self._receiver.receive(tenant, platform, items)
        except InvalidRequestError as invalid:
            return {"status": "invalid", "pointer": invalid.pointer, "code": invalid.code}
        except KafkaAwayError:
            return {"status": "away"}
        except (KeyFileError, KeyServiceError) as error:
            log.warning("no_pseudonym_key", error=type(error).__name__)
            return {"status": "no_key"}
        except Exception as error:  # its text could quote a post
            log.error("request_failed", error=type(error).__name__)  # noqa: TRY400  # see above
            return {"status": "failed"}
        return {"status": "done", **asdict(receipt)}


class InvalidRequestError(Exception):
    """Raised for an invalid body, with the JSON pointer to its part and pydantic's error code."""

    def __init__(self, pointer: str, code: str) -> None:
        super().__init__(pointer)
        self.pointer = pointer
        self.code = code


def read_request(body: bytes) -> tuple[str, list[Any]]:
    """Return platform and items of a request's body.

    Raises:
        InvalidRequestError: the body is not such an object, or a value in it is not allowed.
    """
    try:
        request = parse_json_text(body.decode())
    except UnicodeDecodeError:
        request = None
    if not isinstance(request, dict):
        raise InvalidRequestError("/body", "json_invalid")
    for name in ("platform", "items"):
        if name not in request:
            raise InvalidRequestError(f"/body/{name}", "missing")
    if set(request) - {"platform", "items"}:
        raise InvalidRequestError("/body", "extra_forbidden")
    platform = request["platform"]
    items = request["items"]
    if not isinstance(platform, str) or platform not in PLATFORMS.keys() & policies().keys():
        raise InvalidRequestError("/body/platform", "enum")
    if not isinstance(items, list):
        raise InvalidRequestError("/body/items", "list_type")
    if not 1 <= len(items) <= MAX_ITEMS:
        raise InvalidRequestError("/body/items", "too_long" if items else "too_short")
    return platform, items
