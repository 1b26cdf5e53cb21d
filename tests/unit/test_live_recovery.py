"""What befalls a live producer itself, on every platform: its memory, its clock, its end, its broker, its budget."""

import sqlite3
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from foundation.errors import BrokerUnreachableError, CursorError, DeliveryError, IngestStoreError
from ingestion.budget import Limit
from ingestion.produce import MemoryProducer
from tests.live import HTTP, LIVE, events, trial, without_pauses

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
            assert store.forget_cursors(now=made.clock()) > 0
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
        made.world.clock = lambda: world() - made.clock.shift + shifted[0]  # the platform's own goes on as it was
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
    """As a fallen machine: nothing of ours catches it."""


class Mortal(MemoryProducer):
    """Takes so many records, then the machine falls."""

    def __init__(self, kafka: MemoryProducer, lives: int) -> None:
        super().__init__()
        self.messages, self._lives = kafka.messages, lives

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
        assert deaths > 0  # a stream on busy cores may end by its silence before the later ones
        made.clock.shift += 30_000_000
        made.run()
        made.sweep()
        assert made.landed() == made.expected()
        versions: dict[str, set[int]] = {}
        for event in events(made.kafka.messages):
            if event["op"] == "upsert":
                versions.setdefault(event["event_id"], set()).add(event["version"])
        assert all(len(seen) == 1 for seen in versions.values()), "the same content was sent in two versions"


class Away(MemoryProducer):
    """Fails to deliver the first times; nothing that was handed over then arrives."""

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
        kafka, absent = Away(2), iter([True, False, True])

        def connect() -> Any:
            if next(absent, False):
                raise BrokerUnreachableError("no broker")
            return nullcontext(kafka)

        made.kafka = kafka
        made.run(connect=connect)
        assert made.landed() == made.expected()
        assert made.gaps == []


@pytest.mark.parametrize("name", HTTP)
def test_a_budget_stops_it_with_the_figure_and_it_goes_on_later(name, tmp_path):
    with trial(name, tmp_path, posts=250) as made:
        report = made.run(limits={"calls": Limit(2, "day")})
        assert report.stopped is not None
        assert "2 of 2 calls this day" in report.stopped
        assert made.landed() != made.expected()
        made.run(limits={"calls": Limit(2000, "day")})
        assert made.landed() == made.expected()
