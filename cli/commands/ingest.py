"""`echostream ingest`, `sweep`, `fetch`, `load`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.context import settings_of
from cli.input.platforms import platform_of
from cli.input.signals import interrupt_on_sigterm
from cli.output.counts import print_counts
from foundation import clock
from foundation.errors import BudgetSpentError, ListingCutError
from foundation.policies import policy_of
from ingestion.platforms import PLATFORMS
from schemas.epoch import to_datetime, to_micros

if TYPE_CHECKING:  # help and refusals do not wait for Kafka
    from ingestion.metrics import Telemetry
    from ingestion.producer.loop import IngestLoop, IngestReport
    from ingestion.reader import Span
    from local.progress import Ticker

_MAX_CURSOR = 40
_MOST_SPANS = 10  # lines of the summary
_FETCH_AGAIN = (
    "What was answered has landed, the rest has not;"
    " fetch that time again when the platform is mended"
)

_LIVE = ", ".join(name for name, platform in PLATFORMS.items() if platform.reader)
PlatformName = Annotated[str, typer.Argument(help=f"one of {_LIVE}")]


def ingest(
    context: typer.Context,
    platform: PlatformName,
    once: Annotated[bool, typer.Option("--once", help="read everything new, then end")] = False,
    base_url: Annotated[
        str | None,
        typer.Option(help="ask this address instead, such as that of `echostream simulate`"),
    ] = None,
    forget_cursor: Annotated[
        bool,
        typer.Option(
            "--forget-cursor", help="do not go on where the last run stopped; noted as a gap"
        ),
    ] = False,
) -> None:
    """Read a platform live, with its edits and deletes, and send the posts to Kafka.

    Ctrl-C and SIGTERM end it when Kafka has acknowledged the posts that were read.
    conf/watchlists.toml says what to read.
    """
    with _producer(
        context, platform, once=once, base_url=base_url, forget_cursor=forget_cursor
    ) as live:
        live.run()


def sweep(
    context: typer.Context,
    platform: PlatformName,
    everything: Annotated[
        bool, typer.Option("--all", help="every post, not only those that are due")
    ] = False,
    base_url: Annotated[
        str | None,
        typer.Option(help="ask this address instead, such as that of `echostream simulate`"),
    ] = None,
) -> None:
    """Read posts again that were sent, to find their edits and deletes.

    A post is due after an hour, and then whenever a quarter of its age has passed.
    """
    with _producer(context, platform, once=True, role="sweep", base_url=base_url) as live:
        from ingestion.producer.sweep import sweep as look_again

        look_again(live, clock.micros, everything=everything)


def fetch(
    context: typer.Context,
    platform: PlatformName,
    since: Annotated[datetime, typer.Option(help="the first moment, in UTC")],
    until: Annotated[datetime | None, typer.Option(help="the end, in UTC; default: now")] = None,
    base_url: Annotated[
        str | None,
        typer.Option(help="ask this address instead, such as that of `echostream simulate`"),
    ] = None,
) -> None:
    """Write the posts of a stretch of time to the lake's landing folder, as raw answers.

    The command sends nothing to Kafka; `echostream load` does.
    """
    platform_of(platform)
    from cli.lake import landing_of
    from foundation.folder_modes import protect

    now = clock.micros()
    files = 0
    lines = 0
    cut: ListingCutError | None = None
    protect(settings_of(context), "landing")
    with _producer(context, platform, once=True, role="fetch", base_url=base_url) as live:
        span = _micros(since), min(now, _micros(until) if until else now)
        try:
            batches = live.reader().between(*span)
            kept = live.erasure.without_erased(batches, now) if live.erasure else batches
            for _, count in landing_of(settings_of(context), platform).write(kept, now):
                files += 1
                lines += count
        except BudgetSpentError as spent:
            live.report.stopped = str(spent)
        except ListingCutError as error:
            cut = ListingCutError(error.what, remedy=_FETCH_AGAIN)
        if live.erasure:
            live.erasure.run()  # the new files may hold posts of authors erased meanwhile
    print(f"landed    {lines} answers in {files} files")
    if cut is not None:
        raise cut


def load(context: typer.Context, platform: PlatformName) -> None:
    """Send the files that `echostream fetch` wrote and no load has sent yet.

    They take the same way to Kafka as live posts. The command deletes sent files when their
    platform's policy says so.
    """
    platform_of(platform)
    from cli.lake import landing_of

    landing = landing_of(settings_of(context), platform)
    with _producer(context, platform, once=True, role="load") as live:
        live.run(lambda: landing.read(live.store))
        kept = timedelta(days=policy_of(platform).keep["landing.answers"].days)
        landing.remove(clock.now() - kept, live.store)


def _micros(moment: datetime) -> int:
    return to_micros(moment.replace(tzinfo=UTC))


@contextmanager
def _producer(
    context: typer.Context, platform: str, *, once: bool, **given: Any
) -> "Iterator[IngestLoop]":
    """Yield a producer that shows its progress, and print its summary; also when interrupted."""
    mapper = platform_of(platform)
    from cli.lake import lake_of
    from foundation.logs import setup_logs
    from ingestion.metrics import Telemetry
    from ingestion.producer.build import build_producer
    from local.progress import Ticker

    settings = settings_of(context)
    telemetry = Telemetry(platform)
    setup_logs(settings.home / "logs" / f"ingest-{platform}.jsonl", settings.log_level)
    interrupt_on_sigterm()
    cut: ListingCutError | None = None
    spans: list[Span] = []
    with Ticker(f"{given.get('role', 'ingest')} {platform}", unit="payloads") as ticker:
        watch = _Watch(ticker, telemetry)
        lake = lake_of(settings, platform)
        with build_producer(
            settings,
            mapper,
            telemetry,
            once=once,
            progress=watch.show,
            lake=lake,
            **given,
        ) as live:
            try:
                yield live
            except KeyboardInterrupt:
                live.report.stopped = "interrupted"
            except ListingCutError as error:
                cut = error
            latest = {
                span.source: span
                for span in live.store.spans()
                if span.source in live.report.covered
            }
            spans = list(latest.values())
    _summary(live.report, telemetry, spans)
    if cut is not None:
        raise cut  # after the summary, which tells of the posts that were read and of the gap


class _Watch:
    """Shows the progress: posts/s, lag, budget, cursor."""

    def __init__(self, ticker: "Ticker", telemetry: "Telemetry") -> None:
        self._ticker = ticker
        self._telemetry = telemetry
        self._since = time.monotonic()
        self._before = 0
        self._rate = 0.0

    def show(self, report: "IngestReport") -> None:
        """Show the progress after a batch."""
        elapsed = time.monotonic() - self._since
        if elapsed >= 1:
            self._rate = (report.payloads - self._before) / elapsed
            self._since = time.monotonic()
            self._before = report.payloads
        lag = self._telemetry.lag_s
        parts = [f"{self._rate:,.0f}/s"]
        if lag is not None:
            parts.append(f"lag {lag:,.0f} s")
        for unit, amount in self._telemetry.budget_left.items():
            parts.append(f"{amount:,.0f} {unit} left")
        if report.cursor:
            parts.append(f"at {report.cursor[:_MAX_CURSOR]}")
        self._ticker.to(report.payloads, " · ".join(parts))


def _summary(report: "IngestReport", telemetry: "Telemetry", spans: "list[Span]") -> None:
    print(f"payloads  {report.payloads}")
    for title, counts in (
        ("records", telemetry.records),
        ("troubles", telemetry.troubles),
        ("gaps", telemetry.gaps),
    ):
        print_counts(title, counts)
    for span in spans[:_MOST_SPANS]:
        print(f"covered   {_time(span.since)} to {_time(span.until)}  {span.source}")
    if len(spans) > _MOST_SPANS:
        print(f"covered   {len(spans) - _MOST_SPANS} more sources")
    for unit, left in telemetry.budget_left.items():
        print(f"budget    {left:g} {unit} left")
    if report.stopped:
        print(f"stopped   {report.stopped}")


def _time(micros: int) -> str:
    return f"{to_datetime(micros):%Y-%m-%d %H:%M:%S}"
