"""Run a platform's reader: build it, send its posts to Kafka, and sweep for edits and deletes."""
