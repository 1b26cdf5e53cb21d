"""`make demo`: made posts from Kafka to Gold, shown on the terminal."""
