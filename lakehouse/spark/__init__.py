"""Start Spark, and follow what it does."""
