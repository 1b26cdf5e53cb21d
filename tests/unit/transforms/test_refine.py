"""Bronze rows become refined rows without Spark: cleaned before scoring, by a closed gate."""

from datetime import UTC, date, datetime

import orjson
import pytest

from ingestion.platform import AuthorDelete, Post, Unmappable
from schemas.reasons import Reason
from tests.support.made_records import KEY, RULES, SEEN, bronze_row, post, record
from transforms import refine
from transforms.pii.options import DEFAULT
from transforms.pii.sanitizer import Sanitizer, load_sanitizer
from transforms.refine import Refiner, refine_row, score_rows
from transforms.scoring.posts import Scorers, scored_text
from transforms.scoring.score import Score, ScorerOptions

REFINER = Refiner(RULES, ScorerOptions())
COORDINATES = {"topic": "social.reddit.posts.v1", "partition": 0, "offset": 7}


def refined(item, **changes):
    """Return the row without its score."""
    return refine_row(
        bronze_row(record(item), offset=7) | {"kafka_timestamp": SEEN} | changes, REFINER
    )


class WatchedScorer:
    """Records the texts that it got, and cannot score texts with a bomb."""

    name = "watched"
    version = "1"
    languages = frozenset({"en"})

    def __init__(self):
        self.calls = []

    def of(self, _language):
        return self

    def score(self, texts):
        self.calls.append(list(texts))
        if any("💣" in text for text in texts):
            raise RuntimeError(texts)
        return [Score("positive", 0.5, 0.9) for _ in texts]


@pytest.mark.parametrize(
    ("title", "text", "expected"),
    [
        ("a", "b", "a\n\nb"),
        ("a", None, "a"),
        (None, "b", "b"),
        ("", "b", "b"),
        ("a", "", "a"),
        ("", "", None),
        (None, None, None),
    ],
)
def test_scored_text(title, text, expected):
    assert scored_text(title, text) == expected


def test_a_post():
    row = refined(
        post(
            title="T",
            lang="en",
            channel="news",
            reply_to="t3_b",
            hashtags=("fun",),
            metrics={"score": -3},
            version=5,
        )
    )
    assert row == COORDINATES | {
        "op": "upsert",
        "owner": "public",
        "platform": "reddit",
        "version": 5,
        "day": date(2026, 1, 2),
        "post_key": KEY.pseudonym("public", "reddit", "post", "t1_a"),
        "author_key": KEY.pseudonym("public", "reddit", "author", "fox"),
        "reply_to_key": KEY.pseudonym("public", "reddit", "post", "t3_b"),
        "event_id": orjson.loads(record(post(title="T", channel="news")).value)["event_id"],
        "created_at": datetime(2026, 1, 2, 11, 59, 55, tzinfo=UTC),
        "posted_at": datetime(2026, 1, 2, 11, 59, 55, tzinfo=UTC),
        "observed_at": datetime(2026, 1, 2, 12, tzinfo=UTC),
        "title": "T",
        "text": "good",
        "lang": "en",
        "channel": "news",
        "hashtags": ["fun"],
        "emoji": [],
        "key_phrases": [],
        "metrics": [("score", -3)],
        "pii": [],
        "sanitizer_version": load_sanitizer(DEFAULT).version,
        "rights": orjson.loads(record(post()).value)["rights"],
    }


def test_personal_data_goes_from_title_and_text_and_is_counted():
    row = refined(
        post(
            title="Fox and Hen",
            text="HEN wrote to fox@example.org, @ann and @bob",
            author_id="Fox",
            author_name="Hen",
            mentions=("ann",),
        )
    )
    assert row["title"] == "<PERSON> and <PERSON>"
    assert row["text"] == "<PERSON> wrote to <EMAIL>, <HANDLE> and <HANDLE>"
    assert dict(row["pii"]) == {"PERSON": 3, "EMAIL": 1, "HANDLE": 2}


@pytest.mark.parametrize("field", ["author_id", "author_handle", "author_name"])
def test_each_name_of_the_author_is_removed(field):
    assert (
        refined(post(**{field: "Marlowe"}, text="marlowe was here"))["text"] == "<PERSON> was here"
    )


def test_mentions_are_removed():
    assert (
        refined(post(text="Marlowe was here", mentions=("@marlowe",)))["text"]
        == "<PERSON> was here"
    )


def test_hashtags_that_name_the_author_are_left_out():
    assert refined(post(author_handle="marlowe", hashtags=("fun", "Marlowe", "noir")))[
        "hashtags"
    ] == ["fun", "noir"]


def test_nothing_personal_is_in_the_row():
    """Ids, handles, names and links are only in Bronze."""
    item = post(
        post_id="t1_secretid",
        author_id="secretid",
        author_handle="secrethandle",
        author_name="Secret Name",
        url="https://reddit.com/secreturl",
        reply_to="t3_secretreply",
        channel="u_secretchannel",
        channel_is_profile=True,
        mentions=("secretmention",),
        raw={"raw": "secretraw"},
        text="by secrethandle",
    )
    assert "secret" in record(item).value.decode()
    assert "secret" not in str(refined(item)).lower()


def test_a_profile_as_channel_becomes_its_pseudonym():
    row = refined(post(channel="u_Fox", channel_is_profile=True))
    assert row["channel"] == KEY.pseudonym("public", "reddit", "author", "u_fox")


@pytest.mark.parametrize(
    ("item", "op"),
    [
        (Post(post_id="t1_a", op="delete", version=SEEN, text="left"), "delete"),
        (AuthorDelete(author_id="Fox", version=SEEN), "delete_author"),
    ],
)
def test_a_delete_has_no_content(item, op):
    row = refined(item)
    assert row["op"] == op
    assert not {"title", "text", "hashtags", "metrics", "channel", "pii", "posted_at"} & set(row)


def test_metrics_fit_64_bits():
    row = refined(post(metrics={"most": 2**63 - 1, "least": -(2**63)}))
    assert dict(row["metrics"]) == {"most": 2**63 - 1, "least": -(2**63)}


@pytest.mark.parametrize(
    ("changes", "stage", "reason"),
    [
        ({"value": None}, "decode", "null_value"),
        ({"value": b"{"}, "decode", "malformed_json"),
        ({"post_key": None}, "validate", "missing_post_key_header"),
    ],
)
def test_a_bad_record_is_its_coordinates_and_the_reason(changes, stage, reason):
    assert refined(post(), **changes) == COORDINATES | {"stage": stage, "reason": reason}


def test_an_unmappable_one_too():
    assert refined(Unmappable(detail="name", raw={})) == COORDINATES | {
        "stage": "map",
        "reason": "unmappable",
    }


def test_language_phrases_and_emoji_are_of_the_cleaned_text():
    row = refined(
        post(
            text="This is what they said about the new loyalty card 🎉 <b>"
            " @fox_the_handle fox@example.org",
            lang="ja",
        )
    )
    assert (row["lang"], row["emoji"], row["key_phrases"]) == ("en", ["🎉"], ["loyalty card"])


@pytest.mark.parametrize("step", ["language_of", "key_phrases", "emoji_of"])
def test_a_text_that_cannot_be_analysed_is_quarantined(monkeypatch, step):
    def fail(*texts, **_):
        raise RuntimeError(texts)

    monkeypatch.setattr(refine, step, fail)
    assert refined(post(text="good")) == COORDINATES | {
        "stage": "refine",
        "reason": Reason.ANALYSIS_FAILED,
    }


def test_where_the_sanitizer_leaves_nothing_the_text_does_not_pass(monkeypatch):
    monkeypatch.setattr(Sanitizer, "clean", lambda _, posts: [None for _ in posts])
    assert refined(post(text="good")) == COORDINATES | {
        "stage": "refine",
        "reason": Reason.SANITIZER_FAILED,
    }


def test_the_score_is_of_the_cleaned_text():
    """A handle such as @lovely is not a word."""
    row = refined(
        post(title="By @lovely", text="they said that to Great at noon", author_name="Great")
    )
    watched = WatchedScorer()
    score_rows([row], watched)
    assert watched.calls == [["By <HANDLE>\n\nthey said that to <PERSON> at noon"]]
    assert row["sentiment"] == {
        "label": "positive",
        "compound": 0.5,
        "confidence": 0.9,
        "scorer": "watched",
        "scorer_version": "1",
        "reason": None,
    }


def test_each_row_gets_its_own_score():
    rows = [refined(post(text=text)) for text in ("a wonderful day", "a terrible day", "a day")]
    rows[1:1] = [refined(post(), value=None), refined(Post(post_id="t1_b", op="delete"))]
    score_rows(rows, Scorers(ScorerOptions()))
    labels = [row["sentiment"]["label"] if "sentiment" in row else None for row in rows]
    assert labels == ["positive", None, None, "negative", "neutral"]


@pytest.mark.parametrize("text", [None, ""])
def test_without_text_there_is_no_score_but_a_scorer(text):
    row = refined(post(text=text))
    watched = WatchedScorer()
    score_rows([row], watched)
    assert watched.calls == []
    assert row["sentiment"] == {
        "label": None,
        "compound": None,
        "confidence": None,
        "scorer": "watched",
        "scorer_version": "1",
        "reason": "no_text",
    }


def test_a_text_that_cannot_be_scored_is_quarantined_alone():
    rows = [refined(post(text=text)) for text in ("one", "two 💣", "three")]
    score_rows(rows, WatchedScorer())
    assert rows[1] == COORDINATES | {"stage": "refine", "reason": Reason.SCORER_FAILED}
    assert [rows[at]["text"] for at in (0, 2)] == ["one", "three"]
    assert [rows[at]["sentiment"]["label"] for at in (0, 2)] == ["positive", "positive"]
