"""The broker is down while a firehose continues.

Memory stays bounded, and the dropped records are a gap in the ledger.
"""

import sqlite3
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

import orjson
import pytest

from ingestion.simulators import SIMULATORS
from ingestion.simulators.server.scenario import Scenario
from local import stack
from local.servers import broker
from schemas.topics import topic_name
from tests.support.commands import started
from tests.support.kafka import records_of

# posts in 40 s, at 800 per second
PLOT = Scenario(posts=32_000, seconds=80.0, edits=0.0, deletes=0.0, window_s=5.0)
AWAY_S = 15
WITHIN_S = 120
MORE_MB = 16  # megabytes; 15 s of posts in memory would take twice as much


@pytest.mark.timeout(600)
def test_a_broker_that_is_away_leaves_a_gap_that_says_what_is_missing(home):
    hurry = {"kafka__timeout_s": "2", "kafka__delivery_timeout_s": "4", "ingest__timeout_s": "5"}
    with (
        SIMULATORS["bluesky"].running(PLOT) as (address, world),
        started(home, "ingest", "bluesky", "--base-url", address, **hurry) as producer,
    ):
        producer.until(lambda: read_up_to(home) > 0, within_s=WITHIN_S, what="saved cursor")
        threading.Event().wait(2)
        before = peak = resident_mb(producer)
        broker.stop(home)
        back_at = time.monotonic() + AWAY_S
        while time.monotonic() < back_at:
            peak = max(peak, resident_mb(producer))
            threading.Event().wait(0.2)
        assert producer.process.poll() is None, producer.error
        stack.up(home)
        over = world.events[-1].at
        producer.until(
            lambda: read_up_to(home) > over - 100_000, within_s=WITHIN_S, what="end of the scenario"
        )
        producer.terminate()
        assert producer.wait(WITHIN_S) == 0, producer.error
    assert peak - before < MORE_MB
    ((since, until),) = gaps(home)
    topic = topic_name("bluesky")
    landed = {orjson.loads(value)["text"] for _, value, _ in records_of(home, only=topic)[topic]}
    end = read_up_to(home)
    # the next run reads later posts
    read = [made for made in world.events if made.at <= end]
    missing = [made.at for made in read if made.text not in landed]
    assert missing
    assert [at for at in missing if not since <= at <= until] == []
    dropped = [made for made in read if since <= made.at <= until]
    assert len(missing) > 0.8 * len(dropped), (
        "a gap that says much more than what is missing says nothing"
    )


def resident_mb(producer) -> float:
    status = Path(f"/proc/{producer.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def read_up_to(home) -> int:
    """Return the time of the last event whose cursor was saved."""
    rows = asked(home, "SELECT cursor FROM cursors")
    return max((int(cursor.rpartition(":")[2]) for (cursor,) in rows), default=0)


def gaps(home) -> list[tuple[int, int]]:
    return asked(home, "SELECT since, until FROM gaps WHERE reason = 'window_passed'")


def asked(home, question: str) -> list[tuple]:
    file = home.home / "cursors" / "ingest.sqlite3"
    if file.exists():
        memory = sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)
        with closing(memory), suppress(sqlite3.OperationalError):  # there are no tables yet
            return memory.execute(question).fetchall()
    return []
