"""`POST /v1/ingest`: pass payloads to the process that sends them to Kafka.

Only that process reads the pseudonym key. The API passes the body on unparsed, because parsing
thousands of payloads would delay all other answers.
"""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import orjson
from fastapi import Request
from starlette.responses import Response

from foundation.frames import FrameError, connect, frame, read_frame
from foundation.settings import Settings
from schemas.ingest_limits import MAX_BODY_BYTES, MAX_ITEMS
from serving.api.once import once
from serving.api.problems import ProblemError, invalid
from serving.api.resource import body_limit, resource
from serving.api.schemas import IngestOut
from serving.api.services import caller_of, services_of
from tenancy.api_keys import Scope

_MAX_ANSWER_BYTES = 1024 * 1024
_ANSWER_S = 60.0
_AT_ONCE = 32  # requests at a time; each may hold a body of 8 MiB in memory
_IN = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["platform", "items"],
                    "properties": {
                        "platform": {"type": "string", "examples": ["custom"]},
                        "items": {"type": "array", "minItems": 1, "maxItems": MAX_ITEMS},
                    },
                }
            }
        },
    }
}
# the process's status → HTTP status, code, detail, seconds to wait
_REFUSALS = {
    "away": (503, "kafka_unavailable", "Kafka did not acknowledge all of it: send it all again", 5),
    "busy": (503, "overloaded", "Too many requests wait to be sent to Kafka", 1),
    "no_key": (
        503,
        "no_pseudonym_key",
        "The pseudonym key cannot be read: `echostream up` makes one",
        60,
    ),
}

router = resource(Scope.INGEST_WRITE, tags=["ingest"])


def socket_path(settings: Settings) -> Path:
    """Return the socket of the process. Its name has the port, so two servers never share one."""
    return settings.home / "run" / "ingest" / f"{settings.api.port}.sock"


@router.post("/v1/ingest", status_code=202, response_model=IngestOut, openapi_extra=_IN)
@body_limit(lambda _: MAX_BODY_BYTES)
async def ingest(request: Request) -> Response:
    """Send up to 1,000 payloads of a platform to Kafka; `custom` takes your own data.

    Kafka has acknowledged everything that a 202 answer counts as sent. After a 503, send the whole
    request again: no post counts twice.
    """
    services = services_of(request)
    if services.ingesting >= _AT_ONCE:
        raise _refused(*_REFUSALS["busy"])
    services.ingesting += 1
    try:
        return await _pass_on(request, await request.body())
    finally:
        services.ingesting -= 1


async def _pass_on(request: Request, body: bytes) -> Response:
    async def send() -> Response:
        answer = await _answer(request, body)
        taken = answer["sent"] + answer["deleted"]
        services_of(request).usage.add(caller_of(request).tenant, "items", taken)
        return Response(orjson.dumps(answer), 202, media_type="application/json")

    return await once(request, hashlib.sha256(body).digest(), send)


async def _answer(request: Request, body: bytes) -> dict[str, Any]:
    head = json.dumps({"tenant": caller_of(request).tenant}).encode()
    try:
        async with asyncio.timeout(_ANSWER_S):
            answer = await _ask(socket_path(services_of(request).settings), head, body)
    except (OSError, FrameError, TimeoutError):
        raise _refused(
            503, "ingest_unavailable", "The process that sends to Kafka is starting", 5
        ) from None
    status = answer.pop("status")
    if status == "done":
        return answer
    if status == "invalid":
        place = answer["pointer"].split("/")[1:]
        raise invalid([{"type": answer["code"], "loc": place}])
    if status in _REFUSALS:
        raise _refused(*_REFUSALS[status])
    raise ProblemError(500, "failed", "The request failed; the log says why")


async def _ask(path: Path, head: bytes, body: bytes) -> dict[str, Any]:
    reader, writer = await asyncio.open_unix_connection(sock=connect(path))
    try:
        writer.write(frame(head) + frame(body))
        await writer.drain()
        found: dict[str, Any] = orjson.loads(await read_frame(reader, most=_MAX_ANSWER_BYTES))
        return found
    finally:
        writer.close()


def _refused(status: int, code: str, detail: str, retry_s: int) -> ProblemError:
    return ProblemError(status, code, detail, headers={"Retry-After": str(retry_s)})
