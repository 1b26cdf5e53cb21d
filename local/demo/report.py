"""Print the demo's results: answers of the lake to queries that any user could ask."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from foundation.settings import Settings
from local.host.jars import ROOT
from serving.catalog import lake_tables
from serving.sql import query

_BARS = " ▁▂▃▄▅▆▇█"
_HOURS = 48
_MOOD = 0.05  # VADER's documented threshold
_FATES = ("new", "edited", "deleted", "duplicate", "stale", "suppressed", "quarantined")

_REASONS = (
    "The generator breaks these records on purpose; docs/reference/reasons.md explains the reasons."
)
_WORDS = (
    "duplicate: sent before; stale: older than the stored version; suppressed: of a deleted post"
    " or author"
)

_PLATFORMS = """
    SELECT platform, sum(posts)::BIGINT AS posts, sum(positive) / sum(posts) AS positive,
           sum(negative) / sum(posts) AS negative,
           sum(compound_sum) / 10000 / nullif(sum(posts - unscored), 0) AS sentiment
    FROM gold.sentiment_hourly GROUP BY ALL ORDER BY platform"""
_PER_HOUR = f"""
    WITH ends AS (SELECT max(hour) AS last FROM gold.sentiment_hourly)
    SELECT platform, date_diff('hour', hour, last) AS ago, sum(posts)::BIGINT AS posts,
           sum(compound_sum) / 10000 / nullif(sum(posts - unscored), 0) AS sentiment, last
    FROM gold.sentiment_hourly, ends
    WHERE date_diff('hour', hour, last) < {_HOURS} GROUP BY ALL ORDER BY ALL"""  # noqa: S608  # our own number
_QUARANTINE = (
    "SELECT reason, count(*) AS records FROM quarantine.posts GROUP BY ALL ORDER BY records DESC,"
    " reason"
)
_CONSERVATION = f"""
    SELECT sum(consumed)::BIGINT, {", ".join(f"sum({fate})::BIGINT" for fate in _FATES)}
    FROM ops.batches WHERE query = 'bronze_to_silver'"""  # noqa: S608  # our own names
_TO_TRY = (
    "SELECT platform, channel, sum(posts) AS posts FROM gold.sentiment_hourly GROUP BY ALL ORDER"
    " BY posts DESC LIMIT 5",
    "SELECT platform, text, sentiment.label, pii FROM silver.posts WHERE len(map_keys(pii)) > 0"
    " LIMIT 5",
    "SELECT topic, partition, offset, stage, reason FROM quarantine.posts LIMIT 5",
)


def show_live(console: Console, read: Mapping[str, Counter[str]]) -> None:
    """Show the records that each live producer has sent."""
    console.print(
        "\n[bold]Records read live from simulated platforms[/]  (echostream simulate, ingest)"
    )
    for platform, fates in read.items():
        counts = ", ".join(
            f"{number:,} {fate.replace('_', ' ')}" for fate, number in fates.most_common()
        )
        console.print(f"  {platform:<11}{counts}", soft_wrap=True)


def show_results(settings: Settings, console: Console, *, sent: int) -> bool:
    """Show posts, sentiment, quarantine, conservation; True when every record has one fate."""
    _show_platforms(settings, console)
    _show_hours(settings, console)
    _show_quarantine(settings, console)
    return _show_conservation(settings, console, sent=sent)


def show_commands(settings: Settings, console: Console) -> None:
    """Show where the tables are, and what to ask them."""
    console.print("\n[bold]Tables[/]")
    for name, parts in lake_tables(settings.lake_uri).items():
        where = parts[0] if len(parts) == 1 else parts[0].rpartition("/")[0]
        console.print(f"  {name:<22} {where}", soft_wrap=True)
    console.print("\n[bold]Ask them in SQL[/]")
    home = settings.home.relative_to(ROOT)
    for sql in _TO_TRY:
        console.print(
            f'  .venv/bin/echostream --home {home} sql "{sql}"', markup=False, soft_wrap=True
        )


def _show_platforms(settings: Settings, console: Console) -> None:
    shown = Table(
        "platform", "posts", "positive", "negative", "mean sentiment", box=None, pad_edge=False
    )
    for column in shown.columns[1:]:
        column.justify = "right"
    for platform, posts, positive, negative, sentiment in query(settings.lake_uri, _PLATFORMS).rows:
        shown.add_row(
            platform, f"{posts:,}", f"{positive:.0%}", f"{negative:.0%}", _signed(sentiment)
        )
    console.print(
        "\n[bold]Posts and sentiment per platform[/]  (gold.sentiment_hourly; sentiment is from -1"
        " to +1)"
    )
    console.print(shown)


def _show_hours(settings: Settings, console: Console) -> None:
    """Show per platform a line of bars, one per hour, and under it each hour's sentiment."""
    rows = query(settings.lake_uri, _PER_HOUR).rows
    if not rows:
        return
    last = rows[0][4]
    most = max(row[2] for row in rows)
    console.print(
        f"\n[bold]Hour by hour[/]  ({_HOURS} h up to {last:%Y-%m-%d %H}:00 UTC; a full bar is"
        f" {most:,} posts)"
    )
    for platform in sorted({row[0] for row in rows}):
        hours: dict[int, Any] = {row[1]: row for row in rows if row[0] == platform}
        bars = Text(f"{platform:<11}")
        moods = Text(" " * 11)
        for ago in reversed(range(_HOURS)):
            posts, mood = hours[ago][2:4] if ago in hours else (0, None)
            colour, sign = _mood(mood)
            bars.append(_BARS[-(-posts * (len(_BARS) - 1) // most)], style=colour)
            moods.append(sign, style=colour)
        console.print(bars)
        console.print(moods)
    console.print(
        f"[dim]{'':<11}+ and -: mean sentiment of the hour beyond ±{_MOOD}; ·: between[/]"
    )


def _mood(sentiment: float | None) -> tuple[str, str]:
    if sentiment is None:
        return "dim", " "
    if abs(sentiment) < _MOOD:
        return "yellow", "·"
    return ("green", "+") if sentiment > 0 else ("red", "-")


def _show_quarantine(settings: Settings, console: Console) -> None:
    shown = Table("reason", "records", box=None, pad_edge=False)
    shown.columns[1].justify = "right"
    for reason, records in query(settings.lake_uri, _QUARANTINE).rows:
        shown.add_row(reason, f"{records:,}")
    console.print("\n[bold]Quarantined, and why[/]  (quarantine.posts)")
    console.print(shown)
    console.print(f"[dim]{_REASONS}[/]", soft_wrap=True)


def _show_conservation(settings: Settings, console: Console, *, sent: int) -> bool:
    consumed, *counts = (value or 0 for value in query(settings.lake_uri, _CONSERVATION).rows[0])
    whole = consumed == sum(counts) == sent
    console.print("\n[bold]Nothing lost, nothing counted twice[/]  (ops.batches)")
    console.print(f"  sent {sent:,}, consumed {consumed:,} =", soft_wrap=True)
    fates = " + ".join(f"{count:,} {fate}" for fate, count in zip(_FATES, counts, strict=True))
    console.print(
        f"  {fates}  {'[green]✓[/]' if whole else '[red]✗ this does not add up[/]'}", soft_wrap=True
    )
    console.print(f"[dim]  {_WORDS}[/]", soft_wrap=True)
    return whole


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.3f}"
