"""Hold the present state of a simulated platform: its posts, and its faults to come."""

import threading
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace

from ingestion.simulators.server.scenario import (
    Defect,
    Fault,
    FaultKind,
    Scenario,
    ScenarioEvent,
    timeline,
)


@dataclass(frozen=True, slots=True)
class SimulatedPost:
    """A post as it is now; times in microseconds since 1970."""

    number: int
    author: int
    text: str
    created_at: int
    changed_at: int
    edited_at: int | None = None
    deleted_at: int | None = None
    defect: Defect | None = None
    first_text: str = ""


class World:
    """The posts as they are now; threads may share it."""

    def __init__(self, scenario: Scenario, clock: Callable[[], int]) -> None:
        self.scenario = scenario
        self.clock = clock
        self.events = timeline(scenario, clock())
        self._times = [event.at for event in self.events]
        self.by_number: dict[int, SimulatedPost] = {}
        self._done = 0
        self._lock = threading.Lock()

    def happened(self) -> int:
        """Return how many events have happened by now."""
        return bisect_right(self._times, self.clock())

    def posts(self) -> dict[int, SimulatedPost]:
        """Return every post that exists by now, by number, with deleted ones."""
        with self._lock:
            count = self.happened()
            for event in self.events[self._done : count]:
                self._apply(event)
            self._done = max(self._done, count)
            return dict(self.by_number)

    def _apply(self, event: ScenarioEvent) -> None:
        at = event.at
        match event.kind:
            case "create":
                post = SimulatedPost(
                    event.number,
                    event.author,
                    event.text,
                    at,
                    at,
                    defect=event.defect,
                    first_text=event.text,
                )
                self.by_number[post.number] = post
            case "edit":
                old = self.by_number[event.number]
                self.by_number[old.number] = replace(
                    old, text=event.text, edited_at=at, changed_at=at
                )
            case "delete":
                old = self.by_number[event.number]
                self.by_number[old.number] = replace(old, deleted_at=at, changed_at=at)
            case "leave":
                gone = {
                    number: replace(post, deleted_at=at, changed_at=at)
                    for number, post in self.by_number.items()
                    if post.author == event.author
                }
                self.by_number |= gone


class Faults:
    """Gives out the scenario's faults, each in its turn; threads may share it."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self._todo = [_Due(fault, fault.after, fault.times) for fault in faults]
        self._lock = threading.Lock()

    def next(self, *kinds: FaultKind) -> Fault | None:
        """Return the fault of this answer or frame, of the kinds possible here, or None."""
        with self._lock:
            for due in self._todo:
                if due.fault.kind not in kinds or due.times == 0:
                    continue
                if due.after > 0:
                    due.after -= 1
                    continue
                due.times -= 1
                return due.fault
        return None


@dataclass(slots=True)
class _Due:
    fault: Fault
    after: int
    times: int
