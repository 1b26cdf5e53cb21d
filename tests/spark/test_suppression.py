"""Erasures find their records in Bronze and quarantine by headers.

If headers do not name the person, the payloads do.
"""

from pathlib import Path

import pytest

from foundation.key_sources import KeyFile
from schemas.tables import BRONZE_POSTS
from tests.support.made_records import bronze_row, post, record
from transforms.suppression import FOREVER, blocked, suspects, with_versions

THEIRS = record(post(post_id="t1_theirs", author_id="Jane"))
OTHERS = record(post(post_id="t1_others", author_id="Fox"))
AUTHOR = dict(THEIRS.headers)["author_key"].decode()
POST = dict(THEIRS.headers)["post_key"].decode()
ROWS = {
    0: bronze_row(THEIRS),
    1: bronze_row(OTHERS),
    2: bronze_row(THEIRS, author_key=None),  # half of the headers
    3: bronze_row(THEIRS, post_key=None, author_key=None),
    4: bronze_row(OTHERS, author_key=None),
    5: bronze_row(OTHERS, author_key=AUTHOR),  # the headers name the person
    6: bronze_row(OTHERS, author_key=None, value=b"no JSON"),
}


@pytest.fixture
def records(spark):
    rows = [
        tuple((row | {"offset": at})[name] for name in BRONZE_POSTS.columns)
        for at, row in ROWS.items()
    ]
    return spark.createDataFrame(rows, BRONZE_POSTS.schema)


def found(records, graves, choose=suspects):
    spoken = with_versions(
        choose(records, graves), KeyFile(Path("/nowhere/payload.key"), "payload key")
    )
    return sorted(row["offset"] for row in blocked(spoken, graves, "offset").collect())


@pytest.fixture
def graves(spark):
    def of(**grave):
        row = ("reddit", grave.get("post_key"), grave.get("author_key"), FOREVER, "e1")
        schema = (
            "platform string, post_key string, author_key string, version long, erasure_id string"
        )
        return spark.createDataFrame([row], schema)

    return of


def test_an_author_by_headers_and_by_payloads(records, graves):
    assert found(records, graves(author_key=AUTHOR)) == [0, 2, 3, 5]


def test_a_post_by_headers_and_by_payloads(records, graves):
    assert found(records, graves(post_key=POST)) == [0, 2, 3]


def test_headers_that_lie_hide_nothing_where_every_payload_is_asked(records, graves):
    lying = records.where("offset = 0").selectExpr(
        *(
            f"'p' AS {name}" if name in ("post_key", "author_key") else name
            for name in BRONZE_POSTS.columns
        )
    )
    assert found(lying, graves(author_key=AUTHOR)) == []
    assert found(lying, graves(author_key=AUTHOR), choose=lambda rows, _: rows) == [0]
