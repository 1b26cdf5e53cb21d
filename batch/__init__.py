"""Run batch jobs on the lake's tables while the streams are stopped."""

# The default of `rescore`. It stands here, because its command's help must not load Spark.
ROWS_PER_COMMIT = 500_000
