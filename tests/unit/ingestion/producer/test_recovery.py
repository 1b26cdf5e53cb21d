"""A live producer of any platform survives faults of its memory, clock, end, broker and budget."""

import sqlite3
from collections.abc import Iterator
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
import stamina

from foundation.errors import (
    BrokerUnreachableError,
    CursorError,
    DeliveryError,
    IngestStoreError,
    ReadError,
)
from ingestion.kafka.producer import MemoryProducer
from ingestion.platforms import PLATFORMS
from ingestion.producer import loop as live
from ingestion.reader import Reader, SourceBatch
from ingestion.readers.clients.responses import StatusError
from ingestion.state.budget import Limit
from tests.support.live import HTTP, LIVE, events, trial, without_pauses

HOUR = 3600 * 1_000_000


@pytest.fixture(autouse=True)
def without_waiting() -> Iterator[None]:
    with without_pauses():
        yield


@pytest.mark.parametrize("name", LIVE)
def test_a_cursor_of_another_platform_is_refused_with_the_way_out(name, tmp_path):
    with trial(name, tmp_path, posts=20) as made:
        made.run()
        with sqlite3.connect(made.file) as memory:
            assert memory.execute("UPDATE cursors SET cursor = '[\"t3_abc\"]'").rowcount > 0
        memory.close()
        with pytest.raises(CursorError, match="--forget-cursor"):
            made.run()
        with made.store() as store:
            assert store.discard_cursors(now=made.clock()) > 0
        made.run()
        assert made.landed() == made.expected()
        assert {gap.reason.value for gap in made.gaps} == {"cursor_discarded"}


@pytest.mark.parametrize("name", LIVE)
def test_a_damaged_memory_is_a_named_error(name, tmp_path):
    with trial(name, tmp_path, posts=20) as made:
        made.run()
        data = made.file.read_bytes()
        made.file.write_bytes(data[:100] + b"\x00garbage" * (len(data) // 8))
        with pytest.raises(IngestStoreError, match="move it away"):
            made.run()


@pytest.mark.parametrize("name", LIVE)
@pytest.mark.parametrize("jump", [-HOUR, HOUR])
def test_a_clock_that_jumps_costs_nothing(name, jump, tmp_path):
    with trial(name, tmp_path, posts=90, edits=0.2, deletes=0.2, seconds=50) as made:
        world = made.world.clock
        # the platform's own clock does not jump
        made.world.clock = lambda: world() - made.clock.shift + shifted[0]
        shifted = [30_000_000]
        made.clock.shift = shifted[0]
        made.run()
        shifted[0] += 30_000_000
        made.clock.shift += 30_000_000 + jump
        made.run()
        made.clock.shift = shifted[0]
        made.run()
        made.sweep()
        assert made.landed() == made.expected()


class KilledError(Exception):
    """Ends a run as a crash of the machine does: nothing of ours catches it."""


class Mortal(MemoryProducer):
    """Takes so many records, and then the machine crashes."""

    def __init__(self, kafka: MemoryProducer, lives: int) -> None:
        super().__init__()
        self.messages = kafka.messages
        self._lives = lives

    def send_bytes(self, *record: Any) -> None:
        if self._lives == 0:
            raise KilledError
        self._lives -= 1
        super().send_bytes(*record)


@pytest.mark.parametrize("name", LIVE)
def test_a_producer_that_dies_anywhere_goes_on_from_there(name, tmp_path):
    with trial(name, tmp_path, posts=150, edits=0.1, deletes=0.1, seconds=100) as made:
        deaths = 0
        for lives in (1, 37, 64):
            made.clock.shift += 30_000_000
            try:
                made.run(sender=Mortal(made.kafka, lives))
            except KilledError:
                deaths += 1
        assert deaths == 3
        made.clock.shift += 30_000_000
        made.run()
        made.sweep()
        assert made.landed() == made.expected()
        versions: dict[str, set[int]] = {}
        for event in events(made.kafka.messages):
            if event["op"] == "upsert":
                versions.setdefault(event["event_id"], set()).add(event["version"])
        assert all(len(seen) == 1 for seen in versions.values()), (
            "the same content was sent in two versions"
        )


class Away(MemoryProducer):
    """Fails to deliver the first times, and loses the records of those times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._times = times
        self._unsent: list[Any] = []

    def send_bytes(self, *record: Any) -> None:
        self._unsent.append(record)

    def flush(self) -> None:
        if self._times:
            self._times -= 1
            self._unsent.clear()
            raise DeliveryError("the broker is away")
        for record in self._unsent:
            super().send_bytes(*record)
        self._unsent.clear()


@pytest.mark.parametrize("name", LIVE)
def test_a_broker_that_is_away_for_a_while_costs_nothing(name, tmp_path):
    with trial(name, tmp_path, posts=120, edits=0.1, deletes=0.1) as made:
        kafka = Away(2)
        absent = iter([True, False, True])

        def connect() -> Any:
            if next(absent, False):
                raise BrokerUnreachableError("no broker")
            return nullcontext(kafka)

        made.kafka = kafka
        made.run(connect=connect)
        assert made.landed() == made.expected()
        assert made.gaps == []


@pytest.mark.parametrize(
    ("once", "batches", "saved", "passes"),
    [
        (True, 0, False, 2),  # only waiting took long: a series of failures, which ends
        (True, 3, False, 2),  # it reads, and fails at the same place each time
        (True, 3, True, 20),  # it reads, and gets further each time
        (False, 3, False, 20),
    ],
)
def test_a_single_run_ends_where_it_fails_again_and_again_however_long_each_time_takes(
    once, batches, saved, passes, tmp_path
):
    passed = [0.0]
    tries = [0]

    def failing(_: Reader) -> Iterator[SourceBatch]:
        tries[0] += 1
        if tries[0] == 20:
            raise KilledError
        for number in range(batches):
            passed[0] += 40
            yield SourceBatch(source="s", cursor=f"{tries[0]} {number}" if saved else None)
        passed[0] += 40
        raise ReadError("no answer")

    with (
        pytest.MonkeyPatch.context() as patch,
        trial("mastodon", tmp_path, posts=1) as made,
        stamina.set_testing(True, attempts=2, cap=True),
    ):
        patch.setattr(live, "time", SimpleNamespace(monotonic=lambda: passed[0]))
        with pytest.raises(KilledError if passes == 20 else ReadError):
            made.run(failing, once=once)
    assert tries[0] == passes


@pytest.mark.parametrize(
    ("wait_s", "once", "answer"),
    [(None, False, True), (21.0, False, 21.0), (21.0, True, 21.0), (1e9, True, 960.0)],
)
def test_it_begins_anew_when_the_platform_said_so(wait_s, once, answer):
    context = SimpleNamespace(once=once)
    ingest = live.IngestLoop(
        PLATFORMS["mastodon"], context, maker=None, store=None, budget=None, connect=None
    )
    assert ingest.may_pass(StatusError(503, "/path", wait_s)) == answer
    assert ingest.may_pass(ValueError()) is False


@pytest.mark.parametrize("name", HTTP)
def test_a_budget_stops_it_with_the_figure_and_it_goes_on_later(name, tmp_path):
    with trial(name, tmp_path, posts=250) as made:
        report = made.run(limits={"calls": Limit(2, "day")})
        assert report.stopped is not None
        assert "2 of 2 calls this day" in report.stopped
        assert made.landed() != made.expected()
        made.run(limits={"calls": Limit(2000, "day")})
        assert made.landed() == made.expected()
