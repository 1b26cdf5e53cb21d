"""What so many posts a month cost, by arithmetic from what was measured, and from prices as they were quoted.

Nothing here was billed. Prices are US dollars in AWS's region us-east-1; docs/benchmarks.md says where they are from.
"""

from dataclasses import dataclass
from typing import Any

EMR_VCPU_H, EMR_GB_H = 0.052624, 0.0057785  # EMR Serverless, x86
S3_GB_MONTH, S3_PUT, S3_GET = 0.023, 0.005 / 1000, 0.0004 / 1000  # S3 Standard
NODE_USD = 24.0  # a month of Lightsail's plan with 4 GB of memory

MONTHLY = (100_000, 10_000_000, 1_000_000_000)
RUNS = 2_920  # a month: one every quarter of an hour
PEAK = 3.0  # the busiest hour against the mean, which a machine has to carry
VCPUS, GB = 2, 8  # of the one EMR Serverless worker that is held while a run lasts, as the measuring machine has cores
GETS_PER_PUT = 10  # assumed: a job reads logs, files and checkpoints; not measured
BYTES_PER_OBJECT = 1e6  # assumed: of a batch's files, before they are put together
_HOUR_S, _HOURS = 3600.0, 730.0


@dataclass(frozen=True, slots=True)
class Load:
    """What a number of posts a month needs; money is US dollars a month.

    Attributes:
        posts: first posts and their edits and deletes, a month.
        core_h: of work alone, starts left out.
        cores: that carry the busiest hour.
        lake_gb: what a month adds.
        run_h: for which runs last, all together, on `VCPUS` cores: their starts, and the work.
        emr_usd: EMR Serverless for as long.
        storage_usd: S3 for one month's posts; each further month that is kept adds as much.
        requests_usd: S3's requests.
    """

    posts: int
    core_h: float
    cores: float
    lake_gb: float
    run_h: float
    emr_usd: float
    storage_usd: float
    requests_usd: float


def loads(figures: dict[str, Any]) -> list[Load]:
    """By posts a month, from the figures of throughput and start; none while one of them is missing."""
    if "start" not in figures or "lake_bytes_per_record" not in figures:
        return []
    return [_load(posts, figures) for posts in MONTHLY]


def posts_per_core_hour(figures: dict[str, Any]) -> float:
    """From Kafka to Gold, by CPU time."""
    return float(_HOUR_S * 1e6 / figures["ours"]["cpu_us_per_post"])


def _load(posts: int, figures: dict[str, Any]) -> Load:
    run = figures["start"]["ways"]["as set"]
    core_h = posts / posts_per_core_hour(figures)
    work_h = posts / figures["ours"]["posts_per_s"] / _HOUR_S
    run_h = RUNS * run["whole_s"] / _HOUR_S + work_h
    gb = posts * figures["lake_bytes_per_record"] / 1e9
    puts = RUNS * run["objects"] + gb * 1e9 / BYTES_PER_OBJECT
    return Load(
        posts=posts,
        core_h=core_h,
        cores=core_h / _HOURS * PEAK,
        lake_gb=gb,
        run_h=run_h,
        emr_usd=run_h * (VCPUS * EMR_VCPU_H + GB * EMR_GB_H),
        storage_usd=gb * S3_GB_MONTH,
        requests_usd=puts * (S3_PUT + GETS_PER_PUT * S3_GET),
    )
