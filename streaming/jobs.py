"""The streaming jobs, in the order of the hops."""

from streaming import bronze_to_silver, silver_to_gold, topic_to_bronze

STREAMING_JOBS = (topic_to_bronze.JOB, bronze_to_silver.JOB, silver_to_gold.JOB)
STARTS = {job.name: job.start for job in STREAMING_JOBS}
