"""Carry out a POST with an `Idempotency-Key` once, however often the client repeats it.

    return await once(request, fingerprint, work)

The fingerprint is the SHA-256 of the body. A route that streams the body reads it first.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable

from fastapi import Request
from starlette.responses import Response

from serving.api.problems import ProblemError
from serving.api.resource import template_of
from serving.api.services import caller_of, services_of
from tenancy import idempotency
from tenancy.database import Database
from tenancy.idempotency import InFlightError, Key, OtherBodyError, Stored

_HEADER = "idempotency-key"
_FORM = re.compile(r"[\x21-\x7e]{1,255}")
_REPLAYED = {"Idempotent-Replayed": "true"}
_KEPT = ("location", "content-type")
_FAILED = 500


async def once(
    request: Request,
    fingerprint: bytes,
    work: Callable[[], Awaitable[Response]],
    *,
    replayed: Callable[[bytes], bytes] = lambda body: body,
) -> Response:
    """Return the response of `work`, or the one stored for an earlier request with the same key.

    Args:
        request: the request; without the header, `work` always runs.
        fingerprint: the body's SHA-256.
        work: creates the resource. After a response of 500 or more, a repetition runs it again.
        replayed: returns the body to store, for example without a secret that is shown once.

    Raises:
        ProblemError: 400 for a malformed key, 409 while the first request is carried out, 422 if
            the key was used with another body.
    """
    key = _key(request)
    if key is None:
        return await work()
    database = services_of(request).database
    stored = await asyncio.to_thread(_claim, database, key, fingerprint)
    if stored:
        return Response(stored.body, stored.status, headers=stored.headers | _REPLAYED)
    try:
        response = await work()
    except BaseException:
        await asyncio.shield(asyncio.to_thread(idempotency.release, database, key))
        raise
    if response.status_code >= _FAILED:
        await asyncio.to_thread(idempotency.release, database, key)
        return response
    kept = {name: value for name, value in response.headers.items() if name in _KEPT}
    answer = Stored(response.status_code, kept, replayed(bytes(response.body)))
    await asyncio.shield(asyncio.to_thread(idempotency.settle, database, key, answer))
    return response


def _key(request: Request) -> Key | None:
    given = request.headers.getlist(_HEADER)
    if not given:
        return None
    if len(given) > 1 or not _FORM.fullmatch(given[0]):
        raise ProblemError(
            400, "malformed", "Idempotency-Key must be 1 to 255 visible ASCII characters"
        )
    caller = caller_of(request)
    return Key(caller.tenant, given[0], f"{request.method} {template_of(request.scope)}")


def _claim(database: Database, key: Key, fingerprint: bytes) -> Stored | None:
    try:
        return idempotency.claim(database, key, fingerprint)
    except InFlightError:
        raise ProblemError(
            409,
            "conflict",
            "A request with this Idempotency-Key is being carried out",
            headers={"Retry-After": "1"},
        ) from None
    except OtherBodyError:
        raise ProblemError(
            422, "idempotency_key_reused", "The Idempotency-Key was used with another body"
        ) from None
