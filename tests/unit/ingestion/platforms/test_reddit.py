from typing import Any

import pytest

from ingestion.platform import Ignored, Post, withhold
from ingestion.platforms.reddit import PLATFORM

CREATED = 1_600_000_000.0
CREATED_US = 1_600_000_000_000_000
EDITED_US = 1_600_000_500_250_000
SEEN_US = 1_700_000_000_000_000


def comment(**fields: Any) -> dict[str, Any]:
    data = {
        "name": "t1_abc",
        "id": "abc",
        "author": "Maple_Fox",
        "body": "Fine *work*",
        "body_html": '<div class="md">',
        "created_utc": CREATED,
        "edited": False,
        "subreddit": "gardening",
        "permalink": "/r/gardening/comments/xyz/_/abc/",
        "parent_id": "t3_xyz",
        "score": 7,
        "replies": "",
    }
    return {"kind": "t1", "data": {**data, **fields}}


def submission(**fields: Any) -> dict[str, Any]:
    data = {
        "name": "t3_xyz",
        "id": "xyz",
        "author": "Maple_Fox",
        "title": "My beans",
        "selftext": "They grow.",
        "created_utc": CREATED,
        "edited": False,
        "subreddit": "gardening",
        "permalink": "/r/gardening/comments/xyz/my_beans/",
        "score": 3,
        "num_comments": 2,
    }
    return {"kind": "t3", "data": {**data, **fields}}


def listing(*children: Any) -> dict[str, Any]:
    return {"kind": "Listing", "data": {"after": None, "children": list(children)}}


def without(payload: dict[str, Any], *names: str) -> dict[str, Any]:
    return {
        **payload,
        "data": {name: value for name, value in payload["data"].items() if name not in names},
    }


def mapped_post(payload: Any, observed_at: int | None = None) -> Post:
    answer = PLATFORM.map(payload, observed_at)
    assert isinstance(answer, Post)
    return answer


def test_a_comment_becomes_a_post():
    payload = comment()
    assert mapped_post(payload) == Post(
        post_id="t1_abc",
        created_at=CREATED_US,
        author_id="Maple_Fox",
        author_handle="Maple_Fox",
        text="Fine *work*",
        url="https://www.reddit.com/r/gardening/comments/xyz/_/abc/",
        channel="gardening",
        reply_to="t3_xyz",
        metrics={"score": 7},
        raw=payload,
    )


def test_a_submission_has_title_text_and_counts():
    post = mapped_post(submission())
    assert (post.post_id, post.title, post.text, post.reply_to) == (
        "t3_xyz",
        "My beans",
        "They grow.",
        None,
    )
    assert post.metrics == {"score": 3, "num_comments": 2}


def test_a_link_has_no_text():
    assert mapped_post(submission(selftext="")).text is None


@pytest.mark.parametrize(
    ("edited", "observed_at", "version"),
    [
        (False, SEEN_US, 0),
        (None, SEEN_US, 0),
        (1_600_000_500.25, None, EDITED_US),
        (True, SEEN_US, SEEN_US),
        (True, None, 0),
    ],
)
def test_an_edit_has_its_own_time_as_version(edited: Any, observed_at: int | None, version: int):
    assert mapped_post(comment(edited=edited), observed_at).version == version


@pytest.mark.parametrize("body", ["[deleted]", "[removed]", "[ Removed by Reddit ]"])
@pytest.mark.parametrize("payload", [comment, submission])
def test_a_deleted_or_removed_text_is_a_delete(payload: Any, body: str):
    field = "body" if payload is comment else "selftext"
    gone = mapped_post(payload(**{field: body, "author": "[deleted]"}), SEEN_US)
    assert (gone.op, gone.version, gone.created_at) == ("delete", SEEN_US, CREATED_US)
    assert gone.raw["data"][field] == body


def test_a_submission_is_gone_by_its_title_as_well():
    gone = mapped_post(
        submission(title="[deleted by user]", selftext="", url="https://SECRET"), SEEN_US
    )
    assert (gone.op, gone.version, gone.raw["data"]["title"]) == (
        "delete",
        SEEN_US,
        "[deleted by user]",
    )
    assert "SECRET" not in repr(gone)


def test_what_reddit_took_down_is_a_delete_though_its_text_is_there():
    removed = {
        "removed_by_category": "content_takedown",
        "removed_by": "SECRET",
        "removal_reason": "SECRET note",
    }
    gone = mapped_post(
        submission(**removed, banned_by="SECRET", title="SECRET", selftext="SECRET"), SEEN_US
    )
    assert (gone.op, gone.raw["data"]["removed_by_category"]) == ("delete", "content_takedown")
    assert "SECRET" not in repr(gone)
    assert mapped_post(gone.raw, SEEN_US) == gone, "what is kept says again that it is a delete"


def test_a_removed_thing_of_a_subreddit_that_became_private_is_a_delete():
    gone = mapped_post(comment(body="[removed]", subreddit_type="private"))
    assert (gone.op, gone.text) == ("delete", None)


def test_a_delete_carries_nothing_of_what_was_deleted():
    gone = mapped_post(
        submission(selftext="[deleted]", title="SECRET", url="https://SECRET", author="SECRET")
    )
    assert "SECRET" not in repr(gone)


def test_a_link_that_its_author_deleted_is_a_delete_without_its_title():
    gone = mapped_post(submission(selftext="SECRET", removed_by_category="deleted", title="SECRET"))
    assert gone.op == "delete"
    assert "SECRET" not in repr(gone)


def test_a_recorded_delete_has_version_0_but_never_less_than_its_edit():
    assert mapped_post(comment(body="[deleted]")).version == 0
    assert mapped_post(comment(body="[deleted]", edited=1_600_000_500.25)).version == EDITED_US


@pytest.mark.parametrize("author", ["[deleted]", None])
def test_a_live_post_of_a_deleted_author_stays_without_author(author: str | None):
    post = mapped_post(comment(author=author))
    assert (post.op, post.author_id, post.author_handle, post.text) == (
        "upsert",
        None,
        None,
        "Fine *work*",
    )


def test_escaped_text_is_resolved_once_and_markdown_entities_as_well():
    escaped = mapped_post(
        submission(title="Q&amp;A &lt;3", selftext="a &amp;amp; b", selftext_html="&lt;div&gt;")
    )
    assert (escaped.title, escaped.text) == ("Q&A <3", "a & b")
    plain = mapped_post(
        submission(title="write &amp; here", selftext="x&#x200B;y &amp; z", selftext_html="<div>")
    )
    assert (plain.title, plain.text) == ("write &amp; here", "x\u200by & z")


def test_without_a_twin_bare_signs_say_that_nothing_was_escaped():
    assert (
        mapped_post(submission(title="I typed &lt; as <", selftext="")).title == "I typed &lt; as <"
    )
    assert mapped_post(submission(title="1 &lt; 2", selftext="")).title == "1 < 2"


def test_a_link_with_an_entity_name_in_its_query_is_left_alone():
    assert (
        mapped_post(comment(body="http://a.example/?x=1&copy=2")).text
        == "http://a.example/?x=1&copy=2"
    )


@pytest.mark.parametrize(
    ("missing", "fields", "channel", "is_profile"),
    [
        ((), {"subreddit": "u_Maple_Fox"}, "u_Maple_Fox", True),
        (("subreddit",), {"subreddit_name_prefixed": "r/beans", "permalink": None}, "beans", False),
        (("subreddit",), {"subreddit_name_prefixed": "u/Maple_Fox"}, "u_Maple_Fox", True),
        (("subreddit",), {}, "gardening", False),
        (("subreddit",), {"permalink": "/comments/xyz/ad/"}, None, False),
    ],
)
def test_the_channel_is_the_subreddit(
    missing: tuple[str, ...], fields: Any, channel: str, is_profile: bool
):
    post = mapped_post(without(submission(**fields), *missing))
    assert (post.channel, post.channel_is_profile) == (channel, is_profile)


def test_mentions_are_the_names_in_title_and_text():
    text = (
        "thanks u/Red_Oak, /u/blue-jay and https://www.reddit.com/user/Pine/ but not thru/Nobody"
        " or /u/x"
    )
    post = mapped_post(submission(title="for /u/Red_Oak", selftext=text))
    assert post.mentions == ("Red_Oak", "blue-jay", "Pine")


def test_what_is_hidden_from_robots_is_not_indexable():
    assert mapped_post(submission(is_robot_indexable=False)).rights == {"indexable": False}
    assert mapped_post(submission(is_robot_indexable=True)).rights == {}


def test_metrics_are_64_bit_integers_only():
    assert mapped_post(comment(score=2**63, ups=True, gilded=1.5, downs=-3)).metrics == {
        "downs": -3
    }


@pytest.mark.parametrize("kind", ["t2", "t4", "t5", "more", "UserList"])
def test_other_things_are_ignored_by_kind(kind: str):
    assert PLATFORM.map({"kind": kind, "data": {"body": "hush"}}, None) == Ignored(kind=kind)


@pytest.mark.parametrize(
    ("payload", "detail"),
    [
        (without(comment(), "created_utc"), "created_utc"),
        (comment(created_utc="yesterday"), "created_utc"),
        (comment(created_utc="9" * 12), "created_utc"),
        (comment(created_utc="-5"), "created_utc"),
        (comment(created_utc=""), "created_utc"),
        (comment(created_utc=float("nan")), "created_utc"),
        (comment(created_utc=1e300), "created_utc"),
        (comment(created_utc=True), "created_utc"),
        (without(comment(), "name", "id"), "name"),
        (comment(name=5, id=None), "name"),
        (comment(body=None), "body"),
        (comment(body=["x"]), "body"),
        (comment(edited="yes"), "edited"),
        (comment(author={"name": "x"}), "author"),
        (comment(parent_id=7), "parent_id"),
        (submission(title=None), "title"),
        (submission(selftext=3), "selftext"),
        ({"kind": "t1", "data": None}, "data"),
        ({"kind": "Listing", "data": {}}, "data.children"),
        ({"message": "Not Found", "error": 404}, "kind"),
        (None, "kind"),
    ],
)
def test_what_cannot_be_mapped_names_the_field(payload: Any, detail: str):
    assert PLATFORM.map(payload, None) == withhold(detail, payload)


def test_the_id_is_made_from_kind_and_id_where_the_fullname_is_missing():
    assert mapped_post(without(comment(), "name")).post_id == "t1_abc"


def names(document: Any) -> list[str]:
    return [thing["data"].get("name", thing["kind"]) for thing in PLATFORM.payloads(document)]


def test_a_thread_yields_every_thing_once_in_order():
    inner = comment(name="t1_inner")
    outer = comment(
        name="t1_outer", replies=listing(inner, {"kind": "more", "data": {"children": ["q"]}})
    )
    thread = [listing(submission()), listing(outer, comment(name="t1_last"))]
    assert names(thread) == ["t3_xyz", "t1_outer", "t1_inner", "more", "t1_last"]
    assert names({"uri": "x", "body": thread}) == names(thread)
    assert names({"json": {"errors": [], "data": {"things": [inner, outer]}}}) == [
        "t1_inner",
        "t1_outer",
        "t1_inner",
        "more",
    ]


COLLECTION = {
    "collection_id": "c",
    "title": "Beans",
    "link_ids": ["t3_in"],
    "sorted_links": listing(submission(name="t3_in", title="NESTED")),
}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (COLLECTION, ["t3_in"]),
        ([COLLECTION, COLLECTION], ["t3_in", "t3_in"]),
        ({"collections": [COLLECTION]}, ["t3_in"]),
        ({"json": {"errors": [], "data": COLLECTION}}, ["t3_in"]),
        ({"data": {"things": [comment(), submission()]}}, ["t1_abc", "t3_xyz"]),
        ({"things": [comment()]}, ["t1_abc"]),
        ({"data": {"children": [comment()], "after": None}}, ["t1_abc"]),
        ({"post": listing(submission()), "comments": listing(comment())}, ["t3_xyz", "t1_abc"]),
        ({"t3_xyz": submission(), "t1_abc": comment()}, ["t3_xyz", "t1_abc"]),
        ({"pages": [[listing(submission())], [listing(comment())]]}, ["t3_xyz", "t1_abc"]),
        ([listing(listing(comment()))], ["t1_abc"]),
        (submission(collections=[COLLECTION]), ["t3_xyz", "t3_in"]),
        ({"url": "x", "response": {"body": [listing(submission())]}}, ["t3_xyz"]),
        (listing(), []),
    ],
)
def test_things_are_found_in_every_shape(document: Any, expected: list[str]):
    assert names(document) == expected


def test_a_submission_keeps_nothing_of_its_collections():
    outer, inside = PLATFORM.payloads(submission(collections=[COLLECTION]))
    assert "NESTED" not in repr(outer)
    assert mapped_post(inside).title == "NESTED"


@pytest.mark.parametrize(
    "document", [{}, {"subreddits": ["beans"]}, {"data": {"messages": []}}, {"body": "text"}]
)
def test_what_holds_no_thing_is_refused_by_name(document: Any):
    assert [PLATFORM.map(payload, None) for payload in PLATFORM.payloads(document)] == [
        withhold("kind", document)
    ]


def test_a_parent_keeps_nothing_of_what_nests_in_it():
    payload = comment(
        replies=listing(comment(name="t1_in", body="NESTED")),
        crosspost_parent_list=[{"x": "NESTED"}],
    )
    parent, child = PLATFORM.payloads(payload)
    assert "NESTED" not in repr(parent)
    assert child["data"]["body"] == "NESTED"
    assert payload["data"]["replies"], "the caller's document is left as it is"


def test_private_messages_inside_messages_are_each_ignored():
    message = {
        "kind": "t4",
        "data": {"body": "hush", "replies": listing({"kind": "t4", "data": {"body": "psst"}})},
    }
    answers = [
        PLATFORM.map(payload, None) for payload in PLATFORM.payloads(listing(message, comment()))
    ]
    assert [type(answer) for answer in answers] == [Ignored, Ignored, Post]


def test_a_thread_nested_very_deep_is_walked_without_recursion():
    document = comment(name="t1_0")
    for level in range(1, 3000):
        document = comment(name=f"t1_{level}", replies=listing(document))
    assert sum(1 for _ in PLATFORM.payloads(document)) == 3000


COMMENT_LINE = {
    "author": "Maple_Fox",
    "body": "Fine work",
    "created_utc": 1_600_000_000,
    "edited": False,
    "id": "abc",
    "link_id": "t3_xyz",
    "parent_id": "t3_xyz",
    "retrieved_on": 1_600_000_900,
    "score": 7,
    "subreddit": "gardening",
}
SUBMISSION_LINE = {
    "author": "Maple_Fox",
    "created_utc": 1_600_000_000,
    "id": "xyz",
    "is_self": True,
    "num_comments": 2,
    "score": 3,
    "selftext": "They grow.",
    "subreddit": "gardening",
    "title": "My beans",
}


def of_dump(document: Any) -> list[Any]:
    return [PLATFORM.map(payload, SEEN_US) for payload in PLATFORM.payloads(document)]


@pytest.mark.parametrize("created_utc", [1_600_000_000, CREATED, "1600000000", "1600000000.0"])
@pytest.mark.parametrize(
    "around",
    [
        lambda line: line,
        lambda line: [line],
        lambda line: {"data": line},
        lambda line: {"data": [line], "error": None},
        lambda line: {"kind": "t1" if "body" in line else "t3", "data": line},
    ],
    ids=["bare", "list", "in data", "answer", "thing"],
)
def test_a_line_of_a_dump_is_the_post_that_the_thing_is(around: Any, created_utc: Any):
    (said,) = of_dump(around(COMMENT_LINE | {"created_utc": created_utc}))
    assert (said.post_id, said.text, said.reply_to) == ("t1_abc", "Fine work", "t3_xyz")
    (made,) = of_dump(around(SUBMISSION_LINE | {"created_utc": created_utc}))
    assert (made.post_id, made.title, made.text) == ("t3_xyz", "My beans", "They grow.")
    for post in (said, made):
        assert (post.op, post.version, post.created_at) == ("upsert", 0, CREATED_US)
        assert (post.author_id, post.channel) == ("Maple_Fox", "gardening")
        assert post.raw["kind"] == post.post_id[:2], "kept as the API gives it"


@pytest.mark.parametrize(
    ("line", "post_id", "op", "version"),
    [
        (COMMENT_LINE | {"name": "t1_abc"}, "t1_abc", "upsert", 0),
        (COMMENT_LINE | {"edited": "1600000500.25"}, "t1_abc", "upsert", EDITED_US),
        (COMMENT_LINE | {"edited": True}, "t1_abc", "upsert", SEEN_US),
        (COMMENT_LINE | {"body": "[deleted]"}, "t1_abc", "delete", SEEN_US),
        (COMMENT_LINE | {"body": ""}, "t1_abc", "upsert", 0),
        (SUBMISSION_LINE | {"selftext": "[removed]"}, "t3_xyz", "delete", SEEN_US),
        (SUBMISSION_LINE | {"removed_by_category": "deleted"}, "t3_xyz", "delete", SEEN_US),
        (SUBMISSION_LINE | {"selftext": ""}, "t3_xyz", "upsert", 0),
        (SUBMISSION_LINE | {"body": None, "name": "t3_xyz"}, "t3_xyz", "upsert", 0),
    ],
)
def test_lines_of_dumps_are_edited_and_deleted_as_things_are(
    line: Any, post_id: str, op: str, version: int
):
    (post,) = of_dump(line)
    assert (post.post_id, post.op, post.version) == (post_id, op, version)


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (COMMENT_LINE | {"name": "t4_abc"}, Ignored(kind="t4")),
        (COMMENT_LINE | {"dest": "Red_Oak", "subreddit": None}, Ignored(kind="t4")),
        (SUBMISSION_LINE | {"name": "t5_xyz"}, Ignored(kind="t5")),
        (SUBMISSION_LINE | {"display_name": "gardening"}, Ignored(kind="t5")),
        (COMMENT_LINE | {"subreddit_type": "private"}, Ignored(kind="private subreddit")),
    ],
)
def test_lines_of_dumps_that_are_no_public_posts_are_ignored_by_kind(line: Any, answer: Ignored):
    assert of_dump(line) == [answer]


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        ({**COMMENT_LINE, "created_utc": None}, "created_utc"),
        ({**COMMENT_LINE, "id": None}, "name"),
        ({**COMMENT_LINE, "body": 5}, "body"),
        ({**SUBMISSION_LINE, "title": None}, "title"),
    ],
)
def test_a_damaged_line_of_a_dump_names_the_field(line: Any, detail: str):
    (refused,) = of_dump(line)
    assert refused.detail == detail


def test_the_parents_of_a_crosspost_stay_out_of_a_line_of_a_dump():
    (post,) = of_dump(SUBMISSION_LINE | {"crosspost_parent_list": [COMMENT_LINE]})
    assert "Fine work" not in repr(post)
