"""Define the content of a simulator file."""

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
        name: the platform's name.
        serve: a context manager that serves a world at a host and port (0: any) and yields the
            address.
        faults: the kinds of faults that it can simulate.
        secrets: the made-up credentials that it checks, by name.
        watchlist: the watchlist to give to a reader; the answers do not depend on it.

    Example:
        ```
        with SIMULATORS["reddit"].running(Scenario(posts=50)) as (address, world):
            read_from(address)
        ```
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
        """Serve a scenario inside the `with` block; yield the address and the world."""
        world = World(scenario, clock)
        with self.serve(world, Faults(scenario.faults), (host, port)) as address:
            yield address, world
