"""`echostream ledger` lists spans and gaps of every producer of this owner."""

import json

import pytest
from typer.testing import CliRunner

from cli.main import app
from foundation.settings import Settings
from ingestion.producer.build import store_location
from ingestion.reader import Gap, GapReason, Span
from ingestion.state.store import IngestStore

SECOND = 1_000_000


def ledger(home, *words):
    return CliRunner().invoke(app, ["--home", str(home), "ledger", *words])


@pytest.fixture
def home(tmp_path):
    place = store_location(Settings(home=tmp_path))
    with IngestStore(place, owner="public", platform="reddit") as store:
        spans = [
            Span(source="r/a/new", since=0, until=90 * SECOND),
            Span(source="r/b", since=0, until=SECOND // 2),
        ]
        gap = Gap(
            source="r/a/new", since=10 * SECOND, until=20 * SECOND, reason=GapReason.TRUNCATED
        )
        store.save({}, [gap], now=0, covered=spans)
    with IngestStore(place, owner="public", platform="x") as store:
        store.save(
            {}, [], now=0, covered=[Span(source="a long query", since=SECOND, until=2 * SECOND)]
        )
    with IngestStore(place, owner="another", platform="x") as store:
        store.save({}, [], now=0, covered=[Span(source="not ours", since=SECOND, until=2 * SECOND)])
    return tmp_path


def test_spans_and_gaps_are_a_table_by_platform_source_and_time(home):
    done = ledger(home)
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        "platform  from                 to                   kind     reason     source",
        "reddit    1970-01-01 00:00:00  1970-01-01 00:00:10  covered             r/a/new",
        "reddit    1970-01-01 00:00:10  1970-01-01 00:00:20  gap      truncated  r/a/new",
        "reddit    1970-01-01 00:00:20  1970-01-01 00:01:30  covered             r/a/new",
        "reddit    1970-01-01 00:00:00  1970-01-01 00:00:00  covered             r/b",
        "x         1970-01-01 00:00:01  1970-01-01 00:00:02  covered             a long query",
    ]


def test_one_platform_as_json_lines(home):
    rows = [json.loads(line) for line in ledger(home, "reddit", "--json").output.splitlines()]
    assert rows[1] == {
        "platform": "reddit",
        "source": "r/a/new",
        "from": "1970-01-01T00:00:10+00:00",
        "to": "1970-01-01T00:00:20+00:00",
        "kind": "gap",
        "reason": "truncated",
    }
    assert [row["reason"] for row in rows] == [None, "truncated", None, None]
    assert rows[3]["to"] == "1970-01-01T00:00:00.500000+00:00"


def test_where_nothing_was_read_it_says_so_and_makes_no_memory(tmp_path):
    done = ledger(tmp_path)
    assert (done.exit_code, done.output) == (0, "nothing was read live yet\n")
    assert ledger(tmp_path, "--json").output == ""
    assert not list(tmp_path.rglob("*.sqlite3"))


def test_an_unknown_platform_is_wrong_use(tmp_path):
    assert "no platform none" in str(ledger(tmp_path, "none").exception)
