"""Turn exceptions into problem responses (RFC 9457), which quote no input and no traceback."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from foundation.errors import (
    ControlPlaneUnreachableError,
    EchoStreamError,
    LakeError,
    PolicyError,
    QueryError,
    QueryTimeoutError,
    ScorerError,
    StackError,
    UsageError,
)

MEDIA_TYPE = "application/problem+json"
_TYPE = "urn:echostream:problem:"
_MAX_ERRORS = 20
_CODES = {
    400: "malformed",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "slow_body",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "rate_limited",
    503: "overloaded",
}
_RETRY_S = 5
# Messages for pydantic's kinds of errors: its own messages can quote values.
_MESSAGES = {
    "missing": "The field is missing",
    "extra_forbidden": "The field is unknown",
    "json_invalid": "The body is not JSON",
    "string_type": "A string is needed",
    "string_too_short": "The string is too short",
    "string_too_long": "The string is too long",
    "string_pattern_mismatch": "The string does not have the required form",
    "string_unicode": "The string is not valid Unicode",
    "too_short": "There are too few items",
    "too_long": "There are too many items",
    "literal_error": "The value is not one of the choices",
    "enum": "The value is not one of the choices",
    "list_type": "A list is needed",
    "model_type": "An object is needed",
    "model_attributes_type": "An object is needed",
}
_POSITIONS = ("body", "query", "path", "header")
# Names of fields that a model declares may be shown; a client's own names may not.
_SHOWN = frozenset("abcdefghijklmnopqrstuvwxyz_0123456789")


class ProblemError(HTTPException):
    """Raised by routes and by the checks before them to answer with an error."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.code = code
        self.errors = [*errors]


def problem_response(problem: ProblemError, request_id: str) -> Response:
    """Return the response that describes a problem."""
    status = problem.status_code
    body: dict[str, Any] = {
        "type": _TYPE + problem.code,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": request_id,
    }
    if problem.errors:
        body["errors"] = problem.errors
    return Response(
        orjson.dumps(body), status, headers=dict(problem.headers or {}), media_type=MEDIA_TYPE
    )


def not_found(detail: str = "There is no such resource") -> ProblemError:
    """Return 404, for a resource that does not exist or belongs to another tenant."""
    return ProblemError(404, "not_found", detail)


def problem_of(error: Exception) -> ProblemError:
    """Return the problem that describes an exception to a client.

    EchoStream's own errors say what is wrong and quote no post. Others become a plain 500.
    """
    if isinstance(error, ProblemError):
        return error
    for kind, told in _TOLD.items():
        if isinstance(error, kind):
            return told(error)
    return ProblemError(500, "internal", "The request failed; the log says where")


def invalid(errors: Iterable[Any]) -> ProblemError:
    """Return 422 for pydantic's errors, without the values that they quote."""
    told = [_told(error) for error in list(errors)[:_MAX_ERRORS]]
    return ProblemError(422, "invalid", "The request is invalid: see errors", errors=told)


def _told(error: Mapping[str, Any]) -> dict[str, str]:
    kind = str(error.get("type", "invalid"))
    places = [str(part) for part in error.get("loc", ())]
    where = places[0] if places and places[0] in _POSITIONS else "body"
    path = places[1:] if places and places[0] in _POSITIONS else places
    if kind in ("extra_forbidden", "json_invalid"):  # the last part is the client's own word
        path = path[:-1]
    safe = [part if set(part) <= _SHOWN else "?" for part in path]
    return {
        "pointer": "/".join(["", where, *safe]),
        "code": kind,
        "detail": _MESSAGES.get(kind, "The value is invalid"),
    }


def _of_status(error: StarletteHTTPException) -> ProblemError:
    status = error.status_code
    phrase = HTTPStatus(status).phrase
    headers = dict(error.headers or {})
    return ProblemError(status, _CODES.get(status, "failed"), phrase, headers=headers)


def _away(code: str, detail: str) -> ProblemError:
    return ProblemError(503, code, detail, headers={"Retry-After": str(_RETRY_S)})


def request_id_of(request: Request) -> str:
    """Return a request's id, which its answer and the access log name."""
    found: str = request.scope["state"]["request_id"]
    return found


# The first class that fits counts, so a subclass must stand before its base class.
_TOLD: dict[type[Exception], Callable[[Any], ProblemError]] = {
    RequestValidationError: lambda error: invalid(error.errors()),
    ValidationError: lambda error: invalid(error.errors()),
    StarletteHTTPException: _of_status,
    ClientDisconnect: lambda _: ProblemError(400, "malformed", "The body was cut off"),
    ControlPlaneUnreachableError: lambda _: _away(
        "control_plane_unavailable", "The control plane does not answer"
    ),
    LakeError: lambda _: _away("lake_unavailable", "The lake cannot be read at the moment"),
    QueryTimeoutError: lambda _: ProblemError(
        504, "timeout", "The query takes too long: ask for a shorter period, or for fewer posts"
    ),
    QueryError: lambda _: _away("lake_unavailable", "The lake cannot be read at the moment"),
    PolicyError: lambda _: _away("lake_unavailable", "The lake cannot be read at the moment"),
    UsageError: lambda error: ProblemError(422, "invalid", str(error)),
    StackError: lambda _: _away("unavailable", "A service that is needed does not answer"),
    ScorerError: lambda _: _away(
        "scorer_unavailable", "The scorer does not answer, or its budget is spent"
    ),
    EchoStreamError: lambda _: ProblemError(500, "failed", "The request failed; the log says why"),
}
