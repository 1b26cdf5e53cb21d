"""Turn posts into Kafka records, send them, and create their topics."""
