"""The demo's live part: three simulated platforms, read by their producers while things happen."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from pydantic import SecretStr

from foundation.logs import setup_logs
from foundation.settings import Settings
from ingestion.metrics import Telemetry
from ingestion.platforms import PLATFORMS
from ingestion.producer.build import build_producer
from ingestion.producer.loop import IngestLoop
from ingestion.reader import SourceBatch
from ingestion.simulators import SIMULATORS
from ingestion.simulators.server.scenario import Scenario
from ingestion.simulators.server.state import World

SIMULATED = ("bluesky", "hackernews", "mastodon")
_PLOT = Scenario(posts=150, seconds=6.0, edits=0.1, deletes=0.1)
_LINGER = 2_000_000  # µs after the last thing has happened: longer than between two polls
_NOT_SENT = ("ignored", "skipped")

Fates = dict[str, Counter[str]]  # platform → what was sent, by its operation


@contextmanager
def live_platforms(settings: Settings) -> Iterator[Callable[[], Fates]]:
    """Read all of them in the background while this lasts; what is yielded waits for their end.

    Raises:
        EchoStreamError: out of the call, what made one of them fail.
    """
    setup_logs(settings.home / "logs" / "live.jsonl", settings.log_level)
    stopping = threading.Event()
    with ThreadPoolExecutor(len(SIMULATED)) as pool:
        try:
            reading = {name: pool.submit(_read, settings, name, stopping) for name in SIMULATED}
            yield lambda: {name: fates.result() for name, fates in reading.items()}
        finally:
            stopping.set()


def count(fates: Fates) -> int:
    """Return how many records were sent."""
    return sum(counts.total() for counts in fates.values())


def _read(settings: Settings, name: str, stopping: threading.Event) -> Counter[str]:
    """Read from the scenario's beginning until a little after its end."""
    telemetry = Telemetry(name)
    simulator = SIMULATORS[name]
    with simulator.running(replace(_PLOT, seed=SIMULATED.index(name))) as (address, world):
        known = {
            f"{name}_{secret}": SecretStr(value) for secret, value in simulator.secrets.items()
        }
        told = settings.model_copy(update={"credentials": known})
        with build_producer(told, PLATFORMS[name], telemetry, once=False, base_url=address) as live:
            live.run(partial(_until_over, live, world, stopping))
    return Counter({fate: n for fate, n in telemetry.records.items() if fate not in _NOT_SENT})


def _until_over(live: IngestLoop, world: World, stopping: threading.Event) -> Iterator[SourceBatch]:
    for batch in live.reader().read():
        yield batch
        if stopping.is_set() or world.clock() > world.events[-1].at + _LINGER:
            return
