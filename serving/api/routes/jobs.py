"""`/v1/jobs`: score files of texts, row by row."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

import orjson
from fastapi import Path, Query, Request
from starlette.responses import Response, StreamingResponse

from serving.api.intake import Upload, accepted
from serving.api.once import once
from serving.api.problems import ProblemError, not_found
from serving.api.resource import body_limit, resource
from serving.api.schemas import JobAccepted, JobOut, JobsOut
from serving.api.services import caller_of, services_of
from serving.jobs.files import JobFiles, Kind
from tenancy import jobs
from tenancy.api_keys import Scope
from tenancy.database import Database
from tenancy.jobs import OPEN, Form, Job, JobStatus

_FORMS: dict[str, Form] = {
    "text/csv": "csv",
    "application/json": "json",
    "application/x-ndjson": "jsonl",
    "application/jsonl": "jsonl",
}
_LINES = "application/x-ndjson"
_CSV = "text/csv"
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "JSON lines, or CSV where Accept asks for it",
        "content": {_LINES: {"schema": {"type": "string"}}, _CSV: {"schema": {"type": "string"}}},
    }
}
_INPUT = {
    "requestBody": {
        "required": True,
        "content": {name: {"schema": {"type": "string", "format": "binary"}} for name in _FORMS},
    }
}

JobId = Annotated[str, Path(max_length=40)]
router = resource(Scope.SENTIMENT_WRITE, media_types=tuple(_FORMS), tags=["jobs"])


@router.post("/v1/jobs", status_code=202, response_model=JobAccepted, openapi_extra=_INPUT)
@body_limit(lambda settings: settings.max_upload_bytes)
async def submit(request: Request, sanitise: bool = True) -> Response:
    """Score the rows of a CSV file, a JSON array or JSON lines, each with a `text`.

    A row may also have an `id` and a `language`. The first line of a CSV file names its columns.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _FORMS:
        raise ProblemError(
            415, "unsupported_media_type", f"Content-Type must be one of {', '.join(_FORMS)}"
        )
    services = services_of(request)
    tenant = caller_of(request).tenant
    async with Upload(services, tenant, _FORMS[media_type], sanitise=sanitise) as upload:
        await upload.write_all(request.stream())

        async def make() -> Response:
            return accepted(await upload.make())

        return await once(request, upload.fingerprint, make)


@router.get("/v1/jobs", response_model=JobsOut)
async def newest(request: Request, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Response:
    """Return the tenant's newest jobs."""
    found = await asyncio.to_thread(
        jobs.newest, services_of(request).database, caller_of(request).tenant, limit
    )
    return _json({"jobs": [_told(job) for job in found]})


@router.get("/v1/jobs/{job_id}", response_model=JobOut)
async def job(request: Request, job_id: JobId) -> Response:
    """Return the status of a job and its counts of rows."""
    return _json(_told(await _found(request, jobs.find, job_id)))


@router.get("/v1/jobs/{job_id}/result", response_class=Response, responses=_FILE)
async def result(request: Request, job_id: JobId) -> Response:
    """Return the sentiment of each row, in the order of the input."""
    return await _file(request, job_id, "result")


@router.get("/v1/jobs/{job_id}/errors", response_class=Response, responses=_FILE)
async def errors(request: Request, job_id: JobId) -> Response:
    """Return the line and an error code of each row that could not be scored, without its text."""
    return await _file(request, job_id, "errors")


@router.post("/v1/jobs/{job_id}/cancel", status_code=202, response_model=JobOut)
async def cancel(request: Request, job_id: JobId) -> Response:
    """Cancel a job. The result of the rows scored so far can still be fetched."""
    keep = timedelta(hours=services_of(request).settings.api.result_keep_h)

    def stop(database: Database, tenant: str, job_id: str) -> Job | None:
        return jobs.cancel(database, tenant, job_id, keep=keep)

    return _json(_told(await _found(request, stop, job_id)), 202)


@router.post("/v1/jobs/{job_id}/retry", status_code=202, response_model=JobOut)
async def retry(request: Request, job_id: JobId) -> Response:
    """Resume a job that has failed or was cancelled, at the row where it stopped."""
    found = await _found(request, jobs.retry, job_id)
    if found.status != JobStatus.SUBMITTED:
        raise ProblemError(409, "conflict", f"A job that is {found.status} cannot be retried")
    return _json(_told(found), 202)


@router.delete("/v1/jobs/{job_id}", status_code=204)
async def delete(request: Request, job_id: JobId) -> Response:
    """Delete a job with its input and results, even while it runs."""
    services = services_of(request)
    tenant = caller_of(request).tenant
    if not await asyncio.to_thread(jobs.remove, services.database, tenant, job_id):
        raise not_found("There is no such job")
    await asyncio.to_thread(JobFiles(services.settings.home).remove, job_id)
    return Response(status_code=204)


async def _found(
    request: Request, find: Callable[[Database, str, str], Job | None], job_id: str
) -> Job:
    found = await asyncio.to_thread(
        find, services_of(request).database, caller_of(request).tenant, job_id
    )
    if found is None:
        raise not_found("There is no such job")
    return found


async def _file(request: Request, job_id: str, kind: Kind) -> Response:
    found = await _found(request, jobs.find, job_id)
    if found.status in OPEN:
        raise ProblemError(
            409, "conflict", f"The job is {found.status}", headers={"Retry-After": "5"}
        )
    if found.status == JobStatus.EXPIRED:
        raise ProblemError(410, "expired", "The results have expired and are deleted")
    files = JobFiles(services_of(request).settings.home)
    as_csv = _CSV in request.headers.get("accept", "")
    make = files.csv if as_csv else files.json_lines
    name = f"{found.job_id}-{kind}.{'csv' if as_csv else 'jsonl'}"
    return StreamingResponse(
        make(found.job_id, found.chunks, kind),
        media_type=f"{_CSV}; charset=utf-8" if as_csv else _LINES,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _told(job: Job) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "status": job.status,
        "submitted_at": _time(job.submitted_at),
        "ended_at": _time(job.ended_at),
        "expires_at": _time(job.expires_at),
        "counts": {"read": job.read, "scored": job.scored, "failed": job.failed},
        "message": job.message,
    }


def _time(moment: datetime | None) -> str | None:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else None


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")
