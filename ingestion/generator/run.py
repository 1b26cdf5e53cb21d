"""Run `echostream generate`: make the feed, send it, and write its ledger."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from foundation import clock
from foundation.errors import SettingsError, UsageError
from foundation.key_sources import pseudonym_key
from foundation.policies import policies
from foundation.settings import Settings
from ingestion.generator.feed import Feed
from ingestion.generator.first_posts import SPREAD, FirstPosts
from ingestion.generator.ledger import new_ledger
from ingestion.generator.lifecycle import LifecyclePlanner
from ingestion.generator.post_text import TextWriter
from ingestion.generator.rates import Rates, load_rates
from ingestion.generator.render import RenderedRecord, Renderer
from ingestion.generator.seeded_random import new_random
from ingestion.kafka.producer import Sender
from ingestion.kafka.records import RecordMaker
from schemas.epoch import to_datetime, to_micros
from schemas.times import observed_range

_PROGRESS_EVERY = 1000


@dataclass(slots=True)
class GeneratorReport:
    """Counts of the records that were sent."""

    ledger: Path
    records: int = 0
    by_kind: Counter[str] = field(default_factory=Counter)
    by_fate: Counter[str] = field(default_factory=Counter)
    by_reason: Counter[str] = field(default_factory=Counter)
    by_platform: Counter[str] = field(default_factory=Counter)


def generate(
    n_posts: int,
    *,
    seed: int,
    base: datetime,
    rates: Rates,
    makers: dict[str, RecordMaker],
    max_text_chars: int,
    with_canaries: bool = False,
) -> Iterator[RenderedRecord]:
    """Yield the records of a feed in the order of sending.

    Args:
        n_posts: the number of first posts; edits, deletes, duplicates and bad records are added.
        seed: the same seed, number, base, rates and key give the same records.
        base: the end of the feed's two days, in the past, with a time zone.
        rates: the rates of events.
        makers: the record makers by platform; the feed has posts of these platforms.
        max_text_chars: the length cap, which one kind of bad record exceeds.
        with_canaries: add the clear values of all personal data to the rows.

    Raises:
        SettingsError: a number is out of range.
    """
    if n_posts < 0 or not makers or base.tzinfo is None:
        raise SettingsError(
            "generate needs a number of posts, a platform and a time zone", remedy="Give all three"
        )
    rng = new_random(seed)
    end = to_micros(base)
    writer = TextWriter(rng, rates)
    first_posts = FirstPosts(rng, rates, writer, n_posts, seed, end)
    return iter(
        Feed(
            rng,
            rates,
            first_posts,
            LifecyclePlanner(rng, rates, writer, end),
            Renderer(makers, max_text_chars, with_canaries),
        )
    )


def run_generator(
    settings: Settings,
    sender: Sender,
    *,
    n_posts: int,
    seed: int,
    base: datetime | None = None,
    rates: Rates | None = None,
    with_canaries: bool = False,
    progress: Callable[[int], None] | None = None,
) -> GeneratorReport:
    """Make and send a feed, and write its ledger once Kafka has acknowledged all of it.

    The ledger is ECHOSTREAM_HOME/ledger/<base>-<seed>-<n>.jsonl. By default the base is the last
    full hour, and the rates are those of conf/generator.toml. `progress` is called after every
    1,000 records with the number of records sent.

    Raises:
        KeyFileError: there is no pseudonym key.
        DeliveryError: Kafka did not acknowledge all records; no ledger is written.
    """
    base = base or last_full_hour()
    key = pseudonym_key(settings)
    makers = {
        name: RecordMaker(platform=name, owner=settings.owner, key=key) for name in policies()
    }
    feed = generate(
        n_posts,
        seed=seed,
        base=base,
        rates=rates or load_rates(),
        makers=makers,
        max_text_chars=settings.sanitizer.max_text_chars,
        with_canaries=with_canaries,
    )
    return send(feed, sender, ledger_file(settings, base, seed, n_posts), progress=progress)


def send(
    feed: Iterable[RenderedRecord],
    sender: Sender,
    file: Path,
    *,
    progress: Callable[[int], None] | None = None,
) -> GeneratorReport:
    """Send a feed, and write its ledger once Kafka has acknowledged all of it."""
    report = GeneratorReport(ledger=file)
    with new_ledger(file) as ledger:
        for rendered in feed:
            record = rendered.record
            row = rendered.ledger_row
            sender.send_bytes(row["topic"], record.key, record.value, record.headers)
            ledger.write(row)
            _count(report, rendered)
            if progress and report.records % _PROGRESS_EVERY == 0:
                progress(report.records)
        sender.flush()
    if progress:
        progress(report.records)
    return report


def ledger_file(settings: Settings, base: datetime, seed: int, n_posts: int) -> Path:
    """Return the file of a run's ledger."""
    return settings.home / "ledger" / f"{base.astimezone(UTC):%Y%m%dT%H%M%S}-{seed}-{n_posts}.jsonl"


def require_base(base: datetime, now: datetime) -> None:
    """Check that the jobs accept the times of posts up to a base.

    Raises:
        UsageError: they would quarantine the posts. The text names the allowed range, from the
            youngest platform's first days to the latest time that the jobs accept.
    """
    since = max(policy.since for policy in policies().values())
    first, last = observed_range(since, to_micros(now))
    earliest = to_datetime(first + SPREAD)
    latest = to_datetime(last).replace(microsecond=0)
    if not earliest <= base <= latest:
        raise UsageError(
            f"posts up to {base:%Y-%m-%d %H:%M:%S} would be quarantined for their times",
            remedy=f"Set --base to a time from {_shown(earliest)} to {_shown(latest)}, UTC",
        )


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}"


def last_full_hour() -> datetime:
    """Return the last full hour, which all runs within one hour share."""
    return clock.now().replace(minute=0, second=0, microsecond=0)


def _count(report: GeneratorReport, rendered: RenderedRecord) -> None:
    row = rendered.ledger_row
    report.records += 1
    report.by_kind[row["kind"]] += 1
    report.by_fate[row["fate"]] += 1
    report.by_platform[row["platform"]] += 1
    if row["reason"]:
        report.by_reason[row["reason"]] += 1
