"""What every live platform must keep, whoever wrote it: runs over the registry, against the platform's simulator."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from typing import Any

import pytest
import stamina
from pyarrow import fs

from foundation.errors import (
    BrokerUnreachableError,
    CredentialsError,
    CursorError,
    DeliveryError,
    IngestStoreError,
    ReadError,
)
from ingestion.budget import Limit
from ingestion.landing import Landing
from ingestion.platforms import PLATFORMS
from ingestion.produce import MemoryProducer
from ingestion.simulators import SIMULATORS
from ingestion.simulators.serving.scenario import Fault
from tests.live import SILENCE_S, events, trial

LIVE = [name for name, platform in PLATFORMS.items() if platform.reader]
FAULTS = [(name, kind) for name in LIVE for kind in SIMULATORS[name].faults]
HTTP = [name for name in LIVE if "status" in SIMULATORS[name].faults]
HOUR = 3600 * 1_000_000


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch) -> Iterator[None]:
    """Retries are tried, their pauses are not; PRAW's own neither."""
    monkeypatch.setattr("prawcore.sessions.FiniteRetryStrategy.sleep", lambda _: None)
    monkeypatch.setattr("prawcore.rate_limit.RateLimiter.delay", lambda _: None)
    stamina.instrumentation.set_on_retry_hooks([])
    with stamina.set_testing(True, attempts=8):
        yield


def test_every_live_platform_has_a_simulator_and_every_simulator_a_platform():
    assert sorted(LIVE) == sorted(SIMULATORS)


@pytest.mark.parametrize("name", LIVE)
def test_what_lands_is_what_the_scenario_says_and_a_second_run_changes_nothing(name, tmp_path):
    with trial(name, tmp_path, posts=130, edits=0.2, deletes=0.2) as made:
        made.run()
        assert made.landed() == made.expected()
        assert not made.telemetry.troubles
        before = made.landed()
        made.run()
        assert made.landed() == before
        assert made.gaps == []


@pytest.mark.parametrize("name", LIVE)
def test_edits_and_deletes_that_happen_between_runs_arrive(name, tmp_path):
    with trial(name, tmp_path, posts=120, edits=0.25, deletes=0.25, seconds=100) as made:
        made.clock.shift += 60_000_000
        made.run()
        first = made.landed()
        made.clock.shift += 60_000_000
        made.run()
        made.sweep()
        assert made.landed() == made.expected() != first


@pytest.mark.parametrize(("name", "kind"), FAULTS)
def test_a_fault_of_the_platform_loses_nothing_and_is_counted(name, kind, tmp_path):
    with trial(name, tmp_path, posts=90, faults=(Fault(kind, times=1 if kind == "silence" else 2, seconds=5),)) as made:
        made.run(**({"timeout_s": SILENCE_S} if kind == "silence" else {}))
        assert made.telemetry.troubles.total() + made.telemetry.records["rejected"] > 0 or kind == "silence"
        made.run()
        assert made.landed() == made.expected()


@pytest.mark.parametrize("name", HTTP)
@pytest.mark.parametrize("status", [403, 404, 429, 500, 503])
def test_each_status_is_survived_and_counted_by_its_name(name, status, tmp_path):
    with trial(name, tmp_path, posts=60, faults=(Fault("status", times=2, status=status),)) as made:
        made.run()
        assert made.telemetry.troubles["http_5xx" if status >= 500 else f"http_{status}"] == 2
        assert made.landed() == made.expected()


@pytest.mark.parametrize("name", HTTP)
def test_a_platform_that_always_fails_ends_a_single_run_with_a_named_error(name, tmp_path):
    with trial(name, tmp_path, posts=5, faults=(Fault("html", times=10**6),)) as made:
        with pytest.raises(ReadError, match="not JSON"):
            made.run(attempts=2)
        assert made.landed() == []
        assert made.telemetry.troubles["not_json"] > 1


@pytest.mark.parametrize("name", HTTP)
def test_refused_credentials_end_it_with_a_message_that_does_not_hold_them(name, tmp_path):
    with trial(name, tmp_path, posts=5, faults=(Fault("status", times=10**6, status=401),)) as made:
        with pytest.raises(CredentialsError) as refused:
            made.run(secrets={"access_token": "s3cr3t-of-mine"})
        assert "s3cr3t" not in str(refused.value)


@pytest.mark.parametrize("name", LIVE)
def test_posts_without_id_with_odd_times_or_of_ten_megabytes_harm_no_other(name, tmp_path):
    with trial(name, tmp_path, posts=60, spoiled=("no_id", "time_as_text", "huge")) as made:
        made.run(timeout_s=10.0)  # ten megabytes take a while on busy cores, and must not pass for a stream's end
        assert set(made.expected()) <= set(made.landed())
        refused = {event["event_id"] for event in events(made.kafka.messages) if event["op"] == "unmappable"}
        assert len(refused) == 3
        assert max(len(value) for _, _, value, _ in made.kafka.messages) <= 1_048_576


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
        for lives in (1, 37, 64):
            made.clock.shift += 30_000_000
            with suppress(KilledError):
                made.run(sender=Mortal(made.kafka, lives))
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
        self._times, self.most_held = times, 0
        self._unsent: list[Any] = []

    def send_bytes(self, *record: Any) -> None:
        self._unsent.append(record)
        self.most_held = max(self.most_held, len(self._unsent))

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


@pytest.mark.parametrize("name", LIVE)
def test_what_is_fetched_and_loaded_lands_once_beside_what_was_read_live(name, tmp_path):
    with trial(name, tmp_path, posts=120, edits=0.2, deletes=0.2) as made:
        landing = Landing(fs.LocalFileSystem(), str(tmp_path / "landing"), name)
        made.clock.shift += 60_000_000  # platforms round, and keep back the newest seconds
        since, until = made.world.happenings[0].at - 2_000_000, made.clock()
        for _ in range(2):
            reader = made.reader()
            written = list(landing.write(reader.between(since, until), made.clock()))
            assert sum(lines for _, lines in written) > 0
            assert all(f"/platform={name}/" in path for path, _ in written)
            made.run(lambda _: landing.read(made.reading))
            assert made.landed() == made.expected()
        sent = len(made.kafka.messages)
        made.run(lambda _: landing.read(made.reading))
        assert len(made.kafka.messages) == sent, "a file is loaded once"
        made.run()
        assert made.landed() == made.expected()


@pytest.mark.parametrize("name", LIVE)
def test_what_was_fetched_before_an_edit_does_not_bring_the_old_text_back(name, tmp_path):
    with trial(name, tmp_path, posts=60, edits=0.5, seconds=50) as made:
        made.clock.shift += 30_000_000
        landing = Landing(fs.LocalFileSystem(), str(tmp_path / "landing"), name)
        list(landing.write(made.reader().between(made.world.happenings[0].at, made.clock()), made.clock()))
        made.run()
        made.clock.shift += 30_000_000
        made.run()
        made.sweep()
        assert made.landed() == made.expected()
        made.run(lambda _: landing.read(made.reading))
        assert made.landed() == made.expected()


@pytest.mark.parametrize("name", LIVE)
def test_what_comes_while_it_reads_is_not_missed(name, tmp_path):
    with trial(name, tmp_path, posts=350, edits=0.05, deletes=0.05, seconds=1.5, limit=10**6) as made:

        def until_over(reader: Any) -> Any:
            for batch in reader.read():
                yield batch
                if time.time_ns() // 1000 > made.world.happenings[-1].at + 500_000:
                    return

        made.run(until_over, once=False, timeout_s=5.0, sleep=lambda _: time.sleep(0.1))
        made.run()
        made.sweep()
        assert made.landed() == made.expected()
