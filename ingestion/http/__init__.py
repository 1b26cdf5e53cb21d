"""Send the items of `POST /v1/ingest` to Kafka, in a process of its own.

It alone reads the pseudonym key. `serve` starts it, and speaks to it over a Unix socket.
"""
