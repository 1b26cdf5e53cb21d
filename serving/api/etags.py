"""Answer with `ETag` and 304, so that a client gets an answer again only if it has changed.

>>> return await if_changed(request, versions, make)
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterable

from fastapi import Request
from starlette.responses import Response

from serving.api.services import caller_of

# A cache may keep the answer, but must ask each time whether it is still valid.
_CACHED = "private, no-cache"
_NOT_MODIFIED = 304


async def if_changed(
    request: Request, versions: Iterable[object], make: Callable[[], Awaitable[bytes]]
) -> Response:
    """Return 304 if the client has the answer already, otherwise the JSON that `make` returns.

    Args:
        request: its path, parameters and caller are part of the tag.
        versions: everything else that the answer depends on, such as versions of tables.
        make: computes the answer's JSON. It is not called for a 304.
    """
    tag = etag(request, versions)
    headers = {"ETag": tag, "Cache-Control": _CACHED}
    if _holds(request, tag):
        return Response(status_code=_NOT_MODIFIED, headers=headers)
    return Response(await make(), headers=headers, media_type="application/json")


def etag(request: Request, versions: Iterable[object]) -> str:
    """Return a hash of tenant, scopes, path, parameters and versions, as an HTTP entity tag."""
    caller = caller_of(request)
    query = sorted(request.query_params.multi_items())
    parts = (caller.tenant, *sorted(caller.scopes), request.url.path, *query, *versions)
    return f'"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


def _holds(request: Request, tag: str) -> bool:
    given = request.headers.get("if-none-match", "")
    tags = {each.strip().removeprefix("W/") for each in given.split(",")}
    return tag in tags or "*" in tags
