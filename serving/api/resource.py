"""Declare routes: the scope that they need, the media types and the size of their bodies.

>>> router = resource(Scope.SENTIMENT_WRITE, tags=["sentiment"])
>>> @router.post("/v1/sentiment")
... @body_limit(lambda settings: settings.max_upload_bytes)
... async def sentiment(request: Request, body: SentimentIn) -> SentimentOut: ...
"""

from collections.abc import Callable, Coroutine, MutableMapping
from typing import Any, ClassVar, TypeVar, get_type_hints

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Send

from foundation.sections import ApiSettings
from serving.api.auth import demand
from serving.api.problems import ProblemError, invalid
from serving.api.schemas import Problem
from serving.api.services import caller_of
from tenancy.api_keys import Scope

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_PROBLEM: dict[str, Any] = {
    "model": Problem,
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
PROBLEMS: dict[int | str, dict[str, Any]] = {"default": {"description": "A problem", **_PROBLEM}}
_JSON = "application/json"


def resource(scope: Scope, *, media_types: tuple[str, ...] = (_JSON,), **options: Any) -> APIRouter:
    """Return a router whose routes need the scope and accept bodies of these media types.

    Args:
        scope: the scope that a caller needs.
        media_types: the media types that a body may have.
        options: further arguments of APIRouter.
    """

    class Route(GuardedRoute):
        needs = scope
        accepts = media_types

    return APIRouter(route_class=Route, responses=PROBLEMS, **options)


def body_limit(limit: Callable[[ApiSettings], int]) -> Callable[[Endpoint], Endpoint]:
    """Set the largest size of a route's body, in bytes."""

    def limited(endpoint: Endpoint) -> Endpoint:
        endpoint.body_limit = limit  # type: ignore[attr-defined]  # middleware.Body reads it
        return endpoint

    return limited


class GuardedRoute(APIRoute):
    """Checks scope and media type before the body is read, and parses JSON into its model.

    An endpoint with only `request` and `body` skips FastAPI's handling of arguments. That is
    twice as fast, and avoids Python's JSON parser, which is more lenient than pydantic's.
    """

    needs: ClassVar[Scope] = Scope.ADMIN
    accepts: ClassVar[tuple[str, ...]] = (_JSON,)

    def get_route_handler(self) -> Handler:
        """Return the endpoint's handler behind the checks."""
        model = body_model(self.endpoint)
        handler = self._direct(model) if model else super().get_route_handler()

        async def checked(request: Request) -> Response:
            demand(caller_of(request), self.needs)
            if request.method in ("POST", "PUT", "PATCH"):
                self._check_media_type(request)
            return await handler(request)

        return checked

    def direct(self) -> ASGIApp | None:
        """Return a handler that skips the router, or None if the path has parameters."""
        if "{" in self.path or body_model(self.endpoint) is None:
            return None
        handler = self.get_route_handler()

        async def answer(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
            scope["route"] = self
            scope["endpoint"] = self.endpoint
            response = await handler(Request(scope, receive))
            await response(scope, receive, send)

        return answer

    def _direct(self, model: type[BaseModel]) -> Handler:
        endpoint = self.endpoint
        status = self.status_code or 200

        async def handler(request: Request) -> Response:
            try:
                body = model.model_validate_json(await request.body())
            except ValidationError as error:
                raise invalid(error.errors(include_input=False, include_context=False)) from None
            made = await endpoint(request=request, body=body)
            if isinstance(made, Response):
                return made
            return Response(made.model_dump_json(), status, media_type=_JSON)

        return handler

    def _check_media_type(self, request: Request) -> None:
        """Refuse media types that the route does not read, such as those of a web page's form.

        Raises:
            ProblemError: 415, for another media type.
        """
        given = request.headers.get("content-type")
        if given is None and self.body_field is None and not _has_body(request):
            return
        if (given or "").partition(";")[0].strip().lower() not in self.accepts:
            raise ProblemError(
                415,
                "unsupported_media_type",
                f"Content-Type must be {' or '.join(self.accepts)}",
            )


def body_model(endpoint: Callable[..., Any]) -> type[BaseModel] | None:
    """Return the model of `body` if `request` is the only other argument, otherwise None."""
    arguments = get_type_hints(endpoint)
    arguments.pop("return", None)
    if set(arguments) != {"request", "body"}:
        return None
    model: type[BaseModel] = arguments["body"]
    return model


def template_of(scope: MutableMapping[str, Any]) -> str:
    """Return the declared path of a request's route, such as /v1/keys/{key_id}."""
    return str(getattr(scope.get("route"), "path", ""))


def _has_body(request: Request) -> bool:
    return (
        "transfer-encoding" in request.headers
        or request.headers.get("content-length", "0").strip("0") != ""
    )
