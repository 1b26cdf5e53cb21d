"""The generator makes the right records at the right rates, and leaves the right files."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta

import jsonschema_rs
import orjson
import pytest

from foundation.errors import DeliveryError, SettingsError
from foundation.keys import create_key
from foundation.policies import policies, policy_of
from foundation.settings import Settings
from ingestion.generator import Rates, ledger_file, load_rates, read_ledger, run_generator, send
from ingestion.generator.planted_pii import KINDS
from ingestion.kafka.producer import MemoryProducer
from schemas.event import json_schema
from tests.support import oracle
from tests.support.clock import BASE
from tests.support.feeds import N, large_feed, make

BASE_MICROS = int(BASE.timestamp()) * 1_000_000
KINDS_OF_RECORD = {
    "create",
    "edit",
    "edit_back",
    "delete",
    "score_only",
    "resurrect",
    "author_delete",
    "early_edit",
    "late_create",
    "early_delete",
    "late_upsert",
    "old_version",
    "duplicate",
    "bad",
    "unmappable",
}


@pytest.fixture(scope="module")
def feed():
    return large_feed()


@pytest.fixture(scope="module")
def rows(feed):
    return [made.ledger_row for made in feed]


def test_the_same_seed_makes_the_same_feed():
    assert make(300) == make(300)
    assert make(300) != make(300, seed=2)
    assert not {m.ledger_row["post_key"] for m in make(50)} & {
        m.ledger_row["post_key"] for m in make(50, seed=2)
    } - {None}


def test_nothing_is_made_of_nothing():
    assert make(0) == []


def test_every_kind_is_there_on_every_platform(rows):
    assert {row["kind"] for row in rows} == KINDS_OF_RECORD
    assert {row["platform"] for row in rows} == set(policies())
    assert {row["fate"] for row in rows} == {
        "new",
        "edited",
        "deleted",
        "duplicate",
        "stale",
        "suppressed",
        "quarantined",
    }
    assert {kind for row in rows for kind in row.get("pii", [])} == set(KINDS)


def test_rates_are_reached(rows):
    kinds = Counter(row["kind"] for row in rows)
    first = sum(kinds[kind] for kind in ("create", "late_create", "late_upsert"))
    assert first == N
    # Some edits belong to other stories: 0.03 and a tenth, 0.005 edited back, 0.005 late, 0.003
    # deleted.
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
    sizes = [
        len(orjson.loads(m.record.value)["raw"]) for m in feed if m.ledger_row["kind"] == "create"
    ]
    assert 400 < sum(sizes) / len(sizes) < 2000


def test_authors_channels_and_times(rows):
    live = oracle.live_posts(rows).values()
    assert 100 < len({row["author_key"] for row in live}) < 250  # about 40 for 1000 posts
    assert None in {row["author_key"] for row in live}
    assert None in {row["channel"] for row in live}
    assert any(row["channel"] and row["channel"].startswith("v1:") for row in live)
    hours = {row["posted_at"] // oracle.HOUR for row in live}
    assert len(hours) >= 48
    assert all(row["posted_at"] <= row["observed_at"] for row in live)
    last_days = {str((BASE - timedelta(days=ago)).date()) for ago in range(3)}
    assert {row["day"] for row in live} > last_days
    assert any(row["day"] == str(policy_of(row["platform"]).since) for row in live)


def test_sentiment_changes_from_hour_to_hour(rows):
    cells = oracle.sentiment_hourly(oracle.live_posts(rows).values())
    for label in ("positive", "neutral", "negative", "unscored"):
        assert sum(getattr(cell, label) for cell in cells.values()) > 0
    means = defaultdict(list)
    for (_, platform, channel, _), cell in cells.items():
        if cell.posts > 5:
            means[platform, channel].append(cell.compound_sum / cell.posts)
    assert any(max(found) > 0 > min(found) for found in means.values())


@pytest.mark.parametrize(
    "rates", [{"edits": -0.1}, {"bad": 1.5}, {"edits": 0.6, "late": 0.6}, {"pii": True}]
)
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
    sender = MemoryProducer()
    seen = []
    report = run_generator(settings, sender, n_posts=1200, seed=3, base=BASE, progress=seen.append)
    rows = list(read_ledger(report.ledger))
    assert report.ledger == ledger_file(settings, BASE, 3, 1200)
    assert report.ledger.name == f"{BASE:%Y%m%d}T150000-3-1200.jsonl"
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
