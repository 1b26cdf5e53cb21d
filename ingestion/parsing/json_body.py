"""Decode JSON that comes from outside, without losing digits or trusting its depth."""

import re

import orjson

from ingestion.parsing.json_fields import parse_json_text
from ingestion.platform import Json

_LONG_NUMBER = re.compile(rb"\d{19}")  # orjson turns an integer beyond 64 bits into a float
_SHALLOW = 200  # JSON with more brackets may be nested too deeply, so its depth is measured


def parse_json(data: bytes) -> Json:
    """Parse JSON of limited depth; integers stay exact, and lone surrogates are kept.

    Raises:
        ValueError: the bytes are not JSON, or are nested too deeply.
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
