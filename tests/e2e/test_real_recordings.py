"""Real Reddit and Bluesky payloads go through replay, Kafka, Bronze, Silver and Gold.

The tests compare the tables with counts taken from the files. One document in ten goes through
Spark, and each that holds a private message; with FULL=1 all of them do, as in
`make test-nightly`. The unit tests map every payload. The counts share no code with the mappers.
Failures print numbers and ids, never the recorded texts.
"""

import gzip
import json
import os
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.support.kafka import records_of
from tests.support.lake import FATES, arrow_table, ops, rows_of

RECORDINGS = Path(__file__).parents[2].parent / "shared" / "data" / "platforms"
REDDIT = [
    RECORDINGS / "reddit" / f"{name}.jsonl.gz"
    for name in ("listing_responses", "comments", "submissions")
]
BLUESKY = [RECORDINGS / "bluesky" / "jetstream_v1.jsonl.gz"]
EVERY = 1 if os.environ.get("FULL") else 10
PLAIN = re.compile(r"[ !#-\[\]-~]{30,}")  # the same payload in any form of JSON
TABLES = (
    "bronze.posts",
    "silver.posts",
    "silver.tombstones",
    "quarantine.posts",
    "gold.sentiment_hourly",
)

pytestmark = [
    pytest.mark.extended,
    pytest.mark.skipif(
        not RECORDINGS.is_dir(), reason="needs the recordings in ../shared/data/platforms"
    ),
    pytest.mark.timeout(600),
]


def documents(files: list[Path]) -> Iterator[Any]:
    for file in files:
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            yield from map(json.loads, lines)


def things(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a document that has `kind` and `data`."""
    if isinstance(value, dict):
        if {"kind", "data"} <= set(value):
            yield value
        for inner in value.values():
            yield from things(inner)
    if isinstance(value, list):
        for inner in value:
            yield from things(inner)


@pytest.fixture(scope="module")
def reddit(tmp_path_factory) -> list[Path]:
    """Return Reddit's files, or some documents of each."""
    folder = tmp_path_factory.mktemp("reddit")
    files = []
    for file in REDDIT:
        files.append(folder / file.name)
        with gzip.open(files[-1], "wt", encoding="utf-8") as lines:
            for number, document in enumerate(documents([file])):
                if number % EVERY == 0 or any(thing["kind"] == "t4" for thing in things(document)):
                    lines.write(json.dumps(document) + "\n")
    return files


@pytest.fixture(scope="module")
def seen_posts(reddit) -> list[dict[str, Any]]:
    """Return each occurrence of a Reddit post or comment, without private subreddits."""
    return [
        thing["data"] | {"fullname": f"{thing['kind']}_{thing['data']['id']}"}
        for document in documents(reddit)
        for thing in things(document)
        if thing["kind"] in {"t1", "t3"} and thing["data"].get("subreddit_type") != "private"
    ]


@pytest.fixture(scope="module")
def winners(seen_posts) -> dict[str, dict[str, Any]]:
    """Return the deciding sighting of each: a deleted one, else the last edited, else the first."""
    best: dict[str, tuple[Any, dict[str, Any]]] = {}
    for place, data in enumerate(seen_posts):
        rank = (is_gone(data), edited(data), -place)
        if data["fullname"] not in best or rank > best[data["fullname"]][0]:
            best[data["fullname"]] = (rank, data)
    return {name: data for name, (_, data) in best.items()}


def is_gone(data: dict[str, Any]) -> bool:
    says_so = data.get("body", data.get("selftext")) in {
        "[deleted]",
        "[removed]",
        "[ Removed by Reddit ]",
    }
    return says_so or bool(
        data.get("removed_by_category") or data.get("banned_by") or data.get("removed")
    )


def edited(data: dict[str, Any]) -> int:
    """Return the second of the last edit; 0 if there is none, or no time is given."""
    return 0 if isinstance(data.get("edited"), bool | None) else int(data["edited"])


@pytest.fixture(scope="module")
def lake(home, reddit, in_session):
    """Replay both platforms and drain all of it."""
    for platform, files in (("reddit", reddit), ("bluesky", BLUESKY)):
        done = in_session(home, "replay", platform, *map(str, files))
        assert done.code == 0, done.error
    done = in_session(home, "run", "--available-now")
    assert (done.code, done.error) == (0, "")
    return home


@pytest.fixture(scope="module")
def silver(lake):
    return rows_of(lake, "silver.posts")


def test_each_live_reddit_post_is_in_silver_once(silver, winners):
    expected = Counter(
        (channel_of(data), int(data["created_utc"]), edited(data))
        for data in winners.values()
        if not is_gone(data)
    )
    found = Counter(
        (
            "a profile" if (row["channel"] or "").startswith("v1:") else row["channel"],
            row["created_at"] // 10**6,
            row["version"] // 10**6,
        )
        for row in silver
        if row["platform"] == "reddit"
    )
    assert expected.total() > 8000 / EVERY  # the recordings have 8,677 such posts
    assert {"lost": expected - found, "unseen": found - expected} == {
        "lost": Counter(),
        "unseen": Counter(),
    }


def channel_of(data: dict[str, Any]) -> str | None:
    name = data.get("subreddit")
    return "a profile" if name and name.lower().startswith("u_") else name


def test_each_dead_reddit_post_has_its_tombstone(lake, winners, seen_posts):
    dead = {name for name, data in winners.items() if is_gone(data)}
    assert len(dead) > 350 / EVERY  # of 396 in the recordings
    tombstones = {
        row["post_key"] for row in rows_of(lake, "silver.tombstones") if row["platform"] == "reddit"
    }
    ever = {data["fullname"] for data in seen_posts if is_gone(data)}
    assert len(dead) <= len(tombstones) <= len(ever)


def test_bluesky_posts_and_deletes(lake, silver):
    created = {}
    deleted = set()
    for line in documents(BLUESKY):
        commit = line.get("commit", {})
        if commit.get("collection") == "app.bsky.feed.post":
            if commit["operation"] == "delete":
                deleted.add((line["did"], commit["rkey"]))
            else:
                created[line["did"], commit["rkey"]] = commit["record"]
    live = {key: record for key, record in created.items() if key not in deleted}
    assert len(live) > 10
    rows = [row for row in silver if row["platform"] == "bluesky"]
    assert len(rows) == len(live)
    days = Counter(record["createdAt"][:10] for record in live.values())
    assert Counter(row["day"].isoformat() for row in rows) == days
    tombstones = [row for row in rows_of(lake, "silver.tombstones") if row["platform"] == "bluesky"]
    assert len({row["post_key"] for row in tombstones}) == len(deleted) > 0


def test_every_payload_that_was_sent_has_its_fate_and_none_is_bad(lake, seen_posts):
    bluesky = sum(
        line.get("commit", {}).get("collection") == "app.bsky.feed.post"
        for line in documents(BLUESKY)
    )
    batches = ops(lake, "bronze_to_silver")
    assert sum(row["consumed"] for row in batches) == len(seen_posts) + bluesky
    for row in batches:
        assert row["consumed"] == sum(row[fate] for fate in FATES)
    assert Counter(row["reason"] for row in rows_of(lake, "quarantine.posts")) == Counter()
    assert sum(row["new"] - row["rows_removed"] for row in batches) == len(
        rows_of(lake, "silver.posts")
    )


def test_gold_counts_what_silver_holds(lake, silver):
    cells = rows_of(lake, "gold.sentiment_hourly")
    found = Counter({(row["platform"], row["channel"], row["hour"]): row["posts"] for row in cells})
    hour = 3_600_000_000
    assert found == Counter(
        (row["platform"], row["channel"], row["posted_at"] // hour * hour) for row in silver
    )


def test_private_messages_are_nowhere(lake, reddit):
    """Find none of their ids and none of some of their lines in Kafka, table values or logs."""
    ids = set()
    lines = set()
    for document in documents(reddit):
        for thing in things(document):
            if thing["kind"] == "t4":
                ids.add(f"t4_{thing['data']['id']}".encode())
                lines |= {
                    line for line in thing["data"]["body"].splitlines() if PLAIN.fullmatch(line)
                }
    # A text of a private message may also be in a public post.
    public = json.dumps(
        [t["data"] for d in documents(reddit) for t in things(d) if t["kind"] in {"t1", "t3"}]
    )
    texts = [
        line.encode() for line in random.Random(1).sample(sorted(lines), 40) if line not in public
    ]
    assert len(ids) > 100
    assert len(texts) > 20

    def held(everything: bytes) -> int:
        return len(ids & set(re.findall(rb"t4_[0-9a-z]+", everything))) + sum(
            text in everything for text in texts
        )

    for topic, records in records_of(lake).items():
        everything = b"\n".join(
            (value or b"") + b" ".join(t for _, t in headers) for _, value, headers in records
        )
        assert held(everything) == 0, topic
    for name in TABLES:
        assert held(content(arrow_table(lake, name))) == 0, name
    logs = b"\n".join(file.read_bytes() for file in (lake.home / "logs").rglob("*.*"))
    assert held(logs) == 0


def content(found: pa.Table) -> bytes:
    """Return all text and bytes of a table."""
    cells: list[bytes] = []

    def gather(value: Any) -> None:
        if isinstance(value, bytes):
            cells.append(value)
        elif isinstance(value, str):
            cells.append(value.encode())
        elif isinstance(value, dict):
            gather(list(value.values()))
        elif isinstance(value, list | tuple):
            for each in value:
                gather(each)

    for column in found.columns:
        gather(column.to_pylist())
    return b"\n".join(cells)
