"""Each live producer is killed with `kill -9` in the middle of a scenario.

Kafka and Silver then hold what the scenario says. FULL=1 does it ten times, each time with other
posts, at other moments, for another owner.
"""

import json
import os
import random
import signal
import sqlite3
import threading
from contextlib import closing, suppress

import orjson
import pytest

from foundation.keys import load_key
from ingestion.platforms import PLATFORMS
from ingestion.simulators import SIMULATORS
from ingestion.simulators.server.scenario import Scenario, final_texts
from schemas.topics import topic_name
from tests.support.clock import machine_micros
from tests.support.commands import echostream, started
from tests.support.kafka import records_of
from tests.support.lake import rows_of
from tests.support.live import live_events

LIVE = [name for name, platform in PLATFORMS.items() if platform.reader]
TURNS = [f"turn{turn}" for turn in range(10 if os.environ.get("FULL") else 1)]
PLOT = {
    "posts": 5000,
    "seconds": 30.0,
    "edits": 0.03,
    "deletes": 0.03,
    "limit": 10**6,
    "depth": 10**6,
}
KILLS = 2
WITHIN_S = 240
SILVER_S = 800 * len(TURNS)


@pytest.fixture(scope="module")
def landed() -> dict[tuple[str, str], dict[str, str]]:
    """Return the posts that must be live in Silver: platform and owner → post id → event id."""
    return {}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("owner", TURNS)
@pytest.mark.parametrize("name", LIVE)
def test_a_killed_producer_loses_nothing(name, owner, home, landed):
    simulator = SIMULATORS[name]
    dice = random.Random(f"{name}{owner}")
    with simulator.running(Scenario(seed=dice.randrange(1000), **PLOT)) as (address, world):
        words = ("ingest", name, "--base-url", address)
        options = settings_for(simulator, home) | {"owner": owner}
        for _ in range(KILLS):
            before = noted(home, owner)
            with started(home, *words, **options) as producer:
                producer.until(
                    lambda n=before: noted(home, owner) > n, within_s=WITHIN_S, what="work"
                )
                # only the moment of a kill depends on time
                threading.Event().wait(dice.uniform(0, 1))
                assert not is_over(world), "the scenario was over before the kill"
                producer.kill_all()
                assert producer.wait(30) == -signal.SIGKILL
        with started(home, *words, **options) as producer:
            producer.until(lambda: is_over(world), within_s=WITHIN_S, what="end of the scenario")
            threading.Event().wait(2)
            producer.terminate()
            assert producer.wait(WITHIN_S) == 0, producer.error
        for last in (("ingest", name, "--once"), ("sweep", name, "--all")):
            done = echostream(home, *last, "--base-url", address, timeout_s=WITHIN_S, **options)
            assert done.code == 0, done.error
        expected = sorted(final_texts(world.events).values())
    topic = topic_name(name)
    events = [orjson.loads(value) for _, value, _ in records_of(home, only=topic)[topic]]
    live = live_events([event for event in events if event["owner"] == owner])
    assert sorted(event["text"] for event in live.values() if event["text"]) == expected
    landed[name, owner] = {post_id: event["event_id"] for post_id, event in live.items()}


@pytest.mark.timeout(SILVER_S + 100)
def test_silver_holds_exactly_that(home, landed):
    done = echostream(home, "run", "--available-now", timeout_s=SILVER_S)
    assert done.code == 0, done.error
    key = load_key(home.key_file)
    silver = rows_of(home, "silver.posts")
    assert len(silver) == sum(len(posts) for posts in landed.values()) > 0
    for (name, owner), posts in landed.items():
        expected = {
            key.post_key(owner, name, post_id): event_id for post_id, event_id in posts.items()
        }
        of_it = [row for row in silver if (row["platform"], row["owner"]) == (name, owner)]
        assert {row["post_key"]: row["event_id"] for row in of_it} == expected


def is_over(world) -> bool:
    return machine_micros() > world.events[-1].at


def noted(home, owner) -> int:
    """Return when the owner's producer last stored a post or a cursor."""
    file = home.home / "cursors" / "ingest.sqlite3"
    if not file.exists():
        return 0
    asked = """SELECT max(at) FROM (
               SELECT coalesce(max(saved_at), 0) AS at FROM cursors WHERE owner = :owner
               UNION ALL SELECT coalesce(max(checked_at), 0) FROM sightings WHERE owner = :owner)"""
    memory = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)
    with closing(memory), suppress(sqlite3.OperationalError):
        return memory.execute(asked, {"owner": owner}).fetchone()[0]
    return 0


def settings_for(simulator, home) -> dict[str, str]:
    """Return the settings of a simulated platform's producer: queries, identity, short waits."""
    watchlists = home.home / "watchlists.toml"
    budgets = home.home / "budgets.toml"
    asked = {name: list(values) for name, values in simulator.watchlist.items()}
    lines = [f"{name} = {json.dumps(values)}" for name, values in asked.items()]
    watchlists.write_text("\n".join([f"[{simulator.name}]", *lines, ""]))
    budgets.write_text("")
    secrets = {
        f"credentials__{simulator.name}_{name}": value for name, value in simulator.secrets.items()
    }
    return secrets | {
        "ingest__poll_s": "0.5",
        "ingest__look_back_s": "100000",
        "ingest__timeout_s": "5",
        "ingest__watchlists": str(watchlists),
        "ingest__budgets": str(budgets),
    }
