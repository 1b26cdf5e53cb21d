"""`ETag` and 304: an answer that follows from versions of tables is made once per version.

return await if_changed(request, versions, make)
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterable

from fastapi import Request
from starlette.responses import Response

from serving.api.services import caller_of

# A cache may keep the answer, and has to ask each time whether it still holds.
_CACHED = "private, no-cache"
_NOT_MODIFIED = 304


async def if_changed(
    request: Request, versions: Iterable[object], make: Callable[[], Awaitable[bytes]]
) -> Response:
    """Return 304 where the client has the answer; else the JSON that `make` returns.

    Args:
        request: its path, parameters and caller are part of the tag.
        versions: everything else that decides the answer, as versions of tables and of policies.
        make: makes the answer's JSON; not called where the client has it.
    """
    tag = etag(request, versions)
    headers = {"ETag": tag, "Cache-Control": _CACHED}
    if _holds(request, tag):
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    return Response(await make(), headers=headers, media_type="application/json")


def etag(request: Request, versions: Iterable[object]) -> str:
    """Return the tag: tenant, scopes, what is asked, and what decides the answer."""
    caller = caller_of(request)
    query = sorted(request.query_params.multi_items())
    parts = (caller.tenant, *sorted(caller.scopes), request.url.path, *query, *versions)
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


def _holds(request: Request, tag: str) -> bool:
    given = request.headers.get("if-none-match", "")
    tags = {each.strip().removeprefix("W/") for each in given.split(",")}
    return tag in tags or "*" in tags
