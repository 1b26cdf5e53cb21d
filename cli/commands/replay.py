"""`echostream replay`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.context import settings_of
from cli.input.platforms import platform_of
from cli.output.counts import print_counts
from foundation import clock
from foundation.key_sources import pseudonym_key
from ingestion.kafka.producer import Producer
from ingestion.kafka.records import RecordMaker
from ingestion.recordings.replay import ReplayReport
from ingestion.recordings.replay import replay as send
from local.progress import Ticker
from schemas.topics import TOPIC_KINDS, topic_name

_SHOW_EVERY = 500


def replay(
    context: typer.Context,
    platform: Annotated[str, typer.Argument(help="whose payloads they are")],
    files: Annotated[
        list[Path], typer.Argument(help="JSON lines or one JSON document each, plain or .gz")
    ],
) -> None:
    """Send recorded payloads through the platform's mapper to its topic."""
    mapper = platform_of(platform)
    settings = settings_of(context)
    maker = RecordMaker(platform, settings.owner, pseudonym_key(settings))
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
