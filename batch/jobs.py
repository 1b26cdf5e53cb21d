"""List all batch jobs."""

from batch import (
    compact,
    enforce_retention,
    erase,
    rebuild_gold,
    rebuild_silver,
    replay_quarantine,
    rescore,
    rotate_keys,
)

BATCH_JOBS = (
    rebuild_silver.job,
    rebuild_gold.job,
    replay_quarantine.job,
    compact.job,
    erase.job,
    rescore.job,
    enforce_retention.job,
    rotate_keys.job,
)
