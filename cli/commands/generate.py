"""`echostream generate`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli.context import settings_of
from cli.output.counts import print_counts
from foundation import clock
from ingestion.generator import load_rates, require_base, run_generator
from ingestion.kafka.producer import Producer
from local.progress import Ticker
from schemas.topics import topics


def generate(
    context: typer.Context,
    posts: Annotated[
        int, typer.Option(min=1, help="number of new posts; edits and deletes come on top")
    ] = 20_000,
    seed: Annotated[int, typer.Option(help="the same seed gives the same posts")] = 1,
    base: Annotated[
        datetime | None,
        typer.Option(help="the end of the two days of posts, UTC; default: the last full hour"),
    ] = None,
    rates: Annotated[
        Path | None, typer.Option(help="a file instead of conf/generator.toml")
    ] = None,
) -> None:
    """Send generated posts of all platforms to Kafka.

    Some are edited, deleted, sent twice or broken on purpose. A file below ledger in the home says
    what must become of each.
    """
    settings = settings_of(context)
    end = base.replace(tzinfo=UTC) if base else None
    if end:
        require_base(end, clock.now())
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
    print_counts("kinds", report.by_kind)
    print_counts("fates", report.by_fate)
    print_counts("bad", report.by_reason)
    print(f"ledger    {report.ledger}")
