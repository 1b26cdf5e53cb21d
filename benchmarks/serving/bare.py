"""Serve the baseline: a bare Starlette application that reads and answers JSON.

It runs on the API's server, uvicorn, with the same options.
"""

import sys
from typing import Any

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_ANSWER = {
    "label": "positive",
    "compound": 0.6369,
    "confidence": None,
    "scorer": "vader",
    "scorer_version": "1",
    "language": "en",
    "reason": None,
    "pii": {},
}


async def _sentiment(request: Request) -> Response:
    body: dict[str, Any] = orjson.loads(await request.body())
    answer = _ANSWER if body["text"] else {}
    return Response(orjson.dumps(answer), media_type="application/json")


async def _ready(_request: Request) -> Response:
    return Response(b"{}", media_type="application/json")


def main(port: int) -> None:
    """Serve until stopped."""
    routes = [
        Route("/v1/sentiment", _sentiment, methods=["POST"]),
        Route("/readyz", _ready),
    ]
    uvicorn.run(
        Starlette(routes=routes),
        port=port,
        http="h11",
        loop="asyncio",
        access_log=False,
        log_level="error",
    )


if __name__ == "__main__":
    main(int(sys.argv[1]))
