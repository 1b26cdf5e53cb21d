"""The interface of a simulator file."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from ingestion.simulators.serving.scenario import Scenario
from ingestion.simulators.serving.world import Faults, World

Serve = Callable[[World, Faults, int], AbstractContextManager[str]]


@dataclass(frozen=True, slots=True)
class Simulator:
    """One platform's simulator.

    Attributes:
        name: the platform's.
        serve: serves a world on a loopback port (0: any) while it lasts, and says its address.
        secrets: the made-up credentials that it checks, by name.
    """

    name: str
    serve: Serve
    secrets: Mapping[str, str] = field(default_factory=dict)

    @contextmanager
    def running(self, scenario: Scenario, *, port: int = 0) -> Iterator[tuple[str, World]]:
        """Its address and its world, while this lasts."""
        world = World(scenario)
        with self.serve(world, Faults(scenario.faults), port) as address:
            yield address, world
