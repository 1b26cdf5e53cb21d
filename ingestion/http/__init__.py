"""What is sent to `POST /v1/ingest`, on its way to Kafka: a process of its own.

It alone reads the pseudonym key. `serve` starts it, and speaks to it over a Unix socket.
"""
