from typing import Any

import pytest

from ingestion.platform import AuthorDelete, Post, withhold
from ingestion.platforms.custom import PLATFORM

CREATED = "2024-05-06T07:08:09Z"
CREATED_US = 1_714_979_289_000_000
EDITED_US = CREATED_US + 60_000_000
SEEN_US = CREATED_US + 3_600_000_000


def item(**fields: Any) -> dict[str, Any]:
    return {
        "id": "ticket-42",
        "time": CREATED,
        "author": "customer-7",
        "channel": "support chat",
        "language": "en",
        "title": "Login",
        "text": "It works again. #thanks",
        **fields,
    }


def mapped(payload: Any, observed_at: int | None = SEEN_US) -> Any:
    return PLATFORM.map(payload, observed_at)


def test_an_item_becomes_a_post():
    payload = item(rating=5)
    assert mapped(payload) == Post(
        post_id="ticket-42",
        created_at=CREATED_US,
        author_id="customer-7",
        author_handle="customer-7",
        title="Login",
        text="It works again. #thanks",
        lang="en",
        channel="support chat",
        hashtags=("thanks",),
        raw=payload,
    )


@pytest.mark.parametrize(
    ("fields", "field", "value"),
    [
        ({"id": 42}, "post_id", "42"),
        ({"author": 7}, "author_id", "7"),
        ({"time": CREATED_US // 1_000_000}, "created_at", CREATED_US),
        ({"time": "2024-05-06 09:08:09+02:00"}, "created_at", CREATED_US),
        ({"time": "2024-05-06T07:08:09"}, "created_at", CREATED_US),
        ({"text": None}, "text", None),
        ({"title": None}, "title", None),
        ({"author": None}, "author_id", None),
        ({"author": ""}, "author_handle", None),
        ({"channel": None}, "channel", None),
        ({"language": None}, "lang", None),
        ({"deleted": False}, "op", "upsert"),
        ({"edited": EDITED_US // 1_000_000}, "version", EDITED_US),
        ({"edited": None}, "version", 0),
    ],
)
def test_fields_have_several_forms_and_most_may_be_missing(fields, field, value):
    assert getattr(mapped(item(**fields)), field) == value


def test_an_edit_of_a_clock_that_is_ahead_does_not_outlive_the_delete_after_it():
    ahead = item(edited="2024-05-06T09:00:00Z")
    gone = mapped({"id": "ticket-42", "deleted": True})
    assert mapped(ahead).version == gone.version == SEEN_US
    assert mapped(ahead, None).version > SEEN_US, "a recording says what it says"


@pytest.mark.parametrize(
    ("fields", "observed_at", "version"),
    [
        ({}, SEEN_US, SEEN_US),
        ({"time": CREATED}, SEEN_US, SEEN_US),
        ({"time": CREATED}, None, CREATED_US),
        ({"time": CREATED}, 5, 5),
        ({}, None, 0),
    ],
)
def test_a_delete_holds_up_to_now_and_names_no_day(fields, observed_at, version):
    payload = {"id": 42, "deleted": True, **fields}
    said = payload | {"text": "SECRET", "author": None, "title": "SECRET"}
    gone = mapped(said, observed_at)
    assert gone == Post(post_id="42", op="delete", version=version, raw={**payload, "author": None})
    assert (gone.day, gone.created_at) == (None, None)


def test_an_author_goes_with_all_that_they_said_and_an_id_beside_it_means_that_item_alone():
    payload = {"author": "customer-7", "deleted": True}
    assert mapped(payload) == AuthorDelete(author_id="customer-7", version=SEEN_US, raw=payload)
    one = mapped(payload | {"id": "a"})
    assert (one.post_id, one.op, one.author_id) == ("a", "delete", None)


@pytest.mark.parametrize(
    "document",
    [
        [item(id="a"), item(id="b")],
        {"items": [item(id="a"), item(id="b")]},
        {"observed_at": 5, "body": {"items": [item(id="a"), item(id="b")]}},
    ],
)
def test_items_are_found_in_lists_and_wrapped(document):
    assert [mapped(payload).post_id for payload in PLATFORM.payloads(document)] == ["a", "b"]


@pytest.mark.parametrize(
    ("payload", "detail"),
    [
        (item(id=None), "id"),
        (item(id=""), "id"),
        (item(id=1.5), "id"),
        (item(id=True), "id"),
        (item(id="x" * 513), "id"),
        (item(author=["a"]), "author"),
        (item(author="x" * 513), "author"),
        (item(channel=5), "channel"),
        (item(channel="x" * 513), "channel"),
        (item(language={}), "language"),
        (item(text=5), "text"),
        (item(text="", title=None), "text"),
        (item(title=[]), "title"),
        (item(time=None), "time"),
        (item(time="yesterday"), "time"),
        (item(time=-1), "time"),
        (item(time=1.5), "time"),
        (item(time="1969-12-31"), "time"),
        (item(edited="soon"), "edited"),
        (item(deleted="yes"), "deleted"),
        (item(deleted=1), "deleted"),
        ({"deleted": True}, "id"),
        ({"deleted": True, "author": ""}, "id"),
        ({"deleted": True, "id": "a", "time": "soon"}, "time"),
        ({}, "id"),
        ("x", "id"),
        (None, "id"),
        (5, "id"),
    ],
)
def test_a_refusal_names_the_field_and_keeps_nothing(payload, detail):
    assert mapped(payload) == withhold(detail, payload)
