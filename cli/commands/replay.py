"""`echostream replay`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.context import settings_of
from cli.input.platforms import platform_of
from cli.output.counts import print_counts
from foundation import clock
from foundation.errors import PayloadFileError
from foundation.key_sources import pseudonym_key
from ingestion.kafka.producer import Producer
from ingestion.kafka.records import RecordMaker
from ingestion.platform import Platform
from ingestion.platforms import PLATFORMS
from ingestion.recordings.probe import require_payloads
from ingestion.recordings.replay import ReplayReport
from ingestion.recordings.replay import replay as send
from local.progress import Ticker
from schemas.topics import TOPIC_KINDS, topic_name

_SHOW_EVERY = 500


def replay(
    context: typer.Context,
    platform: Annotated[str, typer.Argument(help="the platform of the payloads")],
    files: Annotated[
        list[Path],
        typer.Argument(help="JSON lines or one JSON document each, plain, .gz or .zst"),
    ],
    *,
    check: Annotated[
        bool,
        typer.Option(help="refuse a file that seems to be of another platform, or no payloads"),
    ] = True,
) -> None:
    """Send recorded payloads through the platform's mapper to its topic."""
    mapper = platform_of(platform)
    settings = settings_of(context)
    maker = RecordMaker(platform, settings.owner, pseudonym_key(settings))
    is_sure = _look_at(mapper, files) if check else True
    with Producer(settings) as producer, Ticker(f"replay {platform}", unit="payloads") as ticker:
        producer.require_topics(*(topic_name(platform, kind) for kind in TOPIC_KINDS))

        def progress(report: ReplayReport) -> None:
            if report.payloads % _SHOW_EVERY == 0:
                ticker.to(report.payloads)

        report = send(mapper, files, producer, maker, clock.micros, progress=progress)
        ticker.to(report.payloads)
    deleted = report.deleted + report.author_deletes
    print(f"payloads  {report.payloads}")
    print(f"sent      {report.sent}: {report.upserts} posts, deletes and what was rejected")
    print(f"deleted   {deleted}: {report.deleted} posts, {report.author_deletes} authors")
    print_counts("ignored", report.ignored)
    print_counts("rejected", report.rejected)
    if report.payloads and not report.sent and not is_sure:
        raise PayloadFileError(
            f"none of the {report.payloads} payloads is a post of {platform}; nothing was sent",
            remedy="Name the platform whose payloads they are",
        )


def _look_at(platform: Platform, files: list[Path]) -> bool:
    """Look at every file before the first record is sent.

    Return whether one is surely the platform's.
    """
    are_sure = [require_payloads(platform, file, PLATFORMS.values()) for file in files]
    return any(are_sure)
