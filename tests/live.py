"""Live producers in tests: against a simulator on loopback, into memory, with a clock of the test's own."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
import stamina

from foundation.keys import PseudonymKey
from foundation.policies import policy_of
from ingestion.budget import Budget, Limit
from ingestion.forgetting import Forgetting
from ingestion.live import Ingest, Report, new_reader
from ingestion.platforms import PLATFORMS
from ingestion.produce import MemoryProducer, Sender
from ingestion.reading import Batch, Context, Reader
from ingestion.records import RecordMaker
from ingestion.simulators import SIMULATORS
from ingestion.simulators.serving.scenario import Scenario, final_texts
from ingestion.simulators.serving.world import World
from ingestion.store import IngestStore
from ingestion.telemetry import Telemetry
from ingestion.watchlists import Watchlist
from tests.clock import machine_micros

LIVE = [name for name, platform in PLATFORMS.items() if platform.reader]
HTTP = [name for name in LIVE if "status" in SIMULATORS[name].faults]
SILENCE_S = 0.5
KEY = PseudonymKey(1, b"0" * 32)


@dataclass
class Clock:
    """Goes with the machine's, and can be put forward or back."""

    shift: int = 0  # µs

    def __call__(self) -> int:
        return machine_micros() + self.shift


@dataclass
class Trial:
    """One platform's simulator, and producers that read it one after the other into the same memory."""

    name: str
    address: str
    world: World
    folder: Path
    clock: Clock
    kafka: MemoryProducer = field(default_factory=MemoryProducer)
    waits: list[float] = field(default_factory=list)
    gaps: list[Any] = field(default_factory=list)
    place: Path | str | None = None  # of the memory, where it is not `file`
    telemetry: Telemetry = field(init=False)
    reading: IngestStore = field(init=False)  # of the run that is on

    @property
    def file(self) -> Path:
        return self.folder / "ingest.sqlite3"

    def store(self) -> IngestStore:
        return IngestStore(self.place or self.file, owner="public", platform=self.name)

    def run(
        self,
        batches: Callable[[Reader], Iterator[Batch]] = lambda reader: reader.read(),
        *,
        sender: Sender | None = None,
        connect: Any = None,
        limits: dict[str, Limit] | None = None,
        secrets: dict[str, str] | None = None,
        forgetting: Callable[[IngestStore], Forgetting] | None = None,
        **given: Any,
    ) -> Report:
        """One run of the producer with `once`; counters are in `telemetry`."""
        self.telemetry = Telemetry(self.name)
        with self.store() as store:
            self.reading = store
            budget = Budget(limits or {}, store, self.clock)
            context = self.context(store, budget, secrets=secrets, **given)

            def hand_over() -> AbstractContextManager[Sender]:
                return nullcontext(sender or self.kafka)

            ingest = Ingest(
                PLATFORMS[self.name], context, maker=RecordMaker(self.name, "public", KEY), store=store, budget=budget,
                connect=connect or hand_over, forgetting=forgetting and forgetting(store),
            )  # fmt: skip
            try:
                return ingest.run(lambda: batches(ingest.reader()))
            finally:
                self.gaps = store.gaps()

    def context(
        self, store: IngestStore, budget: Budget, *, secrets: dict[str, str] | None = None, **given: Any
    ) -> Context:
        """What its reader is given."""
        simulator = SIMULATORS[self.name]
        has_end = "status" in simulator.faults  # a stream has none but silence; an answer may be late on busy cores
        usual = {
            "watchlist": Watchlist(**simulator.watchlist), "base_url": self.address, "once": True,
            "timeout_s": 10.0 if has_end else SILENCE_S, "look_back_s": 1000.0, "sleep": self.waits.append,
        }  # fmt: skip
        return Context(
            policy=policy_of(self.name),
            memory=store,
            budget=budget,
            telemetry=self.telemetry,
            secrets=dict(simulator.secrets) if secrets is None else secrets,
            clock=self.clock,
            **(usual | given),
        )

    def reader(self) -> Reader:
        """One that remembers nothing."""
        self.telemetry = Telemetry(self.name)
        store = IngestStore(self.folder / "unused.sqlite3", owner="public", platform=self.name)
        return new_reader(PLATFORMS[self.name], self.context(store, Budget({}, store, self.clock)))

    def sweep(self) -> Report:
        """Look again at everything that was sent."""
        with self.store() as store:
            due = store.due(now=self.clock() + 10**12, first=0, limit=10**6)
        return self.run(lambda reader: reader.refetch(due))

    def landed(self) -> list[str]:
        """The texts of what is live by what Kafka holds, sorted."""
        return sorted(
            text for text in fold(self.kafka.messages).values() if text
        )  # without what is there to be answered

    def expected(self) -> list[str]:
        """The texts that the scenario ends with, sorted."""
        return sorted(final_texts(self.world.happenings).values())


@contextmanager
def trial(name: str, folder: Path, **plot: Any) -> Iterator[Trial]:
    """A simulator while this lasts."""
    clock = Clock()
    with SIMULATORS[name].running(Scenario(**plot), clock=clock) as (address, world):
        yield Trial(name, address, world, folder, clock)


@contextmanager
def without_pauses() -> Iterator[None]:
    """Retries are tried, their pauses are not; PRAW's own neither."""
    stamina.instrumentation.set_on_retry_hooks([])
    with pytest.MonkeyPatch.context() as patch, stamina.set_testing(True, attempts=8):
        patch.setattr("prawcore.sessions.FiniteRetryStrategy.sleep", lambda _: None)
        patch.setattr("prawcore.rate_limit.RateLimiter.delay", lambda _: None)
        yield


def events(messages: list[Any]) -> list[dict[str, Any]]:
    return [orjson.loads(value) for _, _, value, _ in messages]


def fold(messages: list[Any]) -> dict[str, str]:
    """The texts of what is live after these messages, by post id."""
    return {post_id: event["text"] for post_id, event in live_events(events(messages)).items()}


def live_events(happened: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What is live after these events, by post id: the design's order, in plain Python.

    A higher version wins; at equal version a delete, and among upserts the first. The same event again changes nothing.
    """
    held: dict[str, dict[str, Any]] = {}
    buried: dict[str, int] = {}
    left: dict[str, int] = {}
    for event in happened:
        if event["op"] == "delete_author":
            left[event["author_id"]] = max(left.get(event["author_id"], 0), event["version"])
        elif event["op"] == "delete":
            buried[event["post_id"]] = max(buried.get(event["post_id"], 0), event["version"])
        elif event["op"] == "upsert":
            last = held.get(event["post_id"])
            is_same = last is not None and last["event_id"] == event["event_id"]
            if last is None or (event["version"] > last["version"] and not is_same):
                held[event["post_id"]] = event
    return {
        post_id: event
        for post_id, event in held.items()
        if event["version"] > buried.get(post_id, -1) and event["version"] > left.get(event["author_id"], -1)
    }
