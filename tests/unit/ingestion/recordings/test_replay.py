import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from foundation.errors import DeliveryError, PayloadFileError, PolicyError
from foundation.keys import PseudonymKey
from ingestion.kafka.producer import MemoryProducer
from ingestion.kafka.records import RecordMaker
from ingestion.platform import AuthorDelete, Ignored, Json, Mapped, Platform, Post, Unmappable
from ingestion.platforms import PLATFORMS
from ingestion.recordings.replay import ReplayReport, replay

NOW = 1_767_225_600_000_000
KEY = PseudonymKey(1, b"0" * 32)
POSTS = "social.reddit.posts.v1"
AUTHORS = "social.reddit.authors.v1"


def fake_map(payload: Json, observed_at: int | None) -> Mapped:
    match payload:
        case {"post": post_id}:
            return Post(post_id=post_id, created_at=NOW, raw=payload)
        case {"gone": post_id}:
            return Post(post_id=post_id, op="delete", version=observed_at or 0)
        case {"author": author_id}:
            return AuthorDelete(author_id=author_id, version=NOW)
        case {"left": author_id}:
            return AuthorDelete(author_id=author_id, version=observed_at or 0)
        case {"other": kind}:
            return Ignored(kind=kind)
    return Unmappable(detail="shape", raw=payload)


def fake_payloads(document: Json) -> Iterator[Json]:
    yield from document if isinstance(document, list) else [document]


FAKE = Platform(name="reddit", payloads=fake_payloads, map=fake_map)


def run(tmp_path: Path, *lines: Any, sender: MemoryProducer | None = None, **options: Any) -> Any:
    file = tmp_path / "payloads.jsonl"
    file.write_text(
        "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    )
    kafka = sender or MemoryProducer()
    maker = RecordMaker(platform="reddit", owner="public", key=KEY)
    return replay(
        options.pop("platform", FAKE), [file], kafka, maker, lambda: NOW, **options
    ), kafka


def sent(kafka: MemoryProducer) -> list[tuple[str, Any]]:
    return [(topic, orjson.loads(value or b"")) for topic, _, value, _ in kafka.messages]


def test_every_payload_is_counted_once_and_sent_where_it_belongs(tmp_path: Path):
    report, kafka = run(
        tmp_path,
        [{"post": "a"}, {"other": "like"}],
        {"gone": "a"},
        {"author": "x"},
        {"other": "like"},
        {},
        '{"cut',
    )
    assert report == ReplayReport(
        payloads=7,
        sent=5,
        upserts=1,
        deleted=1,
        author_deletes=1,
        ignored={"like": 2},
        rejected={"unmappable: shape": 1, "unmappable: not JSON": 1},
    )
    assert [(topic, event["op"]) for topic, event in sent(kafka)] == [
        (POSTS, "upsert"),
        (POSTS, "delete"),
        (AUTHORS, "delete_author"),
        (POSTS, "unmappable"),
        (POSTS, "unmappable"),
    ]
    cut = {"withheld": True, "field": "not JSON", "kind": "text", "bytes": 5, "document": 6}
    assert [json.loads(event["raw"]) for _, event in sent(kafka)[-2:]] == [{}, cut]


def test_a_recorded_observation_is_kept_but_never_one_of_the_future(tmp_path: Path):
    _, kafka = run(
        tmp_path,
        {"observed_at": NOW - 5, "body": {"gone": "a"}},
        {"observed_at": NOW + 10**9, "body": {"post": "b"}},
        {"post": "c"},
    )
    assert [event["observed_at"] for _, event in sent(kafka)] == [NOW - 5, NOW, NOW]
    assert sent(kafka)[0][1]["version"] == NOW - 5


def test_a_delete_without_a_recorded_time_outranks_any_edit_that_is_held(tmp_path: Path):
    _, kafka = run(tmp_path, {"gone": "a"}, {"post": "b"}, {"left": "x"})
    assert [event["version"] for _, event in sent(kafka)] == [NOW, 0, NOW]


def test_a_line_that_says_when_it_was_seen_was_observed_then(tmp_path: Path):
    platform = Platform(
        "reddit", fake_payloads, fake_map, seen_at=lambda payload: payload.get("seen")
    )
    lines = [
        {"post": "a"} | {"seen": NOW - 7},
        {"observed_at": NOW - 5, "body": {"post": "b", "seen": NOW - 9}},
        {"observed_at": NOW - 5, "body": {"post": "c"}},
        {"post": "d", "seen": NOW + 10**9},
    ]
    _, kafka = run(tmp_path, *lines, platform=replace(platform, map=by_id))
    assert [event["observed_at"] for _, event in sent(kafka)] == [NOW - 7, NOW - 9, NOW - 5, NOW]


def by_id(payload: Json, observed_at: int | None) -> Mapped:
    return Post(post_id=payload["post"], created_at=NOW, raw=payload)


def test_progress_is_told_after_every_payload(tmp_path: Path):
    seen: list[int] = []
    run(
        tmp_path,
        {"post": "a"},
        {"other": "x"},
        progress=lambda report: seen.append(report.payloads),
    )
    assert seen == [1, 2]


def test_a_platform_without_policy_is_refused_before_anything_is_sent(tmp_path: Path):
    kafka = MemoryProducer()
    with pytest.raises(PolicyError, match=r"conf/policies/nowhere\.toml"):
        run(
            tmp_path,
            {"post": "a"},
            sender=kafka,
            platform=Platform("nowhere", fake_payloads, fake_map),
        )
    assert kafka.messages == []


def test_a_failed_delivery_is_an_error(tmp_path: Path):
    with pytest.raises(DeliveryError, match="1 "):
        run(tmp_path, {"post": "a"}, sender=MemoryProducer(failing_topics=frozenset({POSTS})))


def test_a_missing_file_is_an_error(tmp_path: Path):
    maker = RecordMaker(platform="reddit", owner="public", key=KEY)
    with pytest.raises(PayloadFileError):
        replay(FAKE, [tmp_path / "none"], MemoryProducer(), maker, lambda: NOW)


def test_a_second_replay_sends_the_same_events_under_the_same_keys(tmp_path: Path):
    comment = {
        "name": "t1_a",
        "author": "Fox",
        "body": "hi",
        "created_utc": 1.6e9,
        "subreddit": "beans",
    }
    lines = [{"kind": "t1", "data": comment}, {"kind": "t4", "data": {}}]
    runs = [run(tmp_path, *lines, platform=PLATFORMS["reddit"])[1].messages for _ in range(2)]
    assert runs[0] == runs[1]
    assert len(runs[0]) == 1
