"""`GET /v1/quality`: return the state of jobs, fates, quarantine, costs and quotas."""

from typing import Any

import orjson
from fastapi import Request
from pydantic import BaseModel
from starlette.responses import Response

from foundation import clock
from serving.api.etags import if_changed
from serving.api.resource import resource
from serving.api.routes.shapes import AsOf, Completeness, Time, in_utc
from serving.api.services import services_of
from tenancy.api_keys import Scope

router = resource(Scope.MENTIONS_READ, tags=["lake"])
_TABLES = ("gold.sentiment_hourly", "ops.batches", "quarantine.posts")


class JobOut(BaseModel):
    """A job's newest batch."""

    job: str
    last_batch_at: Time | None
    lag_records: int | None
    input_rows_per_s: float | None
    batches_24h: int


class QuarantinedOut(BaseModel):
    """The number of records in quarantine for a platform and a reason."""

    platform: str | None
    reason: str
    records: int


class FatesOut(BaseModel):
    """The number of records of the last 24 hours by fate."""

    consumed: int
    new: int
    edited: int
    deleted: int
    duplicate: int
    stale: int
    suppressed: int
    quarantined: int


class CostOut(BaseModel):
    """The cost of a paid service in this month."""

    name: str
    spent_usd: float
    limit_usd: float


class QuotaOut(BaseModel):
    """The part of a budget that a platform's producers have spent in the current window."""

    platform: str
    unit: str
    spent: float
    limit: float
    window: str


class QualityOut(BaseModel):
    """The state of jobs and data, and what they cost."""

    as_of: AsOf
    jobs: list[JobOut]
    quarantine: list[QuarantinedOut]
    fates: FatesOut
    completeness: Completeness
    costs: list[CostOut]
    quotas: list[QuotaOut]


@router.get("/v1/quality", response_model=QualityOut)
async def quality(request: Request) -> Response:
    """Return how complete and how recent the data is, and what it costs."""
    from serving.queries import quality as queries  # noqa: PLC0415  # it loads DuckDB

    services = services_of(request)
    lake = services.lake
    now = clock.now()
    versions, costs, quotas = await lake.answer(
        lambda snapshot: (
            snapshot.versions(*_TABLES),
            queries.costs_of(services.settings, now),
            tuple(lake.quotas()),
        )
    )

    async def make() -> bytes:
        found = await lake.answer(
            lambda snapshot: queries.quality(snapshot, costs=costs, quotas=quotas)
        )
        return orjson.dumps(_told(found), option=in_utc)

    return await if_changed(request, (*versions.items(), costs, quotas), make)


def _told(found: Any) -> dict[str, Any]:
    jobs = [{name: getattr(job, name) for name in JobOut.model_fields} for job in found.jobs]
    others = [name for name in QualityOut.model_fields if name != "jobs"]
    return {name: getattr(found, name) for name in others} | {"jobs": jobs}
