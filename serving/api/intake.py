"""Accept a job: write the body to a file, then add the job to the control plane."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import orjson
from starlette.responses import Response

from foundation.errors import DiskFullError
from serving.api.problems import ProblemError
from serving.api.services import Services
from serving.jobs.files import JobFiles, disk
from tenancy import jobs
from tenancy.jobs import Form, Job

P = ParamSpec("P")
T = TypeVar("T")
_WRITTEN_AT_ONCE = 1024 * 1024
_MOST_OPEN = 100  # open jobs per tenant


class Upload:
    """Writes a job's input to disk. As a context manager, it deletes the input without a job.

    >>> async with Upload(services, tenant, "csv", sanitise=True) as upload:
    ...     await upload.write_all(request.stream())
    ...     job = await upload.make()
    """

    def __init__(self, services: Services, tenant: str, form: Form, *, sanitise: bool) -> None:
        self._services = services
        self._tenant = tenant
        self._form = form
        self._sanitise = sanitise
        self._files = JobFiles(services.settings.home)
        self._is_made = False
        self._hash = hashlib.sha256(f"{form} {sanitise} ".encode())
        self._waiting = bytearray()
        self._lines = 0
        self.job_id = jobs.new_job_id()
        self._is_empty = True

    async def __aenter__(self) -> "Upload":
        """Refuse a tenant with too many open jobs, and make the job's folder.

        Raises:
            ProblemError: 429 for too many open jobs, 507 for a full disk.
        """
        database = self._services.database
        if await asyncio.to_thread(jobs.count_open, database, self._tenant) >= _MOST_OPEN:
            raise ProblemError(
                429,
                "quota_exceeded",
                f"At most {_MOST_OPEN} jobs may be open: wait for one to end, or cancel one",
                headers={"Retry-After": "60"},
            )
        self._file = await _on_disk(self._files.make, self.job_id)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Delete the folder unless the job was made."""
        if not self._is_made:
            await asyncio.to_thread(self._files.remove, self.job_id)

    @property
    def fingerprint(self) -> bytes:
        """Return the SHA-256 of the format, the option and the body."""
        return self._hash.digest()

    async def write_all(self, blocks: AsyncIterator[bytes]) -> None:
        """Write a body block by block, as it arrives.

        Raises:
            ProblemError: 413 for too many rows, 422 for an empty body, 507 for a full disk.
        """
        async for block in blocks:
            self._hash.update(block)
            self._is_empty = self._is_empty and not block
            self._count_lines(block)
            self._waiting += block
            if len(self._waiting) >= _WRITTEN_AT_ONCE:
                await self._write()
        await self._write()
        if self._is_empty:
            raise ProblemError(422, "invalid", "The body is empty")

    async def write(self, body: bytes) -> None:
        """Write a body that is in memory. Raises the errors of `write_all`."""

        async def blocks() -> AsyncIterator[bytes]:
            yield body

        await self.write_all(blocks())

    async def make(self) -> Job:
        """Add the job to the control plane and return it."""
        job = await asyncio.to_thread(
            jobs.create,
            self._services.database,
            self._tenant,
            self.job_id,
            form=self._form,
            sanitise=self._sanitise,
        )
        self._is_made = True
        return job

    def _count_lines(self, block: bytes) -> None:
        self._lines += block.count(b"\n") if self._form == "jsonl" else 0
        most = self._services.settings.api.max_job_rows
        if self._lines > most:
            raise ProblemError(413, "too_large", f"A job has at most {most:,} rows")

    async def _write(self) -> None:
        body = bytes(self._waiting)
        self._waiting.clear()
        await _on_disk(_append, self._file, body)


def accepted(job: Job) -> Response:
    """Return the 202 answer that names a new job."""
    body = {"job_id": job.job_id, "status": job.status}
    return Response(
        orjson.dumps(body),
        202,
        headers={"Location": f"/v1/jobs/{job.job_id}"},
        media_type="application/json",
    )


async def _on_disk(work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    try:
        return await asyncio.to_thread(work, *given, **named)
    except DiskFullError as error:
        raise ProblemError(507, "disk_full", error.what) from None


def _append(file: Path, body: bytes) -> None:
    with disk(), file.open("ab") as out:
        out.write(body)
