"""Run X's batch compliance jobs: upload ids as a file, download a line for each post that is gone.

X's price list has no price per post for these jobs. The files have signed addresses, usually on
another host, so the reader sends the token only to X's own host.
"""

import json
from collections.abc import Generator, Sequence
from urllib.parse import urlsplit

from foundation.errors import ReadError
from ingestion.parsing.json_body import parse_json
from ingestion.parsing.json_fields import value_at
from ingestion.platform import Json
from ingestion.reader import Context, SourceBatch
from ingestion.readers.clients.http import Call, Http

JOBS = "/2/compliance/jobs"
_UPLOAD = f"{JOBS} upload"
_RESULTS = f"{JOBS} results"
_LONGEST_S = 3600.0  # for one job; the producer's retry then starts a new one
_KEPT = {"scrub_geo"}  # reasons that delete nothing: the reader requests no places
_FAILED = {"failed", "expired"}


class ComplianceJobs:
    """Asks X which posts are deleted, protected, suspended or otherwise gone."""

    def __init__(self, http: Http, base_url: str, context: Context) -> None:
        self._http = http
        self._base = base_url
        self._context = context

    def notices(self, ids: Sequence[str], source: str) -> Generator[SourceBatch, None, list[Json]]:
        """Run one job: yield pauses while it runs, then return a notice per post that is gone.

        Raises:
            StatusError: 403 or 404 where these credentials may not run jobs.
            ReadError: the job failed, expired, or took longer than an hour.
        """
        request = json.dumps({"type": "tweets", "resumable": False}).encode()
        job = _job(
            self._http.send(Call(path=JOBS, method="POST", body=request, headers=_JSON)).content
        )
        lines = "".join(f"{number}\n" for number in ids).encode()
        upload = self._file(_UPLOAD, job, "upload_url")
        self._http.send(Call(**upload, method="PUT", body=lines, headers=_TEXT, decode=_nothing))
        waited_s = 0.0
        pause_s = max(1.0, self._context.poll_s)
        while (state := _job(self._http.get(f"{JOBS}/{job['id']}").content)).get(
            "status"
        ) != "complete":
            if state.get("status") in _FAILED or waited_s > _LONGEST_S:
                self._context.telemetry.trouble("job_failed")
                raise ReadError(f"a compliance job of X has no result after {waited_s:.0f} s")
            yield SourceBatch(source=source, pause_s=pause_s)
            waited_s += pause_s
        results = self._http.send(
            Call(**self._file(_RESULTS, state, "download_url"), decode=_lines)
        ).content
        asked_for = set(ids)
        return [
            notice
            for notice in results
            if notice.get("id") in asked_for and notice.get("reason") not in _KEPT
        ]

    def _file(self, path: str, job: dict[str, Json], name: str) -> Json:
        """Return the address of one of the job's files, as arguments of `Call`."""
        address = job.get(name)
        if not isinstance(address, str) or urlsplit(address).scheme not in (
            "https",
            urlsplit(self._base).scheme,
        ):
            raise ReadError(f"{JOBS} gives no {name}")
        is_ours = urlsplit(address)[:2] == urlsplit(self._base)[:2] and urlsplit(
            address
        ).path.startswith(JOBS)
        return {"path": path, "address": address, "with_credentials": is_ours}


_JSON = {"content-type": "application/json"}
_TEXT = {"content-type": "text/plain"}  # the address's signature covers it


def _job(answer: Json) -> dict[str, Json]:
    job = value_at(answer, "data")
    if not isinstance(job, dict) or not str(job.get("id")).isdecimal():
        raise ReadError(f"{JOBS} answered in an unknown form")
    return job


def _nothing(_: bytes) -> Json:
    return None


def _lines(data: bytes) -> list[dict[str, Json]]:
    """Parse a notice from each line; an empty file is a valid answer.

    Raises:
        ValueError: a line is not a notice.
    """
    notices = [parse_json(line) for line in data.splitlines() if line.strip()]
    if not all(
        isinstance(notice, dict) and isinstance(notice.get("id"), str) for notice in notices
    ):
        raise ValueError("no notices")
    return notices
