"""`GET /v1/posts`: return the newest posts, page by page."""

import asyncio
from typing import Annotated, Any

import orjson
from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from schemas.epoch import to_datetime, to_micros
from serving.api.etags import if_changed
from serving.api.parameters import Listed, Span, listed
from serving.api.problems import ProblemError
from serving.api.resource import resource
from serving.api.routes.shapes import AsOf, Time, in_utc
from serving.api.sealed import MAX_CURSOR, NotOursError
from serving.api.services import Services, caller_of, services_of
from tenancy.api_keys import Scope

router = resource(Scope.MENTIONS_READ, tags=["lake"])


class PostsAsked(Span):
    """The filters, the length of a page, and where the page begins."""

    label: Listed = ""
    lang: Listed = ""
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(max_length=MAX_CURSOR)] = ""

    @property
    def filters(self) -> tuple[object, ...]:
        """Return the filters that a cursor is bound to."""
        lists = (self.platform, self.channel, self.label, self.lang)
        return (self.since, self.until, *map(listed, lists))


class PostOut(BaseModel):
    """A post. Its title, text and link are null if it may not be displayed.

    `link` is the post's address at its platform. It is also null if the post's record in Bronze
    no longer has the address.
    """

    post_ref: str
    platform: str
    channel: str | None
    posted_at: Time
    lang: str | None
    label: str | None
    compound: float | None
    confidence: float | None
    title: str | None
    text: str | None
    link: str | None
    may_display: bool
    metrics: dict[str, int]


class PostsOut(BaseModel):
    """A page of posts. `next_cursor` is the cursor of the next page, or null on the last one."""

    as_of: AsOf
    posts: list[PostOut]
    next_cursor: str | None


@router.get("/v1/posts", response_model=PostsOut)
async def posts(request: Request, asked: Annotated[PostsAsked, Query()]) -> Response:
    """Return the newest posts, with text if the post's rights and its platform's policy allow."""
    from serving.queries import posts as queries  # noqa: PLC0415  # it loads DuckDB

    services = services_of(request)
    lake = services.lake
    caller = caller_of(request)
    viewer = lake.viewer(caller)
    policies = lake.policies
    question = queries.PostsAsked(
        since=asked.since,
        until=asked.until,
        platforms=listed(asked.platform),
        channels=listed(asked.channel),
        labels=listed(asked.label),
        langs=listed(asked.lang),
        limit=asked.limit,
        after=await asyncio.to_thread(_after, services, caller.tenant, asked),
    )

    async def make() -> bytes:
        page = await lake.answer(
            lambda snapshot: queries.posts(snapshot, viewer, question, policies)
        )
        return await asyncio.to_thread(_told, services, caller.tenant, asked, page)

    versions = await lake.answer(lambda snapshot: snapshot.versions("silver.posts"))
    displayed = sorted(name for name, policy in policies.items() if policy.rights.may_display)
    return await if_changed(request, (*versions.items(), viewer, displayed), make)


def _after(services: Services, tenant: str, asked: PostsAsked) -> Any:
    from serving.queries.posts import Position  # noqa: PLC0415  # it loads DuckDB

    if not asked.cursor:
        return None
    try:
        micros, post_key = services.seals.position(tenant, asked.filters, asked.cursor)
    except NotOursError:
        raise ProblemError(
            422,
            "invalid",
            "The cursor belongs to other filters: begin without a cursor",
            errors=[{"pointer": "/query/cursor", "code": "invalid_cursor", "detail": "Not ours"}],
        ) from None
    return Position(to_datetime(micros), post_key)


def _told(services: Services, tenant: str, asked: PostsAsked, page: Any) -> bytes:
    """Return the page as JSON, with references in place of Silver's pseudonyms."""
    seals = services.seals
    told = []
    for post in page.posts:
        fields = {name: getattr(post, name) for name in post.__slots__}
        post_ref = seals.post_ref(tenant, fields.pop("post_key"))
        told.append({"post_ref": post_ref, **fields})
    after = page.after
    cursor = (
        seals.cursor(tenant, asked.filters, [to_micros(after.posted_at), after.post_key])
        if after
        else None
    )
    return orjson.dumps({"as_of": page.as_of, "posts": told, "next_cursor": cursor}, option=in_utc)
