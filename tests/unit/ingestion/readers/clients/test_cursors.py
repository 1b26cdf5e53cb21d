"""Each form of cursor that a reader ever saved can still be read, by its own platform only."""

import re

import pytest

from foundation.errors import CursorError
from ingestion.readers.bluesky import Position
from ingestion.readers.clients.cursors import parse_cursor, parse_time_cursor


@pytest.mark.parametrize(
    ("cursor", "time"),
    [("reddit:0", 0), ("reddit:1700000000000000", 1_700_000_000_000_000)],
)
def test_a_time_cursor_holds_its_time(cursor, time):
    assert parse_time_cursor(cursor, "reddit") == time


@pytest.mark.parametrize(
    "cursor", ["", "reddit", "reddit:", "reddit:-1", "reddit:1x", "facebook:1", "reddit:1\n", "1"]
)
def test_a_cursor_of_another_form_is_refused_with_what_to_do(cursor):
    with pytest.raises(CursorError, match="ingest reddit --forget-cursor"):
        parse_time_cursor(cursor, "reddit")


def test_a_cursor_is_taken_apart_by_its_form():
    match = parse_cursor("instagram:17:42", re.compile(r"instagram:(\d+):(\d+)"), "instagram")
    assert match.groups() == ("17", "42")


@pytest.mark.parametrize(
    ("cursor", "position"),
    [
        ("jetstream:1010:17", Position(17, 1010)),
        ("jetstream::17", Position(17)),
        ("jetstream:17", Position(17)),
    ],
)
def test_jetstreams_cursor_has_a_time_and_perhaps_a_number(cursor, position):
    assert Position.parse(cursor) == position


@pytest.mark.parametrize("cursor", ["jetstream:a:17", "jetstream:1:", "jetstream:1:2:3", "17"])
def test_what_is_no_cursor_of_jetstream_is_refused(cursor):
    with pytest.raises(CursorError, match="ingest bluesky --forget-cursor"):
        Position.parse(cursor)
