"""Batch jobs: work on the lake's tables while the streams are stopped."""

ROWS_PER_COMMIT = 500_000  # of `rescore`; here, for its command's help needs no Spark
