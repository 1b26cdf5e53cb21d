"""Today's code runs, erases from and rebuilds a small lake of each released version."""

import json
import tarfile
from collections import Counter

import pytest

from batch.erase import carry_out
from batch.rebuild_gold import rebuild_gold
from batch.rebuild_silver import rebuild_silver
from foundation import clock
from foundation.key_sources import pseudonym_source
from foundation.settings import Settings
from lakehouse.erasure import ledger as erasures
from lakehouse.erasure import requests as erasure_requests
from lakehouse.erasure.requests import Target
from tests.jobs.lakes import CAP, DRAINED_WITHIN, NOW, Lake
from tests.released import make
from tests.support import oracle
from tests.support.clock import BASE, UNSHIFTED, going_on_from
from tests.support.lake import assert_gold, assert_silver, rows_of

LAKES = sorted(make.FOLDER.glob("*.tar.gz"))


@pytest.fixture
def _time_of_the_archive(monkeypatch):
    """Set the clock to the time of the archive's data, which TEST_BASE_SHIFT_DAYS does not move."""
    at = NOW + DRAINED_WITHIN - (BASE - UNSHIFTED)
    monkeypatch.setattr(clock, "now", going_on_from(at))


@pytest.fixture(params=LAKES, ids=[archive.name.removesuffix(".tar.gz") for archive in LAKES])
def released(request, spark, tmp_path, _time_of_the_archive) -> Lake:
    """Return a lake as that version left it, with a third of its Bronze unread."""
    with tarfile.open(request.param) as files:
        files.extractall(tmp_path, filter="data")
    ledger = json.loads((tmp_path / "ledger.json").read_text(encoding="utf-8"))
    return Lake(spark, Settings(home=tmp_path, sanitizer={"max_text_chars": CAP}), ledger, [])


def test_it_goes_on_forgets_a_person_and_is_built_anew(released):
    """Run a chain of steps. Each begins with the results of the version and of the step before."""
    settings = released.settings
    unread = len(rows_of(settings, "silver.posts"))
    released.drain()
    released.assert_exact()
    assert len(rows_of(settings, "silver.posts")) > unread, "there was nothing left to run"

    live = rows_of(settings, "silver.posts")
    authors = Counter((row["platform"], row["author_key"]) for row in live if row["author_key"])
    ((platform, author), _) = authors.most_common(1)[0]
    key_id = pseudonym_source(settings).key_id()
    targets = [Target(platform, "author", (author,))]
    erasure_requests.create_request(
        settings, targets=targets, key_id=key_id, key=erasures.receipt_key(settings)
    )
    bronze = rows_of(settings, "bronze.posts")
    theirs = {row["post_key"] for row in bronze if row["author_key"] == author} - {None}
    carry_out(released.delta)

    others = [
        row
        for row in released.ledger
        if row["author_key"] != author and row["post_key"] not in theirs
    ]
    expected = oracle.expected(others)
    for rebuild in (None, rebuild_silver, rebuild_gold):
        if rebuild:
            rebuild(released.delta)
        assert_silver(settings, expected, rows_of(settings, "bronze.posts"))
        assert_gold(settings, expected)
