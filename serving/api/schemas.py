"""The bodies of requests and answers. Unknown fields are refused."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_SYNC_BYTES = 5_000
MAX_DOCUMENTS = 25
_Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]


class In(BaseModel):
    """A body that a client sends."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SentimentIn(In):
    """One text."""

    text: str
    language: _Language | None = None
    mode: Literal["SYNC", "ASYNC"] = "SYNC"
    sanitise: bool = True


class Document(In):
    """One text of several."""

    id: Annotated[str, Field(min_length=1, max_length=100)]
    text: str
    language: _Language | None = None


class BatchIn(In):
    """Several texts."""

    documents: Annotated[list[Document], Field(min_length=1, max_length=MAX_DOCUMENTS)]
    sanitise: bool = True


class SentimentOut(BaseModel):
    """A text's sentiment; `reason` says why there is no label."""

    label: Literal["positive", "neutral", "negative", "mixed"] | None
    compound: float | None
    confidence: float | None
    scorer: str
    scorer_version: str
    language: str | None
    reason: str | None
    pii: dict[str, int]


class DocumentOut(SentimentOut):
    """The sentiment of one text of several."""

    id: str


class DocumentError(BaseModel):
    """Why one text of several has no sentiment."""

    id: str
    code: str


class BatchOut(BaseModel):
    """The sentiments of several texts."""

    results: list[DocumentOut]
    errors: list[DocumentError]


class JobAccepted(BaseModel):
    """A job that was made."""

    job_id: str
    status: Literal["SUBMITTED"]


class JobCounts(BaseModel):
    """How many rows a job has read so far, and what became of them."""

    read: int
    scored: int
    failed: int


class JobOut(BaseModel):
    """How far a job is; `message` says why it failed."""

    job_id: str
    status: Literal[
        "SUBMITTED",
        "IN_PROGRESS",
        "COMPLETED",
        "FAILED",
        "STOP_REQUESTED",
        "STOPPED",
        "EXPIRED",
    ]
    submitted_at: datetime
    ended_at: datetime | None
    expires_at: datetime | None
    counts: JobCounts
    message: str | None


class JobsOut(BaseModel):
    """Jobs, newest first."""

    jobs: list[JobOut]


class Rejected(BaseModel):
    """An item that is not taken: its place among the items, and why."""

    index: int
    reason: str


class IngestOut(BaseModel):
    """The fates of a request's payloads."""

    sent: int
    deleted: int
    ignored: int
    rejected: list[Rejected]


class ProblemField(BaseModel):
    """The problem with one field."""

    pointer: str
    code: str
    detail: str


class Problem(BaseModel):
    """An error, as RFC 9457 says it."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[ProblemField] = []
