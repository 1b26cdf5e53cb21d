"""Draw the page Data quality: completeness, delay, records with errors, and costs."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard import charts, panels, parts
from dashboard.api import Api, question
from dashboard.figures import NOTHING, count, percent, usd
from dashboard.names import platform_name
from dashboard.panels import Panel
from dashboard.parts import Column, Tile
from dashboard.periods import moment, read

_MOST_REASONS = 12
_ORDER = ("topic_to_bronze", "bronze_to_silver", "silver_to_gold")
FATES = ("new", "edited", "deleted", "duplicate", "stale", "suppressed", "quarantined")
_JOBS = (
    Column("Job", "job"),
    Column("Last batch (UTC)", "last_batch_at"),
    Column("Records that wait", "lag_records", is_number=True),
    Column("Records per second", "input_rows_per_s", is_number=True),
    Column("Batches in 24 h", "batches_24h", is_number=True),
)
_QUARANTINE = (
    Column("Platform", "platform"),
    Column("Reason", "reason"),
    Column("Records", "records", is_number=True),
)
_FATES = (
    Column("Fate", "name"),
    Column("Records", "records", is_number=True),
    Column("Share", "share", is_number=True),
)
_LIMITS = (
    Column("What", "what"),
    Column("Used", "spent", is_number=True),
    Column("Limit", "limit", is_number=True),
    Column("Left", "left", is_number=True),
)


def show(api: Api) -> None:
    """Draw the page."""
    answer = api.get(question("/v1/quality"))
    as_of = answer.get("as_of") or {}
    completeness = answer.get("completeness") or {}
    st.html(parts.tiles(_tiles(completeness)))
    _jobs(sorted(answer["jobs"], key=_place), as_of)
    left, right = st.columns(2, gap="large")
    with left:
        _fates(answer.get("fates") or {}, as_of)
    with right:
        _quarantine(answer["quarantine"], as_of)
    _limits(answer)


def _tiles(completeness: Mapping[str, Any]) -> list[Tile]:
    at = completeness.get("last_batch_at")
    return [
        Tile("Completeness", percent(completeness.get("share")), note="in the last 24 hours"),
        Tile(
            "Records that wait",
            parts.number(completeness.get("lag_records")),
            note="received, not yet processed",
        ),
        Tile(
            "Quarantined",
            parts.number(completeness.get("quarantined")),
            note="in the last 24 hours",
        ),
        Tile("Last batch", f"{read(at):%H:%M}" if at else NOTHING, note=_day(at)),
    ]


def _day(at: str | None) -> str:
    return f"UTC, {read(at).day} {read(at):%b %Y}" if at else ""


def _jobs(jobs: Sequence[Mapping[str, Any]], as_of: Mapping[str, Any]) -> None:
    st.html(parts.panel_heading("Jobs", "The processing steps in order, and how far each one is."))
    if not jobs:
        st.html(parts.line("No job has run yet. Start the jobs with: echostream run"))
        return
    st.html(parts.table(_JOBS, [_job(job) for job in jobs], name="Jobs"))
    st.html(parts.line(panels.as_of_line(as_of)))


def _place(job: Mapping[str, Any]) -> tuple[int, str]:
    """Return a sort key: jobs in the order in which a record passes them, then others by name."""
    name = str(job.get("job", ""))
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER), name)


def _job(job: Mapping[str, Any]) -> dict[str, str]:
    at = job.get("last_batch_at")
    return {
        "job": str(job.get("job", "")),
        "last_batch_at": moment(read(at)) if at else NOTHING,
        "lag_records": parts.number(job.get("lag_records")),
        "input_rows_per_s": parts.number(job.get("input_rows_per_s")),
        "batches_24h": parts.number(job.get("batches_24h")),
    }


def _fates(fates: Mapping[str, Any], as_of: Mapping[str, Any]) -> None:
    consumed = fates.get("consumed") or 0
    below = f"What happened to each of the {count(consumed)} records of the last 24 hours."
    if not consumed:
        st.html(parts.panel_heading("Fates"))
        st.html(parts.line("No record has been read yet."))
        return
    counted = [(name, fates.get(name) or 0) for name in FATES]
    missing = consumed - sum(number for _, number in counted)
    if missing:
        below = (
            f"{count(missing)} of the last 24 hours' {count(consumed)} records have no fate."
            " Please report this error."
        )
    amounts = [
        {
            "name": name,
            "amount": number,
            "shown": f"{count(number)} · {percent(number / consumed)}",
        }
        for name, number in counted
    ]
    table = [
        {"name": name, "records": count(number), "share": percent(number / consumed)}
        for name, number in counted
    ]
    listed = ", ".join(f"{row['name']} {row['shown']}" for row in amounts)
    panels.show(
        Panel("fates", "Fates", below, f"Bars: records by fate. {listed}", _FATES, table),
        lambda colours: charts.bars(amounts, colours, title="Fate", unit="Records"),
        as_of=as_of,
    )


def _quarantine(quarantine: Sequence[Mapping[str, Any]], as_of: Mapping[str, Any]) -> None:
    title = "Quarantine"
    if not quarantine:
        st.html(parts.panel_heading(title, "Records that could not be processed."))
        st.html(parts.line("None: every record could be processed."))
        return
    ordered = sorted(quarantine, key=lambda row: -row["records"])
    amounts = [
        {
            "name": f"{_platform(row)}: {row['reason']}",
            "amount": row["records"],
            "shown": count(row["records"]),
        }
        for row in ordered[:_MOST_REASONS]
    ]
    below = "All records that could not be processed, by platform and reason"
    if len(ordered) > _MOST_REASONS:
        below += f": the {_MOST_REASONS} most frequent of {len(ordered)}"
    table = [
        {
            "platform": _platform(row),
            "reason": str(row["reason"]),
            "records": count(row["records"]),
        }
        for row in ordered
    ]
    listed = ", ".join(f"{row['name']} {row['shown']}" for row in amounts)
    panels.show(
        Panel(
            "quarantine",
            title,
            f"{below}.",
            f"Bars: records in quarantine. {listed}",
            _QUARANTINE,
            table,
        ),
        lambda colours: charts.bars(amounts, colours, title="Reason", unit="Records"),
        as_of=as_of,
    )


def _platform(row: Mapping[str, Any]) -> str:
    return platform_name(row["platform"]) if row["platform"] else "unknown"


def _limits(answer: Mapping[str, Any]) -> None:
    st.html(parts.panel_heading("Cost and quota", "What is used of each budget, and what is left."))
    rows = limit_rows(answer)
    if not rows:
        st.html(parts.line("No budget is set, and no paid service was used."))
        return
    st.html(parts.table(_LIMITS, rows, name="Cost and quota"))


def limit_rows(answer: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the rows of the table of budgets: used, limit and left."""
    costs = [_cost(cost) for cost in answer["costs"]]
    return costs + [_quota(quota) for quota in answer["quotas"]]


def _cost(cost: Mapping[str, Any]) -> dict[str, str]:
    spent = cost["spent_usd"]
    limit = cost.get("limit_usd")
    return {
        "what": f"{cost['name']}, this month",
        "spent": usd(spent),
        "limit": usd(limit),
        "left": usd(None if limit is None else max(0.0, limit - spent)),
    }


def _quota(quota: Mapping[str, Any]) -> dict[str, str]:
    spent = quota["spent"]
    limit = quota.get("limit")
    unit = quota.get("unit") or ""
    written = usd if unit == "usd" else parts.number
    amount = "" if unit in ("", "usd") else f" {unit}"
    window = f"a {quota['window']}" if quota.get("window") else "in all"
    return {
        "what": f"{platform_name(quota['platform'])}{amount}, {window}",
        "spent": written(spent),
        "limit": written(limit),
        "left": written(None if limit is None else max(0, limit - spent)),
    }
