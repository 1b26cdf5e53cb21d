"""Local servers: the Kafka broker, S3, and Spark's history."""
