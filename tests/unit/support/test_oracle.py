"""The oracle is right on ledgers that are small enough to check by eye."""

from datetime import UTC, datetime

import pytest

from tests.support import oracle

NOON = 1_767_268_800_000_000  # 2026-01-01T12:00Z
DAY = 24 * oracle.HOUR
BLANK = {
    "owner": "public",
    "platform": "x",
    "post_key": "p1",
    "author_key": "a1",
    "fate": "new",
    "reason": None,
}


def post(version=0, text="fine", **fields):
    shown = {
        "channel": "c",
        "posted_at": NOON + 7,
        "clean_title": None,
        "clean_text": text,
        "lang": "en",
    }
    return (
        BLANK
        | shown
        | {"day": "2026-01-01", "op": "upsert", "version": version, "event_id": text}
        | fields
    )


def delete(version, **fields):
    return BLANK | {"op": "delete", "version": version, "event_id": "gone", "day": None} | fields


def author_delete(version):
    return BLANK | {
        "op": "delete_author",
        "version": version,
        "event_id": "left",
        "day": None,
        "post_key": None,
    }


def shown(*rows):
    return [row["clean_text"] for row in oracle.live_posts(rows).values()]


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        pytest.param([post(0, "a"), post(5, "b")], ["b"], id="edit"),
        pytest.param([post(5, "b"), post(0, "a")], ["b"], id="edit before its create"),
        pytest.param([post(5, "b"), post(5, "c")], ["b"], id="one version: the first"),
        pytest.param([post(0, "a"), post(5, "b"), post(9, "a")], ["a"], id="edit back"),
        pytest.param([post(0, "a"), delete(5)], [], id="delete"),
        pytest.param([delete(5), post(0, "a")], [], id="delete before its create"),
        pytest.param([post(5, "a"), delete(5)], [], id="one version: the delete"),
        pytest.param([delete(5), post(5, "a")], [], id="one version: the delete, sent first"),
        pytest.param([post(9, "a"), delete(5)], ["a"], id="late delete"),
        pytest.param([post(0, "a"), delete(5), post(9, "a")], ["a"], id="resurrection"),
        pytest.param([post(0, "a"), author_delete(NOON)], [], id="author gone"),
        pytest.param([author_delete(NOON), post(0, "a")], [], id="author gone before"),
        pytest.param(
            [author_delete(NOON), post(0, "a", day="2026-01-02")],
            ["a"],
            id="author is back the next day",
        ),
        pytest.param([author_delete(NOON), post(0, "a", author_key=None)], ["a"], id="no author"),
        pytest.param(
            [author_delete(NOON), post(0, "a", author_key="a2")], ["a"], id="another author"
        ),
        pytest.param(
            [author_delete(NOON), post(0, "a", owner="tenant")], ["a"], id="another owner"
        ),
        pytest.param(
            [author_delete(NOON), post(NOON + 1, "a")], ["a"], id="edit after the author's delete"
        ),
        pytest.param([post(0, "a", fate="quarantined")], [], id="bad"),
    ],
)
def test_the_record_that_wins(rows, text):
    assert shown(*rows) == text


def test_a_resend_raises_the_version_that_is_held():
    (row,) = oracle.live_posts([post(0, "a"), post(7, "a")]).values()
    assert row["version"] == 7


def test_tombstones_keep_the_highest_version():
    rows = [post(0), delete(3), delete(9), delete(5), author_delete(NOON), author_delete(NOON - 1)]
    assert oracle.tombstones(rows) == {("public", "x", "p1"): 9}
    assert oracle.author_tombstones(rows) == {("public", "x", "a1"): NOON}


def test_cells_add_up():
    rows = [
        post(text="I love it, great!", post_key="p1"),
        post(text="I hate it.", post_key="p2", posted_at=NOON + oracle.HOUR - 1),
        post(text="A table.", post_key="p3", author_key=None),
        post(text=None, post_key="p4", author_key="a2"),
        post(text="A table.", post_key="p5", channel=None),
        post(text="A table.", post_key="p6", posted_at=NOON + oracle.HOUR),
        post(text="I love it, great!", post_key="p7", posted_at=NOON + oracle.HOUR, lang="de"),
        post(text="😀", post_key="p8", posted_at=NOON + oracle.HOUR, lang=None),
    ]
    cells = oracle.sentiment_hourly(rows)
    love, hate = (
        round(oracle.vader_compound(text) * 10_000) for text in ("I love it, great!", "I hate it.")
    )
    assert love > 0 > hate
    assert cells["public", "x", "c", NOON].as_row() == {
        "posts": 4,
        "positive": 1,
        "neutral": 1,
        "negative": 1,
        "mixed": 0,
        "unscored": 1,
        "compound_sum": love + hate,
        "compound_sumsq": love**2 + hate**2,
        "authors": 2,
    }
    assert cells["public", "x", None, NOON].posts == 1
    later = cells["public", "x", "c", NOON + oracle.HOUR]
    assert (later.posts, later.neutral + later.positive, later.unscored) == (3, 2, 1)
    assert len(cells) == 3


def test_title_and_text_are_scored_together():
    assert oracle.scored_text({"clean_title": "T", "clean_text": "x"}) == "T\n\nx"
    assert oracle.scored_text({"clean_title": "T", "clean_text": None}) == "T"
    assert oracle.scored_text({"clean_title": None, "clean_text": None}) is None


def test_the_whole_expectation():
    rows = [
        post(),
        delete(4, post_key="p2"),
        BLANK | {"op": None, "fate": "quarantined", "reason": "null_value"},
    ]
    found = oracle.expected(rows)
    assert (found.records, len(found.live), len(found.tombstones)) == (3, 1, 1)
    assert found.quarantined == {"null_value": 1}
    assert sum(cell.posts for cell in found.hourly.values()) == 1


def test_noon_is_noon():
    assert datetime.fromtimestamp(NOON / 1e6, UTC) == datetime(2026, 1, 1, 12, tzinfo=UTC)
