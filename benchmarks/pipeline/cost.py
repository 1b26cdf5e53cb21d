"""The least cost of a month, by arithmetic from measured figures and quoted prices.

Nothing here was billed. Prices are US dollars in AWS's region us-east-1;
docs/evidence/benchmarks.md says where they are from, and what is left out.
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
RUNS = 2_920  # a month: one every quarter of an hour
RUN_S = 60.0  # a worker is billed for a minute at least
# of EMR Serverless while a run lasts: a driver and an executor, and each worker's size
WORKERS = 2
VCPUS = 2
GB = 8
GETS_PER_PUT = 10  # assumed: a job reads logs, files and checkpoints; not measured
LISTS_PER_PUT = 1  # assumed, and billed as a PUT
BYTES_PER_OBJECT = 1e6  # assumed: of a batch's files, before they are put together
_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Load:
    """The needs of a number of records a month; money is US dollars a month.

    Attributes:
        records: posts, edits and deletes, a month.
        core_h: of work in large batches, starts left out.
        lake_gb: what a month adds.
        run_h: for which runs last, all together: their starts, and the work at the measured rate.
        emr_usd: EMR Serverless for as long.
        storage_usd: S3 for one month's records; each further month that is kept adds as much.
        requests_usd: S3's requests.
    """

    records: int
    core_h: float
    lake_gb: float
    run_h: float
    emr_usd: float
    storage_usd: float
    requests_usd: float


def loads(figures: dict[str, Any]) -> list[Load]:
    """Return costs by records a month, from throughput and start; none while one is missing."""
    if "start" not in figures or "lake_bytes_per_record" not in figures:
        return []
    return [_load(records, figures) for records in MONTHLY]


def records_per_core_hour(figures: dict[str, Any]) -> float:
    """Return the CPU time from Kafka to Gold."""
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
