"""`GET /v1/query`: return the number of posts and their sentiment over time."""

from typing import Annotated, Any, Literal

import orjson
from fastapi import Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from serving.api.etags import if_changed
from serving.api.parameters import Span, listed
from serving.api.problems import ProblemError
from serving.api.resource import resource
from serving.api.routes.shapes import AsOf, Completeness, Time, in_utc
from serving.api.services import caller_of, services_of
from tenancy.api_keys import Scope

router = resource(Scope.MENTIONS_READ, tags=["lake"])
_TABLES = ("gold.sentiment_hourly", "ops.batches")
_MAX_CELLS = 20_000


class QueryAsked(Span):
    """The parameters. Without `from` and `to`, the period is the last seven days of data."""

    metric: Literal["volume", "sentiment"] = "volume"
    step: Literal["hour", "day", "week"] = "hour"
    by: Literal["none", "platform", "channel"] = "none"


class Cell(BaseModel):
    """The sums of one step. Means are ratios of these sums."""

    at: Time
    platform: str | None
    channel: str | None
    posts: int
    positive: int
    neutral: int
    negative: int
    mixed: int
    unscored: int
    mean_compound: float | None
    net_sentiment: float | None
    authors: int | None


class QueryOut(BaseModel):
    """Cells of Gold. Only the lake's owner sees cells with fewer than `min_authors` authors.

    `from` and `to` are null while Gold is empty.
    """

    as_of: AsOf
    completeness: Completeness
    min_authors: int
    hidden_cells: int
    since: Annotated[Time | None, Field(alias="from")]
    until: Annotated[Time | None, Field(alias="to")]
    cells: list[Cell]


@router.get("/v1/query", response_model=QueryOut)
async def query(request: Request, asked: Annotated[QueryAsked, Query()]) -> Response:
    """Return the number of posts and their sentiment over time, by platform or channel."""
    from serving.queries.volume import VolumeAsked, volume  # noqa: PLC0415  # it loads DuckDB

    lake = services_of(request).lake
    viewer = lake.viewer(caller_of(request))
    question = VolumeAsked(
        step=asked.step,
        by=asked.by,
        since=asked.since,
        until=asked.until,
        platforms=listed(asked.platform),
        channels=listed(asked.channel),
        limit=_MAX_CELLS + 1,
    )

    async def make() -> bytes:
        found = await lake.answer(lambda snapshot: volume(snapshot, viewer, question))
        if len(found.cells) > _MAX_CELLS:
            raise ProblemError(
                422,
                "too_many_cells",
                f"The answer has more than {_MAX_CELLS:,} cells:"
                " take a longer step or a shorter period",
            )
        told: dict[str, Any] = {
            "as_of": found.as_of,
            "completeness": found.completeness,
            "min_authors": found.min_authors,
            "hidden_cells": found.hidden_cells,
            "from": found.since,
            "to": found.until,
            "cells": found.cells,
        }
        return orjson.dumps(told, option=in_utc)

    versions = await lake.answer(lambda snapshot: snapshot.versions(*_TABLES))
    return await if_changed(request, (*versions.items(), viewer), make)
