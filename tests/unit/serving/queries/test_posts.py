"""Pages of the newest posts are right."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from hypothesis import given, settings
from hypothesis import strategies as st

from foundation.policies import policies
from serving.queries.posts import UNSCORED, Position, PostsAsked, posts
from serving.queries.shared import Viewer
from serving.reader.parts import Part
from serving.reader.pinned import DataFile
from serving.reader.reader import Reader

VIEWER = Viewer(("public", "default"), sees_small_cells=True, min_authors=5)
START = datetime(2026, 11, 30, 12, tzinfo=UTC)
RIGHTS = {"indexable": True, "may_train": False, "may_display": True, "may_export": False}
PROFILE = "v1:u7zvdn3zdsbzbnt6dtphx54f4j"
SCHEMA = pa.schema(
    [
        *[(name, pa.string()) for name in ("owner", "platform", "post_key")],
        ("day", pa.date32()),
        ("posted_at", pa.timestamp("us", "UTC")),
        *[(name, pa.string()) for name in ("channel", "title", "text", "lang")],
        ("metrics", pa.map_(pa.string(), pa.int64())),
        (
            "sentiment",
            pa.struct(
                [("label", pa.string()), ("compound", pa.float64()), ("confidence", pa.float64())]
            ),
        ),
        ("rights", pa.struct([(name, pa.bool_()) for name in RIGHTS])),
        (
            "bronze",
            pa.struct([("topic", pa.string()), ("partition", pa.int32()), ("offset", pa.int64())]),
        ),
        ("event_id", pa.string()),
        *[(name, pa.timestamp("us", "UTC")) for name in ("observed_at", "processed_at")],
    ]
)


def post(key, at=0, **more):
    posted_at = START + timedelta(seconds=at)
    return {
        "owner": "public",
        "platform": "reddit",
        "post_key": key,
        "day": posted_at.date(),
        "posted_at": posted_at,
        "channel": "news",
        "title": f"title of {key}",
        "text": f"text of {key}",
        "lang": "en",
        "metrics": [("score", 3)],
        "sentiment": {"label": "positive", "compound": 0.5, "confidence": 0.9},
        "rights": RIGHTS,
    } | more


def write(lake, rows):
    write_deltalake(
        str(lake / "silver/posts"),
        pa.Table.from_pylist(rows, schema=SCHEMA),
        mode="append",
        partition_by=["day"],
    )


@pytest.fixture
def ask(tmp_path):
    reader = Reader(str(tmp_path))

    def ask(*rows, viewer=VIEWER, today=None, **asked):
        if rows:
            write(tmp_path, list(rows))
        return reader.answer(
            lambda lake: posts(lake, viewer, PostsAsked(**asked), today or policies())
        )

    yield ask
    reader.close()


def keys(page):
    return [each.post_key for each in page.posts]


def test_a_lake_without_silver_has_no_posts(ask):
    page = ask()
    assert (page.posts, page.after, page.as_of.silver_version) == ((), None, None)


def test_the_newest_come_first_and_all_is_told(ask):
    page = ask(post("a", 0), post("b", 2), post("c", 1))
    assert keys(page) == ["b", "c", "a"]
    assert page.after is None
    assert page.as_of.silver_version == 0
    first = page.posts[0]
    assert (first.platform, first.channel, first.lang) == ("reddit", "news", "en")
    assert (first.label, first.compound, first.confidence) == ("positive", 0.5, 0.9)
    assert (first.title, first.text) == ("title of b", "text of b")
    assert first.posted_at == START + timedelta(seconds=2)
    assert first.metrics == {"score": 3}


def test_texts_and_keys_are_not_in_what_is_logged(ask):
    page = ask(post("canary"))
    assert "canary" not in repr(page.posts)


@pytest.mark.parametrize(
    ("rights", "policy", "shows"),
    [
        (RIGHTS, True, True),
        (RIGHTS, False, False),
        (RIGHTS | {"may_display": False}, True, False),
        (RIGHTS | {"may_display": None}, True, False),
        (None, True, False),
        (RIGHTS, None, False),
    ],
)
def test_a_text_shows_where_the_row_and_today_s_policy_allow_it(ask, rights, policy, shows):
    reddit = policies()["reddit"]
    today = (
        {}
        if policy is None
        else {"reddit": replace(reddit, rights=replace(reddit.rights, may_display=policy))}
    )
    (only,) = ask(post("a", rights=rights), today=today or {"other": reddit}).posts
    assert only.may_display is shows
    assert (only.title, only.text) == (("title of a", "text of a") if shows else (None, None))
    assert only.label == "positive"


def test_a_profile_is_no_channel(ask):
    (only,) = ask(post("a", channel=PROFILE)).posts
    assert only.channel is None


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ({"platforms": ("x",)}, "b"),
        ({"platforms": ("x", "reddit")}, "abcde"),
        ({"channels": ("else",)}, "c"),
        ({"labels": ("negative",)}, "d"),
        ({"labels": (UNSCORED,)}, "e"),
        ({"labels": (UNSCORED, "negative")}, "de"),
        ({"langs": ("de",)}, "a"),
        ({"langs": ("' OR true --",)}, ""),
        ({"channels": (PROFILE,)}, ""),
    ],
)
def test_filters(ask, asked, left):
    page = ask(
        post("a", lang="de"),
        post("b", platform="x"),
        post("c", channel="else"),
        post("d", sentiment={"label": "negative"}),
        post("e", sentiment=None, channel=PROFILE),
        **asked,
    )
    assert "".join(sorted(keys(page))) == left


def test_times_are_half_open(ask):
    page = ask(
        *(post(f"{at}", at) for at in range(4)),
        since=START + timedelta(seconds=1),
        until=START + timedelta(seconds=3),
    )
    assert keys(page) == ["2", "1"]


def test_others_rows_are_not_shown(ask):
    assert keys(ask(post("a", owner="other"), post("b", owner="default"))) == ["b"]


def test_a_deleted_post_is_not_on_the_next_page(ask, tmp_path):
    page = ask(*(post(f"{at}", at) for at in range(4)), limit=2)
    assert keys(page) == ["3", "2"]
    rows = [post(f"{at}", at) for at in (0, 2, 3)]
    write_deltalake(
        str(tmp_path / "silver/posts"), pa.Table.from_pylist(rows, schema=SCHEMA), mode="overwrite"
    )
    rest = ask(limit=2, after=page.after)
    assert (keys(rest), rest.after) == (["0"], None)


@settings(max_examples=15)
@given(
    times=st.lists(
        st.lists(st.integers(0, 6).map(lambda hours: hours * 4 * 3600), max_size=6), max_size=5
    ),
    limit=st.integers(1, 5),
)
def test_pages_give_each_post_once_in_order(tmp_path_factory, times, limit):
    """Posts of the same moment are in several files and days, too."""
    lake = tmp_path_factory.mktemp("lake")
    expected = []
    for number, some in enumerate(times):
        rows = [post(f"{number}-{at}-{n}", at) for n, at in enumerate(some)]
        if rows:
            write(lake, rows)
        expected += [(-row["posted_at"].timestamp(), row["post_key"]) for row in rows]
    assert all_keys(lake, limit) == [key for _, key in sorted(expected)]


def all_keys(lake, limit):
    reader = Reader(str(lake))
    found = []
    after: Position | None = None
    while True:
        page = reader.answer(
            lambda now, after=after: posts(
                now, VIEWER, PostsAsked(limit=limit, after=after), policies()
            )
        )
        found += keys(page)
        after = page.after
        if after is None:
            reader.close()
            return found


def test_only_the_newest_files_are_read(ask, tmp_path, monkeypatch):
    for day in range(20):
        write(tmp_path, [post(f"{day}-{number}", day * 86_400 + number) for number in range(10)])
    read: list[Sequence[DataFile]] = []
    real = Part.relation

    def noted(part, prefix, *, keep=None, **more):
        read.append([file for file in part.pinned.files if keep is None or keep(file)])
        return real(part, prefix, keep=keep, **more)

    monkeypatch.setattr(Part, "relation", noted)
    page = ask(limit=3)
    assert keys(page) == ["19-9", "19-8", "19-7"]
    assert sum(map(len, read)) <= 2
