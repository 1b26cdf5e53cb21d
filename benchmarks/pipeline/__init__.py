"""Measure how fast posts go from Kafka to Gold, compared with a copy and a naive pipeline."""
