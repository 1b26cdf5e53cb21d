"""Compute the lowest cost of a month from measured figures and published prices.

Nothing here was billed. Prices are US dollars in AWS's region us-east-1.
docs/evidence/benchmarks.md names their source and the costs that are left out.
"""

from dataclasses import dataclass
from typing import Any

from benchmarks.pipeline.start import AS_SET

# EMR Serverless, x86
EMR_VCPU_H = 0.052624
EMR_GB_H = 0.0057785
# S3 Standard
S3_GB_MONTH = 0.023
S3_PUT = 0.005 / 1000
S3_GET = 0.0004 / 1000

MONTHLY = (100_000, 10_000_000, 1_000_000_000)
RUNS = 2_920  # per month, one every 15 minutes
RUN_S = 60.0  # EMR bills a worker for at least a minute
# EMR Serverless during a run: a driver and an executor, and the size of each.
WORKERS = 2
VCPUS = 2
GB = 8
GETS_PER_PUT = 10  # assumed: a job reads logs, files and checkpoints; not measured
LISTS_PER_PUT = 1  # assumed, and billed as a PUT
BYTES_PER_OBJECT = 1e6  # assumed, for a batch's files before compaction
_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Load:
    """The resources for a number of records per month, and their cost in US dollars per month.

    Attributes:
        records: posts, edits and deletes per month.
        core_h: core hours of work in large batches, without starts.
        lake_gb: the growth of the lake per month.
        run_h: hours of all runs: their starts, and the work at the measured rate.
        emr_usd: EMR Serverless for these hours.
        storage_usd: S3 for the records of one month. Each further month costs the same again.
        requests_usd: requests to S3.
    """

    records: int
    core_h: float
    lake_gb: float
    run_h: float
    emr_usd: float
    storage_usd: float
    requests_usd: float


def loads(figures: dict[str, Any]) -> list[Load]:
    """Return the costs for `MONTHLY` records; none before throughput and start are measured."""
    if "start" not in figures or "lake_bytes_per_record" not in figures:
        return []
    return [_load(records, figures) for records in MONTHLY]


def records_per_core_hour(figures: dict[str, Any]) -> float:
    """Return how many records one core processes per hour, from Kafka to Gold."""
    return float(_HOUR_S * 1e6 / figures["ours"]["cpu_us_per_post"])


def _load(records: int, figures: dict[str, Any]) -> Load:
    run = figures["start"]["ways"][AS_SET]
    work_s = records / figures["ours"]["posts_per_s"]
    run_h = max(RUNS * RUN_S, RUNS * run["whole_s"] + work_s) / _HOUR_S
    gb = records * figures["lake_bytes_per_record"] / 1e9
    puts = RUNS * run["objects"] + gb * 1e9 / BYTES_PER_OBJECT
    return Load(
        records=records,
        core_h=records / records_per_core_hour(figures),
        lake_gb=gb,
        run_h=run_h,
        emr_usd=run_h * WORKERS * (VCPUS * EMR_VCPU_H + GB * EMR_GB_H),
        storage_usd=gb * S3_GB_MONTH,
        requests_usd=puts * (S3_PUT * (1 + LISTS_PER_PUT) + GETS_PER_PUT * S3_GET),
    )
