"""Bytes from outside → decoded JSON."""

import re

import orjson

from ingestion.parsing.json_fields import parse_json_text
from ingestion.platform import Json

_LONG_NUMBER = re.compile(rb"\d{19}")  # orjson makes a float of an integer beyond 64 bits
_SHALLOW = 200  # brackets in a text, beyond which its depth is measured


def parse_json(data: bytes) -> Json:
    """Parse JSON of limited depth; integers of any size and lone surrogates survive.

    Raises:
        ValueError: it is something else.
    """
    if data.count(b"{") + data.count(b"[") <= _SHALLOW and not _LONG_NUMBER.search(data):
        try:
            return orjson.loads(data)
        except orjson.JSONDecodeError:
            pass  # orjson is stricter than the standard, so the standard library decides
    if data.strip() == b"null":
        return None
    value = parse_json_text(data.decode("utf-8"))
    if value is None:
        raise ValueError("not JSON, or nested too deeply")
    return value
