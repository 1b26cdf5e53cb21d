"""Redirect paths without a version to the same paths of version 1."""

from fastapi import APIRouter, Request
from starlette.responses import Response

router = APIRouter(include_in_schema=False)


@router.post("/sentiment")
async def sentiment() -> Response:
    """Redirect to /v1/sentiment."""
    return _to("/v1/sentiment")


@router.get("/query")
async def query(request: Request) -> Response:
    """Redirect to /v1/query, with the same parameters."""
    asked = request.url.query
    return _to(f"/v1/query?{asked}" if asked else "/v1/query")


@router.post("/ingest")
async def ingest() -> Response:
    """Redirect to /v1/ingest."""
    return _to("/v1/ingest")


def _to(path: str) -> Response:
    return Response(status_code=308, headers={"Location": path})
