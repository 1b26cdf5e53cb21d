"""The job that owns Silver accepts only whole requests that the lake's key has signed."""

import json

import pytest

from foundation.errors import ErasureRequestError
from foundation.key_sources import pseudonym_key, pseudonym_source
from foundation.keys import add_key, create_key
from foundation.settings import Settings
from lakehouse.erasure import ledger
from lakehouse.erasure import requests as erasure_requests
from lakehouse.erasure.register import demand_requests_key
from lakehouse.erasure.requests import Subject, Target

TARGETS = (Target("reddit", "author", ("v1:a", "v1:b")), Target("x", "post", ("v1:c",)))


@pytest.fixture
def settings(tmp_path):
    made = Settings(home=tmp_path)
    create_key(pseudonym_source(made).file)
    return made


def place(settings, key_id=None):
    key_id = key_id or pseudonym_source(settings).key_id()
    return erasure_requests.create_request(
        settings, targets=TARGETS, key_id=key_id, key=ledger.receipt_key(settings)
    )


def test_requests_wait_oldest_first_until_they_are_settled(settings):
    first = place(settings)
    second = place(settings)
    assert list(erasure_requests.pending_requests(settings)) == [first, second]
    assert first.targets == TARGETS
    erasure_requests.delete_request(settings, first)
    erasure_requests.delete_request(settings, first)
    assert list(erasure_requests.pending_requests(settings)) == [second]


def test_a_request_names_subjects_by_the_pseudonyms_of_every_version_of_the_key(settings):
    source = pseudonym_source(settings)
    add_key(source.file, source.name)
    first = settings.key_id_file.read_text()
    settings.key_id_file.write_text(f"{source.newest().key_id}\n")
    assert settings.key_id_file.read_text() != first
    subjects = [Subject("reddit", "author", "ANN"), Subject("x", "post", "AbC")]
    request = erasure_requests.request_erasure(settings, subjects, key=ledger.receipt_key(settings))
    versions = list(pseudonym_key(settings))
    assert [key.version for key in versions] == [2, 1]
    author, post = request.targets
    for key, of_author, of_post in zip(versions, author.keys, post.keys, strict=True):
        assert of_author == key.pseudonym(settings.owner, "reddit", "author", "ann")
        assert of_post == key.pseudonym(settings.owner, "x", "post", "AbC")
    assert request.key_id == versions[0].key_id
    (file,) = settings.home.rglob(f"{request.id}.json")
    assert "ANN" not in file.read_text()
    assert "AbC" not in file.read_text()


@pytest.mark.parametrize(
    "change",
    [
        {"asked_at": "2020-01-01T00:00:00+00:00"},
        {"targets": []},
        {"signature": "AAAA"},
        {"owner": "b"},
    ],
)
def test_a_request_that_was_changed_or_signed_by_somebody_else_is_refused_by_name(settings, change):
    request = place(settings)
    (file,) = settings.home.rglob(f"{request.id}.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(ErasureRequestError, match=request.id):
        list(erasure_requests.pending_requests(settings))


def test_a_request_under_another_key_than_the_lake_s_is_refused_for_it_would_block_nothing(
    settings,
):
    demand_requests_key([place(settings)], settings)
    old = place(settings, "v1-000000000000")
    with pytest.raises(ErasureRequestError, match=f"{old.id}.*v1-000000000000"):
        demand_requests_key([old], settings)


def test_a_draft_that_a_crash_left_is_no_request(settings):
    request = place(settings)
    (file,) = settings.home.rglob(f"{request.id}.json")
    file.rename(file.with_suffix(".new"))
    assert list(erasure_requests.pending_requests(settings)) == []
