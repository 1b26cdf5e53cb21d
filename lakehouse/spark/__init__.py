"""Start Spark, log its progress, and keep its event logs."""
