"""The generator: what it makes, how often, and that its ledger says the truth about it."""

import hashlib
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime

import jsonschema_rs
import orjson
import pytest

from foundation.errors import DeliveryError, SettingsError
from foundation.keys import PseudonymKey, create_key
from foundation.policies import policies
from foundation.settings import Settings
from ingestion.generator import (
    POISONS,
    Rates,
    RawRecord,
    generate,
    ledger_file,
    load_rates,
    read_ledger,
    run_generator,
    send,
)
from ingestion.generator.canaries import KINDS, OWN_KINDS
from ingestion.produce import MemoryProducer
from ingestion.records import RecordMaker
from schemas.event import json_schema
from tests import oracle
from transforms.language import language_of
from transforms.pii.sanitizer import Content, Sanitizer

BASE = datetime(2026, 1, 2, 15, tzinfo=UTC)
BASE_MICROS = 1_767_366_000_000_000
KEY = PseudonymKey(version=1, secret=b"k" * 32)
MAX_TEXT = 2000
N = 5000
KINDS_OF_RECORD = {
    "create", "edit", "edit_back", "delete", "score_only", "resurrect", "author_delete", "early_edit", "late_create",
    "early_delete", "late_upsert", "old_version", "duplicate", "bad", "unmappable",
}  # fmt: skip


def make(n=N, seed=1, **changes):
    makers = {name: RecordMaker(platform=name, owner="public", key=KEY) for name in policies()}
    named = {"seed": seed, "base": BASE, "rates": Rates(), "makers": makers, "max_text_chars": MAX_TEXT}
    return list(generate(n, **(named | changes)))


@pytest.fixture(scope="module")
def feed():
    return make(with_canaries=True)


@pytest.fixture(scope="module")
def rows(feed):
    return [made.ledger_row for made in feed]


def test_the_same_seed_makes_the_same_feed():
    assert make(300) == make(300)
    assert make(300) != make(300, seed=2)
    assert not {m.ledger_row["post_key"] for m in make(50)} & {m.ledger_row["post_key"] for m in make(50, seed=2)} - {
        None
    }


def test_nothing_is_made_of_nothing():
    assert make(0) == []


def test_every_kind_is_there_on_every_platform(rows):
    assert {row["kind"] for row in rows} == KINDS_OF_RECORD
    assert {row["platform"] for row in rows} == set(policies())
    assert {row["fate"] for row in rows} == {
        "new", "edited", "deleted", "duplicate", "stale", "suppressed", "quarantined",
    }  # fmt: skip
    assert {kind for row in rows for kind in row.get("pii", [])} == set(KINDS)


def test_rates_are_reached(rows):
    kinds = Counter(row["kind"] for row in rows)
    first = sum(kinds[kind] for kind in ("create", "late_create", "late_upsert"))
    assert first == N
    # Some edits are part of another story: 0.03 and a tenth, 0.005 edited back, 0.005 late, 0.003 deleted.
    shares = {"edit": 0.046, "delete": 0.033, "score_only": 0.02, "bad": 0.01, "duplicate": 0.033}
    for kind, share in shares.items():
        assert kinds[kind] == pytest.approx(share * N, rel=0.25), kind
    assert 2 <= kinds["author_delete"] <= 25
    with_pii = sum(bool(row.get("pii")) for row in rows if row["kind"] == "create")
    assert with_pii == pytest.approx(0.18 * N, rel=0.15)  # emoji and other languages have none


def test_a_rate_of_nought_makes_none():
    rates = Rates(**dict.fromkeys(Rates.__dataclass_fields__, 0.0))
    assert Counter(made.ledger_row["kind"] for made in make(500, rates=rates)) == {"create": 500}


def test_good_records_keep_the_contract(feed):
    validator = jsonschema_rs.validator_for(json_schema())
    good = [made for made in feed if made.ledger_row["kind"] != "bad"]
    assert len(good) > N
    for made in good:
        event = orjson.loads(made.record.value)
        assert validator.is_valid(event)
        assert event["version"] <= event["observed_at"] <= BASE_MICROS
        for field in ("event_id", "version", "day", "op", "platform"):
            assert event[field] == made.ledger_row[field]


def test_records_are_of_a_realistic_size(feed):
    sizes = [len(orjson.loads(m.record.value)["raw"]) for m in feed if m.ledger_row["kind"] == "create"]
    assert 400 < sum(sizes) / len(sizes) < 2000


def test_bad_records_say_their_reason_and_are_found_by_hash(feed):
    bad = [made for made in feed if made.ledger_row["kind"] == "bad"]
    assert {made.ledger_row["poison"] for made in bad} == {poison.name for poison in POISONS}
    assert len({poison.reason for poison in POISONS}) == len(POISONS)
    for made in bad:
        assert isinstance(made.record, RawRecord)
        assert made.ledger_row["fate"] == "quarantined"
        value = made.record.value
        assert made.ledger_row["value_sha256"] == (None if value is None else hashlib.sha256(value).hexdigest())


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
            leaked = [value for value in row["canaries"] if value in f"{event['title']} {event['text']}"]
            assert leaked
            assert not [value for value in leaked if value in clean]
            hidden += 1
    assert hidden > 0.1 * N


def test_the_sanitizer_leaves_what_the_ledger_says(feed):
    """Also names in free text: what is written about products is nobody's name to the model."""
    made = [one for one in feed if "clean_text" in one.ledger_row]
    events = [orjson.loads(one.record.value) for one in made]
    names = [(event["author_handle"], event["author_name"], event["author_id"], *event["mentions"]) for event in events]
    cleaned = Sanitizer().clean(
        [
            Content(event["title"], event["text"], event["hashtags"], [name for name in exact if name])
            for event, exact in zip(events, names, strict=True)
        ]
    )
    assert len(made) > N
    for one, clean in zip(made, cleaned, strict=True):
        assert clean is not None
        assert (clean.title, clean.text) == (one.ledger_row["clean_title"], one.ledger_row["clean_text"])


def test_the_personal_data_of_a_post_is_its_own(rows):
    made = [row["canaries"][-1] for row in rows if row["kind"] == "create" and set(row["pii"]) - set(OWN_KINDS)]
    assert len(made) > 50
    assert len(set(made)) == len(made)


def test_the_language_is_found_that_the_ledger_says(feed):
    """What is English or unknown is scored, all else is not: one mistake puts a post into another cell of Gold."""
    for one in feed:
        if "clean_text" in (row := one.ledger_row):
            found = language_of(row["clean_text"], row["clean_title"], said=orjson.loads(one.record.value)["lang"])
            assert (found in (None, "en")) == (row["lang"] in (None, "en")), row["clean_text"] or row["clean_title"]


def test_without_the_flag_no_clear_value_is_in_the_ledger():
    for made in make(500):
        assert b"canary" not in orjson.dumps(made.ledger_row).lower()


def test_authors_channels_and_times(rows):
    live = oracle.live_posts(rows).values()
    assert 100 < len({row["author_key"] for row in live}) < 250  # about 40 for 1000 posts
    assert None in {row["author_key"] for row in live}
    assert None in {row["channel"] for row in live}
    assert any(row["channel"] and row["channel"].startswith("v1:") for row in live)
    hours = {row["posted_at"] // oracle.HOUR for row in live}
    assert len(hours) >= 48
    assert all(row["posted_at"] <= row["observed_at"] for row in live)
    assert {row["day"] for row in live} > {"2025-12-31", "2026-01-01", "2026-01-02", "2005-06-23"}


def test_sentiment_changes_from_hour_to_hour(rows):
    cells = oracle.sentiment_hourly(oracle.live_posts(rows).values())
    for label in ("positive", "neutral", "negative", "unscored"):
        assert sum(getattr(cell, label) for cell in cells.values()) > 0
    means = defaultdict(list)
    for (_, platform, channel, _), cell in cells.items():
        if cell.posts > 5:
            means[platform, channel].append(cell.compound_sum / cell.posts)
    assert any(max(found) > 0 > min(found) for found in means.values())


def test_the_ledger_s_fates_add_up_to_what_is_live(rows):
    """Counting new and removed posts one by one must come to what the winner of each post says."""
    fates = Counter(row["fate"] for row in rows)
    assert fates.total() == len(rows)
    held, gone = {}, {}
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
        row for row in rows if row["kind"] == "create" and ("public", row["platform"], row["author_key"]) in gone
    ]
    assert {row["fate"] for row in of_gone} == {"new", "suppressed"}
    live = oracle.live_posts(rows)
    assert any(oracle.post_key(row) in live for row in of_gone)


def test_the_outcome_does_not_depend_on_how_topics_interleave():
    rows = [made.ledger_row for made in make(3000, rates=Rates(author_deletes=0.02, duplicates=0.2, late=0.1))]
    live = oracle.live_posts(rows)
    assert len(oracle.author_tombstones(rows)) > 20
    for seed in range(3):
        assert _one_by_one(_interleaved(rows, seed)) == {key: row["event_id"] for key, row in live.items()}


def _interleaved(rows, seed):
    """The records of each post in their order, everything else in any."""
    rng = random.Random(seed)
    lanes = defaultdict(list)
    for row in rows:
        lanes[row["post_key"] or row["n"]].append(row)
    order = [key for key, lane in lanes.items() for _ in lane]
    rng.shuffle(order)
    lanes = {key: iter(lane) for key, lane in lanes.items()}
    return [next(lanes[key]) for key in order]


def _one_by_one(rows):
    """Silver, one record at a time; an author's live posts go when the author's delete arrives."""
    live, buried, gone = {}, {}, {}

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


@pytest.mark.parametrize("rates", [{"edits": -0.1}, {"bad": 1.5}, {"edits": 0.6, "late": 0.6}, {"pii": True}])
def test_rates_that_are_none_are_refused(rates):
    with pytest.raises(SettingsError, match="generator rate"):
        Rates(**rates)


def test_the_file_of_rates_says_the_defaults_and_can_be_replaced(tmp_path):
    assert load_rates() == Rates()
    assert load_rates(edits=0.5, late=None).edits == 0.5
    file = tmp_path / "mine.toml"
    file.write_text("[rates]\nbad = 0.2\n")
    assert load_rates(file) == Rates(bad=0.2)
    with pytest.raises(SettingsError, match="unknown generator rate editz"):
        load_rates(editz=0.1)


def test_a_naive_base_time_is_refused():
    with pytest.raises(SettingsError, match="time zone"):
        make(1, base=datetime(2026, 1, 1))  # noqa: DTZ001  # that is the point


def test_run_sends_all_and_leaves_the_ledger(tmp_path):
    settings = Settings(home=tmp_path)
    create_key(settings.key_file)
    sender, seen = MemoryProducer(), []
    report = run_generator(settings, sender, n_posts=1200, seed=3, base=BASE, progress=seen.append)
    rows = list(read_ledger(report.ledger))
    assert report.ledger == ledger_file(settings, BASE, 3, 1200)
    assert report.ledger.name == "20260102T150000-3-1200.jsonl"
    assert report.ledger.stat().st_mode & 0o777 == 0o600
    assert report.records == len(rows) == len(sender.messages)
    assert report.by_kind == Counter(row["kind"] for row in rows)
    assert seen[-1] == report.records
    assert [row["n"] for row in rows] == list(range(len(rows)))
    assert [row["topic"] for row in rows] == [topic for topic, *_ in sender.messages]
    assert oracle.read_rows(report.ledger) == rows


def test_what_was_not_delivered_has_no_ledger(tmp_path):
    sender = MemoryProducer(failing_topics=frozenset({"social.x.posts.v1"}))
    file = tmp_path / "ledger" / "f.jsonl"
    with pytest.raises(DeliveryError):
        send(make(50), sender, file)
    assert list(file.parent.iterdir()) == []
