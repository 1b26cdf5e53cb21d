"""Merge first posts and the later steps of their histories into one feed, by time of sending.

Memory holds only the unfinished histories and the authors that leave.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate, count
from random import Random

from ingestion.generator.channels import traits_of
from ingestion.generator.first_posts import HOUR, SPREAD, FirstPosts
from ingestion.generator.lifecycle import LifecyclePlanner
from ingestion.generator.post_history import AuthorKey, Step, author_of
from ingestion.generator.rates import Rates
from ingestion.generator.render import RenderedRecord, Renderer, Resend

_RESENT_WITHIN = 2 * HOUR


@dataclass(slots=True)
class Feed:
    """One run of the generator; it can be iterated once."""

    rng: Random
    rates: Rates
    first_posts: FirstPosts
    planner: LifecyclePlanner
    renderer: Renderer
    due: list[tuple[int, int, Step | Resend]] = field(default_factory=list)  # a heap by time
    # Of items with the same time, the one pushed first is sent first.
    tickets: Iterator[int] = field(default_factory=count)
    leaving: set[AuthorKey] = field(default_factory=set)  # authors whose delete is planned

    def __iter__(self) -> Iterator[RenderedRecord]:
        """Yield all records in the order of sending."""
        platforms = sorted(self.renderer.makers)
        weights = list(accumulate(traits_of(name).weight for name in platforms))
        for index in range(self.first_posts.n_posts):
            created = self.first_posts.created_at(index)
            yield from self._send_until(created)
            platform = self.rng.choices(platforms, cum_weights=weights)[0]
            self._begin(platform, traits_of(platform).weight / weights[-1], created)
        yield from self._send_until(self.first_posts.base + SPREAD)

    def _begin(self, platform: str, share: float, created_at: int) -> None:
        create = self.first_posts.create(platform, share, created_at)
        for step in self._story(create):
            self._push(step)
        if self.rng.random() < self.rates.bad:
            self._push(self.first_posts.create(platform, share, created_at, "bad"))
        if self.rng.random() < self.rates.unmappable:
            self._push(self.first_posts.create(platform, share, created_at, "unmappable"))

    def _story(self, create: Step) -> list[Step]:
        if self.rng.random() < self.rates.odd_times:
            self.first_posts.give_odd_time(create)
            return [create]
        author = author_of(create.history)
        steps = self.planner.plan(
            create, may_lose_author=author is not None and author not in self.leaving
        )
        if author and steps[-1].kind == "author_delete":
            self.leaving.add(author)
        return steps

    def _push(self, due: Step | Resend) -> None:
        heapq.heappush(self.due, (due.at, next(self.tickets), due))

    def _send_until(self, time: int) -> Iterator[RenderedRecord]:
        while self.due and self.due[0][0] <= time:
            due = heapq.heappop(self.due)[2]
            rendered = (
                self.renderer.render_again(due)
                if isinstance(due, Resend)
                else self.renderer.render(due)
            )
            if rendered is None:
                continue
            yield rendered
            if isinstance(due, Step) and self._is_repeated(due):
                self._push(Resend(self.planner.after(due.at, _RESENT_WITHIN), due, rendered))

    def _is_repeated(self, step: Step) -> bool:
        if step.kind in ("bad", "unmappable") or not step.history.is_repeatable:
            return False
        return self.rng.random() < self.rates.duplicates
