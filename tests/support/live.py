"""Run live producers against a loopback simulator, into memory, with a clock of their own."""

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
import stamina

from foundation.keys import PseudonymKey
from foundation.policies import policy_of
from ingestion.config.watchlists import Watchlist
from ingestion.kafka.producer import MemoryProducer, Sender
from ingestion.kafka.records import RecordMaker
from ingestion.metrics import Telemetry
from ingestion.platforms import PLATFORMS
from ingestion.privacy.erase import ProducerErasure
from ingestion.producer.loop import IngestLoop, IngestReport, new_reader
from ingestion.reader import Context, Reader, SourceBatch
from ingestion.readers import bluesky as jetstream
from ingestion.simulators import SIMULATORS, bluesky
from ingestion.simulators.server import websocket
from ingestion.simulators.server.scenario import Scenario, final_texts
from ingestion.simulators.server.state import World
from ingestion.state.budget import Budget, Limit
from ingestion.state.store import IngestStore
from tests.support.clock import machine_micros

LIVE = [name for name, platform in PLATFORMS.items() if platform.reader]
HTTP = [name for name in LIVE if "status" in SIMULATORS[name].faults]
SILENCE_S = 0.5
_PATIENCE_S = 60.0  # after this time the test fails
KEY = PseudonymKey(1, b"0" * 32)


@dataclass
class Clock:
    """A clock that runs like the machine's and can be moved."""

    shift: int = 0  # µs

    def __call__(self) -> int:
        return machine_micros() + self.shift


@dataclass
class Trial:
    """A trial has one platform's simulator; producers read it in turn into the same memory."""

    name: str
    address: str
    world: World
    folder: Path
    clock: Clock
    kafka: MemoryProducer = field(default_factory=MemoryProducer)
    waits: list[float] = field(default_factory=list)
    gaps: list[Any] = field(default_factory=list)
    place: Path | str | None = None  # of the memory, if it is not `file`
    telemetry: Telemetry = field(init=False)
    reading: IngestStore = field(init=False)  # of the current run

    @property
    def file(self) -> Path:
        return self.folder / "ingest.sqlite3"

    def store(self) -> IngestStore:
        return IngestStore(self.place or self.file, owner="public", platform=self.name)

    def run(
        self,
        batches: Callable[[Reader], Iterator[SourceBatch]] = lambda reader: reader.read(),
        *,
        sender: Sender | None = None,
        connect: Any = None,
        limits: dict[str, Limit] | None = None,
        secrets: dict[str, str] | None = None,
        erasure: Callable[[IngestStore], ProducerErasure] | None = None,
        **given: Any,
    ) -> IngestReport:
        """Run the producer once, with `once`. Its counters are in `telemetry`."""
        self.telemetry = Telemetry(self.name)
        with self.store() as store:
            self.reading = store
            budget = Budget(limits or {}, store, self.clock)
            context = self.context(store, budget, secrets=secrets, **given)

            def hand_over() -> AbstractContextManager[Sender]:
                return nullcontext(sender or self.kafka)

            ingest = IngestLoop(
                PLATFORMS[self.name],
                context,
                maker=RecordMaker(self.name, "public", KEY),
                store=store,
                budget=budget,
                connect=connect or hand_over,
                erasure=erasure and erasure(store),
            )
            try:
                return ingest.run(lambda: batches(ingest.reader()))
            finally:
                self.gaps = store.gaps()

    def context(
        self,
        store: IngestStore,
        budget: Budget,
        *,
        secrets: dict[str, str] | None = None,
        **given: Any,
    ) -> Context:
        """Return the context that a reader gets."""
        simulator = SIMULATORS[self.name]
        usual = {
            "watchlist": Watchlist(**simulator.watchlist),
            "base_url": self.address,
            "once": True,
            "timeout_s": _PATIENCE_S,
            "look_back_s": 1000.0,
            "sleep": self.waits.append,
        }
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
        """Return a reader with an empty memory."""
        self.telemetry = Telemetry(self.name)
        store = IngestStore(self.folder / "unused.sqlite3", owner="public", platform=self.name)
        return new_reader(PLATFORMS[self.name], self.context(store, Budget({}, store, self.clock)))

    def sweep(self) -> IngestReport:
        """Read all posts again that were sent."""
        with self.store() as store:
            due = store.due_for_check(now=self.clock() + 10**12, first=0, limit=10**6)
        return self.run(lambda reader: reader.refetch(due))

    def hold(self) -> Callable[[], None]:
        """Stop all events on the platform until the returned function is called."""
        held = self.world.clock()
        behind = list[int]()
        self.world.clock = lambda: self.clock() - behind[0] if behind else held
        return lambda: behind.append(self.clock() - held)

    def until_landed(self, batches: Iterator[SourceBatch]) -> Iterator[SourceBatch]:
        """Read until all events have happened and arrived, and then two batches more."""
        calm = 0
        latest = time.monotonic() + _PATIENCE_S
        for batch in batches:
            yield batch
            is_over = self.world.happened() == len(self.world.events)
            calm = calm + 1 if is_over and self.landed() == self.expected() else 0
            if calm > 2 or time.monotonic() > latest:
                return

    def landed(self) -> list[str]:
        """Return the texts of live posts according to Kafka, sorted."""
        return sorted(
            text for text in fold(self.kafka.messages).values() if text
        )  # without posts that have no text, which others only answer

    def expected(self) -> list[str]:
        """Return the texts of live posts at the scenario's end, sorted."""
        return sorted(final_texts(self.world.events).values())


class _Line:
    """Tells a reader at once when the simulated Jetstream has no more to send.

    A reader that waits for silence by the clock takes busy cores for it. Here its clock jumps when
    silence is known.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._sent: list[int] = []  # by connection
        self._is_idle: list[bool] = []
        self._jumped_s = 0.0
        self._of_thread: dict[int, int] = {}
        self._send = bluesky.sent_frames
        self._receive = jetstream.frames
        self._sleep = websocket.time.sleep
        self._monotonic = jetstream.time.monotonic
        patch.setattr(bluesky, "sent_frames", self._sending)
        patch.setattr(websocket, "time", SimpleNamespace(sleep=self._idling))
        patch.setattr(jetstream, "frames", self._receiving)
        patch.setattr(
            jetstream, "time", SimpleNamespace(monotonic=lambda: self._monotonic() + self._jumped_s)
        )
        patch.setattr(jetstream, "CAUGHT_UP_S", _PATIENCE_S)

    def _sending(self, *about: Any) -> Iterator[str]:
        number = len(self._sent)
        self._of_thread[threading.get_ident()] = number
        self._is_idle.append(False)
        self._sent.append(0)
        for frame in self._send(*about):
            self._is_idle[number] = False
            self._sent[number] += 1
            yield frame

    def _idling(self, seconds: float) -> None:
        self._is_idle[self._of_thread[threading.get_ident()]] = True
        self._sleep(seconds)

    def _receiving(self, *about: Any, **more: Any) -> Iterator[bytes | None]:
        before = len(self._sent)
        received = 0
        for frame in self._receive(*about, **more):
            received += frame is not None
            # of the last connection; some end before their first frame
            is_served = len(self._sent) > before
            if frame is None and is_served and self._is_idle[-1] and received == self._sent[-1]:
                self._jumped_s += 2 * _PATIENCE_S
            yield frame


@cache
def _unused_context() -> ssl.SSLContext:
    return ssl.create_default_context()


@contextmanager
def trial(name: str, folder: Path, **plot: Any) -> Iterator[Trial]:
    """Run a simulator within the block."""
    clock = Clock()
    with (
        pytest.MonkeyPatch.context() as patch,
        SIMULATORS[name].running(Scenario(**plot), clock=clock) as (address, world),
    ):
        # A client makes a TLS context that it never uses: 60 ms of CPU, a third of a small test.
        patch.setattr("httpcore2.default_ssl_context", lambda **_: _unused_context())
        if name == "bluesky":
            _Line(patch)
        yield Trial(name, address, world, folder, clock)


@contextmanager
def without_pauses() -> Iterator[None]:
    """Retry without pauses, also in PRAW."""
    stamina.instrumentation.set_on_retry_hooks([])
    with pytest.MonkeyPatch.context() as patch, stamina.set_testing(True, attempts=8):
        patch.setattr("prawcore.sessions.FiniteRetryStrategy.sleep", lambda _: None)
        patch.setattr("prawcore.rate_limit.RateLimiter.delay", lambda _: None)
        yield


def events(messages: list[Any]) -> list[dict[str, Any]]:
    return [orjson.loads(value) for _, _, value, _ in messages]


def fold(messages: list[Any]) -> dict[str, str]:
    """Return the texts of live posts after these messages, by post id."""
    return {post_id: event["text"] for post_id, event in live_events(events(messages)).items()}


def live_events(happened: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the live posts after these events, by post id, by the design's order in plain Python.

    A higher version wins. At equal versions a delete wins, and among upserts the first one. The
    same event again changes nothing.
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
        if event["version"] > buried.get(post_id, -1)
        and event["version"] > left.get(event["author_id"], -1)
    }
