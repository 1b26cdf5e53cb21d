"""Turn the figures into tables, for the terminal and as Markdown."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

from benchmarks.pipeline.cost import Load, loads, records_per_core_hour
from schemas.tables import JOBS

Figures = dict[str, Any]
_SMALL = 100  # smaller figures have a decimal


@dataclass(frozen=True)
class Table:
    """A table with a title and a note. Its first column has names."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""

    def show(self, console: Console) -> None:
        """Print the table on the terminal."""
        shown = RichTable(
            title=self.title,
            title_justify="left",
            caption=self.note or None,
            caption_justify="left",
        )
        for at, column in enumerate(self.columns):
            shown.add_column(column, justify="right" if at else "left", no_wrap=True)
        for row in self.rows:
            shown.add_row(*row)
        console.print(shown)

    def markdown(self) -> str:
        """Return the table as Markdown."""
        lines = [
            f"**{self.title}**",
            "",
            _line(self.columns),
            _line(["---", *["--:"] * (len(self.columns) - 1)]),
        ]
        lines += [_line(row) for row in self.rows]
        return "\n".join([*lines, *(["", self.note] if self.note else [])])


def tables(figures: Figures) -> Iterator[Table]:
    """Yield a table for each part that was measured."""
    if "ours" in figures:
        yield throughput(figures)
    yield from (table(figures[part]) for part, table in OF_PARTS.items() if part in figures)
    if costs := loads(figures):
        yield cost(costs, records_per_core_hour(figures))


def throughput(figures: Figures) -> Table:
    """Return the table of throughput, in comparison with the copy of the same run."""
    copy = figures["copy"]
    ours = figures["ours"]
    ways = {
        "copy": copy,
        "naive": figures["naive"],
        "ours, Kafka → Gold": ours,
        "- Kafka → Bronze": ours["hops"]["topic_to_bronze"],
        "- Bronze → Silver": ours["hops"]["bronze_to_silver"],
        "- Silver → Gold": ours["hops"]["silver_to_gold"],
        "Bronze → Silver, no scoring": figures["unscored"],
    }
    rows = [
        (
            name,
            f"{way['records']:,}",
            f"{way['posts_per_s']:,.0f}",
            f"{way['posts_per_s'] / copy['posts_per_s']:.3f}",
            f"{way['cpu_us_per_post']:,.0f}",
            f"{way['jvm_peak_mb']:,}",
            f"{way['workers_peak_mb']:,}",
        )
        for name, way in ways.items()
    ]
    ratios = figures["ratios"]
    note = (
        f"Ours is {ratios['ours_to_copy']:.2f} x copy and {ratios['ours_to_naive']:.1f} x naive"
        f" (by CPU time {ratios['ours_to_copy_cpu']:.2f} and {ratios['ours_to_naive_cpu']:.1f});"
        f" Bronze → Silver with scoring takes {ratios['scored_to_unscored_time']:.2f} x the time"
        f" without"
        f" (CPU {ratios['scored_to_unscored_cpu']:.2f}). {figures['bytes_per_record']:,} bytes"
        f" per record."
    )
    columns = ("way", "records", "posts/s", "x copy", "CPU µs/post", "JVM MB", "workers MB")
    return Table(_titled("Throughput", figures, "throughput"), columns, rows, note)


def steps(figures: Figures) -> Table:
    """Return the table of the Python pass by step."""
    whole = figures["us_per_post"]["all, as one pass"]
    rows = [
        (name, f"{us:,.1f}", f"{us / whole:.0%}") for name, us in figures["us_per_post"].items()
    ]
    rows += [
        (f"{name} (per text)", f"{us:,.1f}", "")
        for name, us in figures["libraries_us_per_text"].items()
    ]
    return Table(
        f"The Python pass, {figures['posts']:,} records", ("step", "CPU µs/post", "share"), rows
    )


def growth(figures: Figures) -> Table:
    """Return the table of a batch's cost by the size of its day."""
    rows = [
        (
            f"{size['rows']:,}",
            f"{size['bronze_to_silver']:.1f}",
            f"{size['ratio']['bronze_to_silver']:.2f}",
            f"{size['silver_to_gold']:.1f}",
            f"{size['ratio']['silver_to_gold']:.2f}",
            f"{size['jvm_peak_mb']:,}",
            f"{size['workers_peak_mb']:,}",
        )
        for size in figures["sizes"]
    ]
    title = (
        f"One batch of {figures['new']:,} new posts, {figures['edits']} edits, {figures['deletes']}"
        f" deletes in a day"
    )
    return Table(
        title, ("rows in the day", "Silver s", "x", "Gold s", "x", "JVM MB", "workers MB"), rows
    )


def latency(figures: Figures) -> Table:
    """Return the table of seconds from a producer's reading to Gold."""
    rows = [
        (
            kind,
            *(
                _number(figures[kind][name])
                for name in ("count", "p50_s", "p95_s", "max_s", "without")
            ),
        )
        for kind in ("new", "edit", "delete")
    ]
    lag = "unknown" if figures["kafka_lag_at_end"] is None else f"{figures['kafka_lag_at_end']:,}"
    note = (
        f"{figures['records']:,} records. When the load ended, {lag} were still in Kafka; all was"
        f" in Gold"
        f" {figures['in_gold_after_end_s']:.0f} s later. {figures['cores_busy']:.2f} cores busy,"
        f" JVM {figures['jvm_peak_mb']:,} MB, workers {figures['workers_peak_mb']:,} MB."
    )
    where = "the lake on S3 (a server on loopback), " if figures.get("is_on_s3") else ""
    title = (
        f"From sight to Gold, {where}{figures['posts_per_s']} posts/s"
        f" for {figures['seconds']:.0f} s"
    )
    return Table(title, ("kind", "records", "p50 s", "p95 s", "max s", "never in Gold"), rows, note)


def backlog(figures: Figures) -> Table:
    """Return the table of seconds until a backlog is in Gold."""
    row = (
        f"{figures['records']:,}",
        *(_number(figures[name]) for name in ("half_gone_s", "gone_s")),
        f"{figures['jvm_peak_mb']:,}",
        f"{figures['workers_peak_mb']:,}",
    )
    title = (
        f"A backlog of {figures['seconds']:.0f} s at {figures['posts_per_s']} posts/s,"
        f" while as many keep coming"
    )
    return Table(
        title, ("records", "half in Gold, s", "all in Gold, s", "JVM MB", "workers MB"), [row]
    )


def start(figures: Figures) -> Table:
    """Return the table of seconds from the command to each job's first batch."""
    rows = [
        (
            name,
            *(f"{way['committed_s'][job]:.1f}" for job in JOBS),
            f"{way['whole_s']:.1f}",
            f"{way['cpu_s']:.1f}",
            f"{way['peak_mb']:,}",
            f"{way['objects']:,}",
        )
        for name, way in figures["ways"].items()
    ]
    title = (
        f"`echostream run --available-now`, {figures['posts']:,} new posts in a lake that is there"
    )
    columns = (
        "Java",
        "Bronze s",
        "Silver s",
        "Gold s",
        "whole run s",
        "CPU s",
        "all processes MB",
        "new files",
    )
    return Table(title, columns, rows)


_MEASURES = ("posts_per_s", "cpu_us_per_post", "small_s")


def knobs(figures: Figures) -> Table:
    """Return the table of costs with other values of Spark's settings."""
    rows = [
        (
            f"{'.'.join(pair['setting'].split('.')[-2:])} {pair['value']}, not {pair['ours']}",
            *(
                words
                for name in _MEASURES
                for words in _beside(pair["other"][name], _ours(pair, name))
            ),
        )
        for pair in figures["pairs"]
    ]
    apart = max(
        max(both) / min(both) - 1
        for pair in figures["pairs"]
        for name in _MEASURES
        for both in [[each[name] for each in pair["rounds"]]]
    )
    title = (
        f"Spark's settings: {figures['posts']:,} posts that piled up, and batches of"
        f" {figures['small']:,}"
    )
    note = (
        f"x: to the mean of ours before and after. Two rounds of ours in a row differ by up to"
        f" {apart:.0%}."
    )
    return Table(
        title, ("setting", "posts/s", "x", "CPU µs/post", "x", "small batch s", "x"), rows, note
    )


def _ours(pair: Figures, name: str) -> float:
    first, second = pair["rounds"]
    return float(first[name] + second[name]) / 2


def _beside(value: float, ours: float) -> tuple[str, str]:
    return f"{value:,.1f}" if value < _SMALL else f"{value:,.0f}", f"{value / ours:.2f}"


def cost(loads: Sequence[Load], per_core_hour: float) -> Table:
    """Return the table of US dollars per month by number of records."""
    rows = [
        (
            f"{load.records:,}",
            f"{load.core_h:,.2f}",
            f"{load.lake_gb:,.1f}",
            f"{load.run_h:,.0f}",
            f"{load.emr_usd:,.0f}",
            f"{load.storage_usd:,.2f}",
            f"{load.requests_usd:,.2f}",
        )
        for load in loads
    ]
    columns = (
        "records a month",
        "core hours of work",
        "lake GB",
        "hours of runs",
        "EMR Serverless $",
        "S3 storage $",
        "S3 requests $",
    )
    return Table(
        "A month, at least",
        columns,
        rows,
        f"{per_core_hour / 1e6:.1f} million records per core hour.",
    )


OF_PARTS: dict[str, Callable[[Figures], Table]] = {
    "steps": steps,
    "growth": growth,
    "latency": latency,
    "latency_s3": latency,
    "backlog": backlog,
    "start": start,
    "knobs": knobs,
}


def about(figures: Figures) -> str:
    """Return one line per part that tells when, how and where it was measured."""
    return "\n".join(
        f"- {part}: {run['at'][:16].replace('T', ' ')} UTC, {run['command']}, code {run['code']},"
        f" {run['cores']} cores,"
        f" {run['posts_from']}; load {run['load_1m']} before and {run['load_1m_after']} after."
        for part, run in figures.get("runs", {}).items()
    )


def _titled(title: str, figures: Figures, part: str) -> str:
    run = figures.get("runs", {}).get(part)
    return f"{title}, {figures['posts']:,} posts" + (f" ({run['posts_from']})" if run else "")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:.1f}"


def _line(words: Sequence[str]) -> str:
    return "| " + " | ".join(words) + " |"
