import json
from datetime import date
from typing import Any

import pytest

from ingestion.parsing.json_fields import value_at
from ingestion.platform import Ignored, Post, Unmappable, withhold
from ingestion.platforms.mastodon import PLATFORM

# 2024-05-06T07:08:09.500Z, and the id that a server gives a status of that time.
CREATED = "2024-05-06T07:08:09.500Z"
CREATED_US = 1_714_979_289_500_000
ID = str((CREATED_US // 1000) << 16)
URI = f"https://reef.example/users/coral/statuses/{ID}"
EDITED_US = CREATED_US + 60_000_000
SEEN_US = CREATED_US + 3_600_000_000


def status(**fields: Any) -> dict[str, Any]:
    return {
        "id": "113",
        "uri": URI,
        "url": f"https://reef.example/@coral/{ID}",
        "created_at": CREATED,
        "edited_at": None,
        "content": "<p>Fine &amp; dandy<br>here</p><p>again</p>",
        "spoiler_text": "",
        "visibility": "public",
        "language": "en",
        "reblog": None,
        "quote": None,
        "account": {
            "id": "7",
            "uri": "https://reef.example/users/coral",
            "acct": "coral@reef.example",
            "display_name": "Coral",
        },
        "mentions": [{"username": "kelp", "acct": "kelp@bay.example"}],
        "tags": [{"name": "tide"}],
        "replies_count": 1,
        "favourites_count": 4,
        **fields,
    }


def without(payload: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in payload.items() if name not in names}


def mapped_post(payload: Any, observed_at: int | None = None) -> Post:
    answer = PLATFORM.map(payload, observed_at)
    assert isinstance(answer, Post), answer
    return answer


def answers(document: Any, observed_at: int | None = None) -> list[Any]:
    return [PLATFORM.map(payload, observed_at) for payload in PLATFORM.payloads(document)]


def test_a_status_becomes_a_post():
    payload = status()
    assert mapped_post(payload) == Post(
        post_id=URI,
        created_at=CREATED_US,
        day=date(2024, 5, 6),
        author_id="https://reef.example/users/coral",
        author_handle="coral@reef.example",
        author_name="Coral",
        mentions=("kelp", "kelp@bay.example"),
        text="Fine & dandy\nhere\n\nagain",
        lang="en",
        url=f"https://reef.example/@coral/{ID}",
        channel="reef.example",
        hashtags=("tide",),
        metrics={"replies_count": 1, "favourites_count": 4},
        raw=payload,
    )


def test_two_servers_that_show_one_status_agree_on_everything_but_their_own_id():
    here = mapped_post(status(id="113"))
    there = mapped_post(status(id="999"))
    assert (here.post_id, here.day, here.author_id) == (there.post_id, there.day, there.author_id)


def test_a_warning_is_the_title_and_is_plain_already():
    assert mapped_post(status(spoiler_text="a <b> & c")).title == "a <b> & c"


def test_an_edit_has_its_own_time_as_version():
    assert mapped_post(status(edited_at="2024-05-06T07:09:09.500Z")).version == EDITED_US


@pytest.mark.parametrize(
    ("uri", "day"),
    [
        (f"https://a.example/users/u/statuses/{ID}/activity", date(2024, 5, 6)),
        ("https://a.example/users/u/statuses/12345", None),  # before ids had a time
        ("https://a.example/users/u/statuses/9999999999999999999", None),  # a year far ahead
        ("https://a.example/objects/2b1f", None),
    ],
)
def test_the_day_is_the_one_inside_the_uri_where_there_is_a_believable_one(
    uri: str, day: date | None
):
    assert mapped_post(status(uri=uri), SEEN_US).day == day


@pytest.mark.parametrize("visibility", ["unlisted", "private", "direct"])
def test_what_is_not_public_is_ignored_even_when_it_is_broken(visibility: str):
    assert PLATFORM.map(status(visibility=visibility), None) == Ignored(kind=f"{visibility} status")
    assert PLATFORM.map({"visibility": visibility, "uri": 5}, None) == Ignored(
        kind=f"{visibility} status"
    )


def test_a_visibility_that_nobody_knows_is_not_public():
    assert PLATFORM.map(status(visibility="SECRET"), None) == Ignored(kind="non-public status")


@pytest.mark.parametrize(
    ("signals", "rights"),
    [
        ({"noindex": True, "indexable": True}, {"indexable": False}),
        ({"noindex": False, "indexable": False}, {"indexable": False}),
        ({"noindex": None, "indexable": None}, {}),
        ({"noindex": False, "indexable": True}, {}),
    ],
)
def test_the_account_s_signals_narrow_the_rights(signals: Any, rights: Any):
    assert mapped_post(status(account={**status()["account"], **signals})).rights == rights


def test_a_boost_is_ignored_and_what_it_boosts_is_a_post():
    inner = status(uri=URI + "9", content="<p>INNER</p>")
    outer, boosted = list(PLATFORM.payloads(status(content="", reblog=inner)))
    assert PLATFORM.map(outer, None) == Ignored(kind="boost")
    assert "INNER" not in repr(outer)
    assert mapped_post(boosted).text == "INNER"


@pytest.mark.parametrize("nest", [lambda s: s, lambda s: {"state": "accepted", "quoted_status": s}])
def test_a_quoted_status_is_a_post_of_its_own_and_leaves_no_text_behind(nest: Any):
    document = status(quote=nest(status(uri=URI + "9", content="<p>QUOTED</p>")))
    outer, quoted = (mapped_post(payload) for payload in PLATFORM.payloads(document))
    assert (outer.post_id, quoted.post_id, quoted.text) == (URI, URI + "9", "QUOTED")
    assert "QUOTED" not in repr(outer)
    assert "QUOTED" in repr(document), "the caller's document is left as it is"


def test_a_private_status_inside_a_public_one_is_stored_nowhere():
    quote = {"state": "accepted", "quoted_status": status(visibility="private", content="HUSH")}
    found = answers(status(quote=quote))
    assert [type(answer) for answer in found] == [Post, Ignored]
    assert "HUSH" not in repr(found)


@pytest.mark.parametrize(
    "answer",
    [
        [status()],
        {"cassette": "x", "body": [status()]},
        {"accounts": [{"acct": "x"}], "statuses": [status()], "hashtags": []},
        {"ancestors": [], "descendants": [status()]},
        {"id": "1", "type": "favourite", "account": {"acct": "x"}, "status": status()},
        {"stream": ["public"], "event": "update", "payload": json.dumps(status())},
        {"stream": ["public"], "event": "status.update", "payload": json.dumps(status())},
    ],
)
def test_statuses_are_found_in_every_kind_of_answer(answer: Any):
    assert [mapped.post_id for mapped in answers(answer)] == [URI]


def test_a_conversation_is_private():
    conversation = {
        "id": "4",
        "accounts": [],
        "unread": True,
        "last_status": status(visibility="direct"),
    }
    assert answers([conversation]) == [Ignored(kind="direct status")]


def test_a_delete_of_the_stream_finds_its_post_by_the_uri_that_the_reader_put_beside_it():
    frame = {
        "stream": ["public"],
        "event": "delete",
        "payload": "113",
        "uri": URI,
        "note": "SECRET",
    }
    gone = mapped_post(frame, SEEN_US)
    assert (gone.post_id, gone.op, gone.version, gone.day) == (
        URI,
        "delete",
        SEEN_US,
        mapped_post(status()).day,
    )
    assert gone.raw == {"event": "delete", "payload": "113", "uri": URI}


def test_a_bare_id_names_no_post_and_is_kept_for_repair():
    frame = {"stream": ["public"], "event": "delete", "payload": "113"}
    kept = {"event": "delete", "payload": "113"}
    assert PLATFORM.map({**frame, "note": "SECRET"}, SEEN_US) == Unmappable(detail="uri", raw=kept)


def test_the_answer_to_a_delete_request_is_a_delete_without_the_text():
    gone = mapped_post({**without(status(), "content"), "text": "SECRET"}, SEEN_US)
    assert (gone.post_id, gone.op, gone.version, gone.created_at) == (
        URI,
        "delete",
        SEEN_US,
        CREATED_US,
    )
    assert "SECRET" not in repr(gone)
    assert "coral@" not in repr(gone)
    assert mapped_post({**without(status(), "content"), "text": "x"}).version == 0


@pytest.mark.parametrize(
    "event", ["filters_changed", "notification", "announcement", "conversation"]
)
def test_other_events_are_ignored(event: str):
    assert answers({"stream": ["user"], "event": event, "payload": "{}"}) == [
        Ignored(kind="stream event")
    ]


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        ({"acct": "x", "statuses_count": 1}, "account"),
        ({"error": "not found"}, "error"),
        (
            {"account": {}, "content": "x", "created_at": CREATED, "spoiler_text": ""},
            "status history",
        ),
        ({"id": "1", "text": "x", "spoiler_text": ""}, "status source"),
        ({"id": "1", "params": {"text": "x"}}, "scheduled status"),
        ({}, "other"),
    ],
)
def test_other_things_are_ignored_by_kind(item: Any, kind: str):
    assert answers(item) == [Ignored(kind=kind)]


@pytest.mark.parametrize(
    ("payload", "detail"),
    [
        (without(status(), "uri"), "uri"),
        (status(uri="no address"), "uri"),
        (status(uri="https://[x/"), "uri"),
        (without(status(), "content"), "content"),
        (status(created_at="yesterday"), "created_at"),
        (status(edited_at=5), "edited_at"),
        (status(visibility=None), "visibility"),
        (status(account=None), "account"),
        ({"event": "update", "payload": "{"}, "payload"),
        ({"event": "update", "payload": "[" * 5000}, "payload"),
        (5, "status"),
    ],
)
def test_what_cannot_be_mapped_names_the_field(payload: Any, detail: str):
    kept = Unmappable(detail=detail, raw=payload)
    assert answers(payload) == [
        kept if value_at(payload, "visibility") == "public" else withhold(detail, payload)
    ]


def test_statuses_nested_very_deep_are_walked_without_recursion():
    document = status()
    for _ in range(3000):
        document = status(quote={"quoted_status": document})
    assert sum(1 for _ in PLATFORM.payloads(document)) == 3001
