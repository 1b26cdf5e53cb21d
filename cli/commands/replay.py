"""`echostream replay` and `echostream generate`."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.context import settings_of
from foundation import clock
from foundation.errors import UsageError

_EVERY = 500


def replay(
    context: typer.Context,
    platform: Annotated[str, typer.Argument(help="whose payloads they are")],
    files: Annotated[
        list[Path], typer.Argument(help="JSON lines or one JSON document each, plain or .gz")
    ],
) -> None:
    """Send recorded payloads through the platform's mapper to its topic."""
    from foundation.key_sources import pseudonym_key  # noqa: PLC0415
    from ingestion.kafka.producer import Producer  # noqa: PLC0415
    from ingestion.kafka.records import RecordMaker  # noqa: PLC0415
    from ingestion.platforms import PLATFORMS  # noqa: PLC0415
    from ingestion.recordings.replay import ReplayReport  # noqa: PLC0415
    from ingestion.recordings.replay import replay as send  # noqa: PLC0415
    from local.progress import Ticker  # noqa: PLC0415
    from schemas.topics import TOPIC_KINDS, topic_name  # noqa: PLC0415

    if platform not in PLATFORMS:
        raise UsageError(f"no platform {platform}", remedy="Name one of: " + ", ".join(PLATFORMS))
    settings = settings_of(context)
    maker = RecordMaker(platform, settings.owner, pseudonym_key(settings))
    with Producer(settings) as producer, Ticker(f"replay {platform}", unit="payloads") as ticker:
        producer.require_topics(*(topic_name(platform, kind) for kind in TOPIC_KINDS))

        def progress(report: ReplayReport) -> None:
            if report.payloads % _EVERY == 0:
                ticker.to(report.payloads)

        report = send(PLATFORMS[platform], files, producer, maker, _now, progress=progress)
        ticker.to(report.payloads)
    print(f"payloads  {report.payloads}")
    print(f"sent      {report.sent}: {report.upserts} posts, deletes and what was rejected")
    print(
        f"deleted   {report.deleted + report.author_deletes}: {report.deleted} posts, {report.author_deletes} authors"
    )
    _print_counts("ignored", report.ignored)
    _print_counts("rejected", report.rejected)


def generate(
    context: typer.Context,
    posts: Annotated[
        int, typer.Option(min=1, help="posts created; edits, deletes, … come on top")
    ] = 20_000,
    seed: Annotated[int, typer.Option(help="the same seed gives the same posts")] = 1,
    base: Annotated[
        datetime | None, typer.Option(help="the end of the feed, UTC; default: the last full hour")
    ] = None,
    rates: Annotated[Path | None, typer.Option(help="rates instead of conf/generator.toml")] = None,
) -> None:
    """Send made posts of all platforms, and write the ledger of what should become of them."""
    from ingestion.generator import load_rates, run_generator  # noqa: PLC0415
    from ingestion.kafka.producer import Producer  # noqa: PLC0415
    from local.progress import Ticker  # noqa: PLC0415
    from schemas.topics import topics  # noqa: PLC0415

    settings = settings_of(context)
    end = base.replace(tzinfo=UTC) if base else None
    with Producer(settings) as producer, Ticker("generate", unit="records") as ticker:
        producer.require_topics(*(topic.name for topic in topics()))
        report = run_generator(
            settings,
            producer,
            n_posts=posts,
            seed=seed,
            base=end,
            rates=load_rates(rates),
            progress=ticker.to,
        )
    print(f"sent      {report.records}")
    _print_counts("kinds", report.by_kind)
    _print_counts("fates", report.by_fate)
    _print_counts("bad", report.by_reason)
    print(f"ledger    {report.ledger}")


def _print_counts(title: str, counts: "Counter[str]") -> None:
    each = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    print(f"{title:<9} {counts.total()}{f': {each}' if each else ''}")


def _now() -> int:
    """Microseconds since 1970."""
    return clock.micros()
