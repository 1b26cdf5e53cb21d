"""The bodies of requests and answers. A request with an unknown field is refused."""

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
    """One text to score."""

    text: str
    language: _Language | None = None
    mode: Literal["SYNC", "ASYNC"] = "SYNC"
    sanitise: bool = True


class Document(In):
    """One of several texts to score."""

    id: Annotated[str, Field(min_length=1, max_length=100)]
    text: str
    language: _Language | None = None


class BatchIn(In):
    """Several texts to score."""

    documents: Annotated[list[Document], Field(min_length=1, max_length=MAX_DOCUMENTS)]
    sanitise: bool = True


class SentimentOut(BaseModel):
    """A text's sentiment. `reason` says why there is no label."""

    label: Literal["positive", "neutral", "negative", "mixed"] | None
    compound: float | None
    confidence: float | None
    scorer: str
    scorer_version: str
    language: str | None
    reason: str | None
    pii: dict[str, int]


class DocumentOut(SentimentOut):
    """The sentiment of one of several texts."""

    id: str


class DocumentError(BaseModel):
    """The reason why one of several texts has no sentiment."""

    id: str
    code: str


class BatchOut(BaseModel):
    """The sentiments of several texts."""

    results: list[DocumentOut]
    errors: list[DocumentError]


class JobAccepted(BaseModel):
    """A job that was accepted."""

    job_id: str
    status: Literal["SUBMITTED"]


class JobCounts(BaseModel):
    """How many rows a job has read so far, and how many of them were scored or failed."""

    read: int
    scored: int
    failed: int


class JobOut(BaseModel):
    """The status of a job. `message` says why it failed."""

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
    """A rejected item: its index in `items`, and the reason."""

    index: int
    reason: str


class IngestOut(BaseModel):
    """The numbers of a request's payloads by outcome."""

    sent: int
    deleted: int
    ignored: int
    rejected: list[Rejected]


class ProblemField(BaseModel):
    """The error in one field."""

    pointer: str
    code: str
    detail: str


class Problem(BaseModel):
    """An error in the form of RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[ProblemField] = []
