"""Routes for operators: health, readiness, metrics and the OpenAPI document."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from serving.api.auth import demand
from serving.api.metrics import MEDIA_TYPE
from serving.api.problems import ProblemError
from serving.api.resource import PROBLEMS
from serving.api.services import caller_of, services_of
from tenancy.api_keys import Scope

router = APIRouter(tags=["operation"], responses=PROBLEMS)


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Return 200 while the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request) -> dict[str, str]:
    """Return 200 if the service is ready for requests, otherwise 503."""
    services = services_of(request)
    if services.is_stopping:
        raise ProblemError(503, "stopping", "The service is stopping", headers={"Retry-After": "5"})
    if not services.is_loaded.is_set():
        raise ProblemError(
            503, "starting", "The scorer is being loaded", headers={"Retry-After": "2"}
        )
    return {"status": "ready"}


@router.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Return the metrics for Prometheus. A key needs the scope admin."""
    demand(caller_of(request), Scope.ADMIN)
    return Response(services_of(request).metrics.text(), media_type=MEDIA_TYPE)


@router.get("/v1/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """Return the OpenAPI document of all routes."""
    document: dict[str, Any] = request.app.openapi()
    return JSONResponse(document)
