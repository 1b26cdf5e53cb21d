"""The generator's ledger is right about bad records, personal data and each record's fate."""

import hashlib
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime

import orjson
import pytest

from ingestion.generator import BAD_RECORD_KINDS, Rates, RawRecord
from ingestion.generator.planted_pii import OWN_KINDS
from tests.support import oracle
from tests.support.feeds import MAX_TEXT, N, large_feed, make
from transforms.language import language_of
from transforms.pii.sanitizer import Content, Sanitizer


@pytest.fixture(scope="module")
def feed():
    return large_feed()


@pytest.fixture(scope="module")
def rows(feed):
    return [made.ledger_row for made in feed]


def test_bad_records_say_their_reason_and_are_found_by_hash(feed):
    bad = [made for made in feed if made.ledger_row["kind"] == "bad"]
    assert {made.ledger_row["poison"] for made in bad} == {
        poison.name for poison in BAD_RECORD_KINDS
    }
    assert len({poison.reason for poison in BAD_RECORD_KINDS}) == len(BAD_RECORD_KINDS)
    for made in bad:
        assert isinstance(made.record, RawRecord)
        assert made.ledger_row["fate"] == "quarantined"
        value = made.record.value
        assert made.ledger_row["value_sha256"] == (
            None if value is None else hashlib.sha256(value).hexdigest()
        )


def test_what_is_no_json_is_none(feed):
    values = {m.ledger_row["poison"]: m.record for m in feed if m.ledger_row["kind"] == "bad"}
    assert values["null"].value is None
    assert values["empty"].value == b""
    for name in ("not_utf8", "truncated"):
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(values[name].value)
    assert len(orjson.loads(values["text_too_long"].value)["text"]) == MAX_TEXT + 1
    assert "post_key" not in dict(values["no_post_key_header"].headers)


def test_clean_texts_hold_no_personal_data(feed):
    hidden = 0
    for made in feed:
        row = made.ledger_row
        clean = f"{row.get('clean_title')} {row.get('clean_text')}"
        assert "canary" not in clean.lower()
        if row.get("pii"):
            event = orjson.loads(made.record.value)
            leaked = [
                value for value in row["canaries"] if value in f"{event['title']} {event['text']}"
            ]
            assert leaked
            assert not [value for value in leaked if value in clean]
            hidden += 1
    assert hidden > 0.1 * N


def test_the_sanitizer_leaves_what_the_ledger_says(feed):
    """Names in free text count too, but the model must find no name in texts about products."""
    made = [one for one in feed if "clean_text" in one.ledger_row]
    events = [orjson.loads(one.record.value) for one in made]
    names = [
        (event["author_handle"], event["author_name"], event["author_id"], *event["mentions"])
        for event in events
    ]
    cleaned = Sanitizer().clean(
        [
            Content(
                event["title"], event["text"], event["hashtags"], [name for name in exact if name]
            )
            for event, exact in zip(events, names, strict=True)
        ]
    )
    assert len(made) > N
    for one, clean in zip(made, cleaned, strict=True):
        assert clean is not None
        assert (clean.title, clean.text) == (
            one.ledger_row["clean_title"],
            one.ledger_row["clean_text"],
        )


def test_the_personal_data_of_a_post_is_its_own(rows):
    made = [
        row["canaries"][-1]
        for row in rows
        if row["kind"] == "create" and set(row["pii"]) - set(OWN_KINDS)
    ]
    assert len(made) > 50
    assert len(set(made)) == len(made)


def test_the_language_is_found_that_the_ledger_says(feed):
    """Compare languages: only English and unknown posts are scored.

    One mistake puts a post into another cell of Gold.
    """
    for one in feed:
        if "clean_text" in (row := one.ledger_row):
            found = language_of(
                row["clean_text"],
                row["clean_title"],
                declared=orjson.loads(one.record.value)["lang"],
            )
            assert (found in (None, "en")) == (row["lang"] in (None, "en")), (
                row["clean_text"] or row["clean_title"]
            )


def test_without_the_flag_no_clear_value_is_in_the_ledger():
    for made in make(500):
        assert b"canary" not in orjson.dumps(made.ledger_row).lower()


def test_the_ledger_s_fates_add_up_to_what_is_live(rows):
    """Counting new and removed posts one by one must come to what the winner of each post says."""
    fates = Counter(row["fate"] for row in rows)
    assert fates.total() == len(rows)
    held = {}
    gone = {}
    for row in rows:
        author = (row["platform"], row["author_key"])
        if row["op"] == "delete_author" and row["kind"] != "duplicate":
            gone[author] = datetime.fromtimestamp(row["version"] / 1e6, UTC).date().isoformat()
            held = {key: r for key, r in held.items() if r[0] != author or r[1] > gone[author]}
        elif row["fate"] in ("new", "edited"):
            assert (row["post_key"] in held) == (row["fate"] == "edited")
            held[row["post_key"]] = (author, row["day"], row["event_id"])
        elif row["fate"] == "deleted":
            held.pop(row["post_key"], None)
    live = {key[2]: row["event_id"] for key, row in oracle.live_posts(rows).items()}
    assert live == {key: event_id for key, (_, _, event_id) in held.items()}


def test_authors_that_left_have_posts_of_both_kinds():
    many = make(8000, rates=Rates(author_deletes=0.02))
    rows = [made.ledger_row for made in many]
    gone = oracle.author_tombstones(rows)
    of_gone = [
        row
        for row in rows
        if row["kind"] == "create" and ("public", row["platform"], row["author_key"]) in gone
    ]
    assert {row["fate"] for row in of_gone} == {"new", "suppressed"}
    live = oracle.live_posts(rows)
    assert any(oracle.post_key(row) in live for row in of_gone)


def test_the_outcome_does_not_depend_on_how_topics_interleave():
    rows = [
        made.ledger_row
        for made in make(3000, rates=Rates(author_deletes=0.02, duplicates=0.2, late=0.1))
    ]
    live = oracle.live_posts(rows)
    assert len(oracle.author_tombstones(rows)) > 20
    for seed in range(3):
        assert _one_by_one(_interleaved(rows, seed)) == {
            key: row["event_id"] for key, row in live.items()
        }


def _interleaved(rows, seed):
    """Mix the records, but keep each post's in order."""
    rng = random.Random(seed)
    lanes = defaultdict(list)
    for row in rows:
        lanes[row["post_key"] or row["n"]].append(row)
    order = [key for key, lane in lanes.items() for _ in lane]
    rng.shuffle(order)
    lanes = {key: iter(lane) for key, lane in lanes.items()}
    return [next(lanes[key]) for key in order]


def _one_by_one(rows):
    """Process one record at a time. An author's posts are removed when the delete arrives."""
    live = {}
    buried = {}
    gone = {}

    def is_blocked(row):
        until = gone.get((row["platform"], row["author_key"]), -1)
        day = datetime.fromtimestamp(max(until, 0) / 1e6, UTC).date().isoformat()
        return row["version"] <= until and row["day"] <= day

    for row in rows:
        key = (row["owner"], row["platform"], row["post_key"])
        if row["op"] == "delete_author":
            gone[row["platform"], row["author_key"]] = row["version"]
            live = {key: held for key, held in live.items() if not is_blocked(held)}
        elif row["op"] == "delete" and row["version"] >= live.get(key, row)["version"]:
            live.pop(key, None)
            buried[key] = max(row["version"], buried.get(key, -1))
        elif row["op"] == "upsert" and row["fate"] != "quarantined":
            is_newer = key not in live or row["version"] > live[key]["version"]
            if is_newer and row["version"] > buried.get(key, -1) and not is_blocked(row):
                live[key] = row
    return {key: row["event_id"] for key, row in live.items()}
