"""Send the items of `POST /v1/ingest` to Kafka, in a process apart from the API.

`echostream serve` starts this process and talks to it over a Unix socket. So the API itself never
reads the pseudonym key (ADR 24).
"""
