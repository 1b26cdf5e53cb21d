"""`echostream receipts` shows an erasure to people and to programs."""

import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from cli.main import app
from lakehouse.erasure import receipts as stored
from lakehouse.erasure.receipts import Receipt, TableReceipt

AT = datetime(2026, 5, 1, 12, 30, tzinfo=UTC)
TEXT = """\
abc: request, 1,200 posts, 2 authors, signed
  asked       2026-05-01 12:30:00 UTC
  unqueryable 2026-05-01 12:30:00 UTC
  gone        still to come; out of Kafka by 2026-05-01 12:30:00 UTC
  silver.posts: 1,200 rows, version 4 → 5, files removed by version 7
  quarantine.posts: 0 rows
  bronze.posts: 3 rows, version 8 → 9, files are still there
  gold.sentiment_hourly: by the change feed, version 1 → 2, files are still there
"""


def table(rows, before=None, after=None, vacuum=None):
    return TableReceipt(
        rows=rows,
        at=AT,
        version_before=before,
        version_after=after,
        vacuumed_at=AT if vacuum else None,
        vacuum_version=vacuum,
    )


@pytest.fixture
def receipt(monkeypatch):
    receipt = Receipt(
        id="abc",
        cause="request",
        asked_at=AT,
        what={"posts": 1200, "authors": 2},
        kafka_until=AT,
        unqueryable_at=AT,
        is_signed=True,
        tables={
            "silver.posts": table(1200, 4, 5, 7),
            "quarantine.posts": table(0),
            "bronze.posts": table(3, 8, 9),
            "gold.sentiment_hourly": table(None, 1, 2),
        },
    )
    monkeypatch.setattr(stored, "receipts", lambda _: [receipt])
    return receipt


def receipts(*words):
    return CliRunner().invoke(app, ["receipts", *words])


def test_people_read_dates_rows_versions_and_files(receipt):
    done = receipts()
    assert (done.exit_code, done.output) == (0, TEXT)


def test_programs_read_a_line_of_json(receipt):
    done = receipts("abc", "--json")
    assert done.exit_code == 0
    assert json.loads(done.output)["tables"]["silver.posts"]["rows"] == 1200


def test_an_unknown_request_is_1(receipt):
    done = receipts("other")
    assert (done.exit_code, done.output) == (1, "")


def test_a_changed_receipt_is_1_and_says_so(receipt):
    receipt.is_signed = False
    done = receipts()
    assert done.exit_code == 1
    assert "NOT AS IT WAS SIGNED" in done.output
