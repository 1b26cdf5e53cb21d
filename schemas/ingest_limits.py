"""How large one request to `POST /v1/ingest` may be: the API and the process behind it agree."""

MAX_ITEMS = 1_000
MAX_BODY_BYTES = 8 * 1024 * 1024
