"""Limit one request to `POST /v1/ingest`; the API and the process behind it use these values."""

MAX_ITEMS = 1_000
MAX_BODY_BYTES = 8 * 1024 * 1024
