"""Send posts for as long as a test needs them: most at once, the rest a few at a time."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from foundation.settings import Settings
from ingestion.generator import load_rates, run_generator
from ingestion.kafka.producer import Producer
from tests.support.clock import BASE

_LASTS_S = 900  # seconds of the slow flow, if no test opens the tap


class Tap:
    """A sender that passes `fast` records at once, and the others slowly until it is opened."""

    def __init__(self, producer: Producer, fast: int, pause_s: float) -> None:
        self._producer = producer
        self._fast = fast
        self._pause_s = pause_s
        self.delivered = producer.delivered
        self.failed = producer.failed
        self.sent = 0
        self.is_open = threading.Event()

    def send_bytes(self, *record) -> None:
        self._producer.send_bytes(*record)
        self.sent += 1
        if self.sent > self._fast:
            self.is_open.wait(self._pause_s)

    def send(self, record) -> None:
        raise NotImplementedError

    def flush(self) -> None:
        self._producer.flush()


@contextmanager
def flowing(settings: Settings, posts: int, *, seed: int, fast: int):
    """Send generated posts to Kafka. Yield the tap and the future of their ledger."""
    with Producer(settings) as producer, ThreadPoolExecutor(1) as background:
        tap = Tap(producer, fast, _LASTS_S / max(1, posts - fast))
        sending: Future[Path] = background.submit(
            lambda: (
                run_generator(
                    settings, tap, n_posts=posts, seed=seed, base=BASE, rates=load_rates()
                ).ledger
            )
        )
        try:
            yield tap, sending
        finally:
            tap.is_open.set()
