"""Read Meta's Graph API: pages, objects by id, and its own forms of rate limits and errors.

Meta states the use of its limits in percent, and errors as status 400 with a code. The address of
the next page holds the access token, so it is never requested. The client sends the token in a
header, and requests the page by its cursor, or by the address's parameters of time or position.

API: https://developers.facebook.com/docs/graph-api
"""

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from foundation.errors import ReadError
from ingestion.parsing.json_fields import items_of_type, parse_json_text, value_at
from ingestion.platform import Json
from ingestion.reader import Context
from ingestion.readers.clients.http import Headers, Http, Limit
from ingestion.readers.clients.pages import ListingGuard, query_of
from ingestion.readers.clients.responses import StatusError

HOST = "https://graph.facebook.com"
VERSION = "v26.0"
# error codes of the rate limits of app, user, page and business use case
_TOO_MANY = frozenset({4, 17, 32, 613, *range(80000, 80015)})
_REFUSED = frozenset({102, 190})  # error codes of an expired session or token
_NOT_THERE = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND})
_FULL = 100.0  # percent
# Names that begin with two underscores are page parameters too.
_PAGE_PARAMETERS = frozenset({"after", "since", "until", "offset", "page"})


class Graph:
    """The Graph API with one token; `with graph.http:` opens and closes its connections."""

    def __init__(self, context: Context, token: str, hint: str) -> None:
        self._context = context
        self.http = Http(
            context.base_url or HOST,
            context,
            headers=lambda: {"authorization": f"Bearer {token}"},
            limit_of=usage,
            status_of=_status,
            credentials_hint=hint,
        )

    def get(self, path: str, **params: str | int) -> dict[str, Json]:
        """Return one answer, which must be an object; raises as `Http.send` does.

        Raises:
            ReadError: the answer is not an object.
        """
        answer = self.http.get(f"/{VERSION}/{path}", dict(params)).content
        if not isinstance(answer, dict):
            raise ReadError(f"{path} answered in an unknown form")
        return answer

    def pages(
        self, path: str, *, cursors_repeat: bool = False, **params: str | int
    ) -> Iterator[list[Json]]:
        """Yield every page until none follows; an empty page may have a next one.

        Raises:
            ReadError: an answer has no data.
            ListingCutError: the pages do not end, or the next one cannot be requested.
        """
        pages = ListingGuard(path, self._context, cursors_repeat=cursors_repeat)
        next_page: dict[str, str] = {}
        while True:
            answer = self.get(path, **{**params, **next_page})
            data = answer.get("data")
            if not isinstance(data, list):
                raise ReadError(f"{path} answered in an unknown form")
            has_next = bool(value_at(answer, "paging", "next"))
            next_page = _next_page(answer) if has_next else {}
            pages.check(data, query_of(next_page) if next_page else None)
            yield data
            if not has_next:
                return
            if not next_page:
                raise pages.cut("names a next page without saying where it begins")

    def by_ids(self, ids: Sequence[str], fields: str) -> tuple[list[Json], list[str]]:
        """Return the objects as they are now, and the ids that are no longer shown.

        One wrong id fails the whole request. Each half of the ids is then requested alone.
        """
        try:
            answer = self.get("", ids=",".join(ids), fields=fields)
        except StatusError as error:
            if error.status not in _NOT_THERE:
                raise
            if len(ids) == 1:
                return [], list(ids)
            half = len(ids) // 2
            parts = [self.by_ids(half_ids, fields) for half_ids in (ids[:half], ids[half:])]
            return [item for objects, _ in parts for item in objects], [
                number for _, gone in parts for number in gone
            ]
        return items_of_type(list(answer.values()), dict), [
            number for number in ids if number not in answer
        ]


def _next_page(answer: Json) -> dict[str, str]:
    """Return the next page's parameters: its cursor, else those in its address.

    Host, path and token of that address are never used.
    """
    after = value_at(answer, "paging", "cursors", "after")
    if isinstance(after, str) and after:
        return {"after": after}
    try:
        params = parse_qsl(urlsplit(str(value_at(answer, "paging", "next"))).query)
    except ValueError:
        return {}
    return {
        name: value for name, value in params if name in _PAGE_PARAMETERS or name.startswith("__")
    }


def usage(headers: Headers) -> Limit | None:
    """Return the percentage left of the most used limit, and the seconds until it resets.

    None if the answer has no usage. Meta gives the reset in minutes.
    Source: https://developers.facebook.com/docs/graph-api/overview/rate-limiting/
    """
    reports: list[Any] = [parse_json_text(headers.get("x-app-usage", "null"))]
    business = parse_json_text(headers.get("x-business-use-case-usage", "null"))
    reports += [
        use
        for uses in (business.values() if isinstance(business, dict) else [])
        for use in items_of_type(uses, dict)
    ]
    known = [report for report in reports if isinstance(report, dict)]
    if not known:
        return None
    numbers = [
        report.get(name)
        for report in known
        for name in ("call_count", "total_cputime", "total_time")
    ]
    minutes = [report.get("estimated_time_to_regain_access") for report in known]
    return Limit(
        remaining=_FULL
        - max((number for number in numbers if isinstance(number, int | float)), default=0.0),
        reset_s=60.0 * max((wait for wait in minutes if isinstance(wait, int | float)), default=0.0)
        or 60.0,
    )


def _status(status: int, data: bytes) -> int:
    """Return the HTTP status that an error's code stands for."""
    if status != HTTPStatus.BAD_REQUEST:
        return status
    code = value_at(parse_json_text(data.decode("utf-8", "replace")), "error", "code")
    if code in _TOO_MANY:
        return HTTPStatus.TOO_MANY_REQUESTS
    return HTTPStatus.UNAUTHORIZED if code in _REFUSED else status
