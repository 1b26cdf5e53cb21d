"""Build the FastAPI application: its routes, the checks before them, its start and its end."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

from foundation.errors import ControlPlaneUnreachableError
from foundation.logs import get_log
from foundation.settings import Settings
from serving.api.access_log import AccessLog
from serving.api.auth import Authenticator, Gatekeeper
from serving.api.beside import children_of
from serving.api.children import Children
from serving.api.lake import Lake, Quotas
from serving.api.limits import RateLimiter
from serving.api.metrics import Metrics
from serving.api.middleware import Gate
from serving.api.problems import problem_of, problem_response, request_id_of
from serving.api.resource import GuardedRoute
from serving.api.routes.listed import ROUTERS
from serving.api.scoring import Scoring
from serving.api.sealed import Seals
from serving.api.services import Services
from serving.jobs.files import JobFiles
from serving.jobs.tidy import tidy
from tenancy.database import Database
from tenancy.usage import UsageCounter, write_usage

log = get_log("api")
VERSION = "1.0.0"  # of the routes
_EVERY_S = 60.0
_NOT_ALLOWED = 405
_NO_TELEMETRY: Any = {  # the environment could add exporters, which send exceptions' texts
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


def create_services(
    settings: Settings, quotas: Quotas = list, *, program: Sequence[str] = ()
) -> Services:
    """Return the objects that all routes share, without loading anything.

    Args:
        settings: the settings of this process.
        quotas: returns what producers have spent of their budgets. The caller passes it in,
            because serving may not import ingestion.
        program: the arguments after the Python interpreter that start this program with the
            same options. The API starts the processes beside it with them; without them, none.
    """
    database = Database(settings.control_database)
    return Services(
        settings=settings,
        database=database,
        gatekeeper=Gatekeeper(settings.api),
        authenticator=Authenticator(database, settings.api),
        limiter=RateLimiter(settings.api.rate_window_s),
        metrics=Metrics(),
        scoring=Scoring(settings),
        lake=Lake(settings, quotas),
        seals=Seals(database),
        usage=UsageCounter(),
        children=Children(children_of(settings, program) if program else []),
        access_log=AccessLog(settings.home / "logs" / "api-access.log"),
    )


def create_app(services: Services) -> FastAPI:
    """Return the application that uses these services."""
    app = FastAPI(
        title="EchoStream",
        version=VERSION,
        openapi_url=None,  # our own route returns it, behind the same checks
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=_NO_TELEMETRY,
        lifespan=_lifespan(services),
        exception_handlers={HTTPException: _problem, RequestValidationError: _problem},
    )
    app.state.services = services
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(Gate, services=services, direct=dict(_direct()))
    return app


def _direct() -> Iterator[tuple[str, ASGIApp]]:
    for router in ROUTERS:
        for route in router.routes:
            if isinstance(route, GuardedRoute) and (answer := route.direct()):
                yield route.path, answer


async def _problem(request: Request, error: Exception) -> Response:
    problem = problem_of(error)
    if problem.status_code == _NOT_ALLOWED:  # FastAPI names the methods of one route only
        problem.headers = {"Allow": ", ".join(allowed(request.url.path))}
    return problem_response(problem, request_id_of(request))


def allowed(path: str) -> list[str]:
    """Return the methods that the routes of a path accept, sorted."""
    routes = [route for router in ROUTERS for route in router.routes]
    return sorted(
        method
        for route in routes
        if isinstance(route, APIRoute) and route.path_regex.match(path)
        for method in route.methods or ()
    )


def _lifespan(
    services: Services,
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        services.children.start()
        tasks = [asyncio.create_task(_load(services)), asyncio.create_task(_keep_up(services))]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await services.children.stop()
            await close(services)

    return lifespan


async def _load(services: Services) -> None:
    """Load the scorer and the lake. A wrong setting ends the server, a lost database does not."""
    try:
        await asyncio.to_thread(_learn, services)
        for load in (services.scoring.load, services.lake.load):
            await asyncio.to_thread(load)
    except Exception as error:  # otherwise /readyz would answer `starting` for ever
        services.failure = error
    else:
        gc.collect()
        gc.freeze()  # the collector need not scan models and rules again
        services.is_loaded.set()


def _learn(services: Services) -> None:
    with suppress(ControlPlaneUnreachableError):  # `keep_up` asks it again each minute
        services.authenticator.learn_tenants()


async def _keep_up(services: Services) -> None:
    while True:
        await asyncio.sleep(_EVERY_S)
        await keep_up(services)


async def keep_up(services: Services) -> None:
    """Do the work of each minute. If one part fails, the others still run."""
    files = JobFiles(services.settings.home)
    await _is_done("tenants", services.authenticator.learn_tenants)
    await _is_done("policies", services.lake.refresh_policies)
    await _is_done("jobs", partial(tidy, services.database, files))
    await _write_sums(services)


async def _write_sums(services: Services) -> None:
    sums = services.usage.take()
    if not await _is_done("usage", partial(write_usage, services.database, sums)):
        services.usage.give_back(sums)
    await _is_done("keys", services.authenticator.flush)


async def _is_done(name: str, work: Callable[[], object]) -> bool:
    try:
        await asyncio.to_thread(work)
    except Exception as error:  # its text could quote a value
        log.warning("not_done", work=name, error=type(error).__name__)
        return False
    return True


async def close(services: Services) -> None:
    """Write usage and the keys' last use to the database, then close everything."""
    gc.unfreeze()  # otherwise libraries report frozen objects as leaks at exit
    await _write_sums(services)
    services.scoring.close()
    services.lake.close()
    services.database.close()
    services.access_log.close()
