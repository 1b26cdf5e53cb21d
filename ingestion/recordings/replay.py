"""Recorded payloads → topics, through the same mapper as the live producer's."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from foundation.policies import policy_of
from ingestion.kafka.producer import Sender
from ingestion.kafka.records import RecordMaker
from ingestion.platform import AuthorDelete, Ignored, Mapped, Platform, Post, Unmappable, withhold
from ingestion.recordings.files import BrokenLine, read_documents
from schemas.reasons import Reason


@dataclass(slots=True)
class ReplayReport:
    """The fates of all payloads; `sent` counts the records of all operations together."""

    payloads: int = 0
    sent: int = 0
    upserts: int = 0
    deleted: int = 0
    author_deletes: int = 0
    ignored: Counter[str] = field(default_factory=Counter)  # by kind
    # by reason; sent too, since they belong in quarantine
    rejected: Counter[str] = field(default_factory=Counter)


Progress = Callable[[ReplayReport], None]


def replay(
    platform: Platform,
    files: Iterable[Path],
    sender: Sender,
    maker: RecordMaker,
    now: Callable[[], int],
    *,
    progress: Progress | None = None,
) -> ReplayReport:
    """Send what the files hold.

    Args:
        platform: whose payloads they are.
        files: JSON lines or single documents, read in this order.
        sender: where the records go.
        maker: what makes the records.
        now: the clock, in microseconds since 1970.
        progress: called after every payload.

    Raises:
        PolicyError: the platform has no policy.
        PayloadFileError: a file cannot be read.
        DeliveryError: a record was not acknowledged.
    """
    policy_of(platform.name)
    report = ReplayReport()
    for mapped, recorded_at in _everything(platform, files):
        _count(report, mapped)
        if not isinstance(mapped, Ignored):
            present = now()
            observed_at = present if recorded_at is None else min(recorded_at, present)
            item = _dated(mapped, observed_at) if recorded_at is None else mapped
            sender.send(maker.make(item, observed_at=observed_at))
            report.sent += 1
        if progress:
            progress(report)
    sender.flush()
    return report


def _everything(platform: Platform, files: Iterable[Path]) -> Iterator[tuple[Mapped, int | None]]:
    """Yield what every payload means, and when it was observed if that was recorded."""
    for file in files:
        for number, document in enumerate(read_documents(file), start=1):
            if isinstance(document, BrokenLine):
                yield _placed(withhold("not JSON", document.text), number), None
                continue
            for payload in platform.payloads(document.content):
                recorded_at = platform.seen_at(payload) if platform.seen_at else None
                recorded_at = document.observed_at if recorded_at is None else recorded_at
                yield _placed(platform.map(payload, recorded_at), number), recorded_at


def _placed(mapped: Mapped, number: int) -> Mapped:
    """Add to a refusal without payload the number of its document, counted from 1."""
    if isinstance(mapped, Unmappable) and mapped.is_withheld:
        return replace(mapped, raw={**mapped.raw, "document": number})
    return mapped


def _dated(
    mapped: Post | AuthorDelete | Unmappable, observed_at: int
) -> Post | AuthorDelete | Unmappable:
    """Date a delete without a recorded time at now, so that it beats an edit already stored."""
    if isinstance(mapped, AuthorDelete) or (isinstance(mapped, Post) and mapped.op == "delete"):
        return replace(mapped, version=max(mapped.version, observed_at))
    return mapped


def _count(report: ReplayReport, mapped: Mapped) -> None:
    report.payloads += 1
    match mapped:
        case Post(op="delete"):
            report.deleted += 1
        case Post():
            report.upserts += 1
        case AuthorDelete():
            report.author_deletes += 1
        case Ignored(kind=kind):
            report.ignored[kind] += 1
        case Unmappable(detail=detail):
            report.rejected[f"{Reason.UNMAPPABLE}: {detail}"] += 1
