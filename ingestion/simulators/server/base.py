"""The interface of a simulator file."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from foundation import clock
from ingestion.simulators.server.scenario import FaultKind, Scenario
from ingestion.simulators.server.state import Faults, World

Serve = Callable[[World, Faults, tuple[str, int]], AbstractContextManager[str]]


@dataclass(frozen=True, slots=True)
class Simulator:
    """One platform's simulator.

    Attributes:
        name: the platform's.
        serve: serves a world at a host and port (0: any) while it lasts, and says its address.
        faults: the kinds that can happen to it.
        secrets: the made-up credentials that it checks, by name.
        watchlist: what a reader must be told to ask for; it answers the same whatever that is.
    """

    name: str
    serve: Serve
    faults: tuple[FaultKind, ...]
    secrets: Mapping[str, str] = field(default_factory=dict)
    watchlist: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @contextmanager
    def running(
        self,
        scenario: Scenario,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        clock: Callable[[], int] = clock.micros,
    ) -> Iterator[tuple[str, World]]:
        """Serve the simulator while this lasts; yield its address and its world."""
        world = World(scenario, clock)
        with self.serve(world, Faults(scenario.faults), (host, port)) as address:
            yield address, world
