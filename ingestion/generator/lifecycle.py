"""Plan the history of a post: its create, and the edits, deletes and repeats that follow.

A version is the time at which something happened, so no step is sent before its version. No post
changes its author or its day, nor, with the same content, the time that Silver shows. So the result
does not depend on how Kafka's topics interleave, or on where batches end.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from ingestion.generator.first_posts import HOUR, SECOND
from ingestion.generator.post_history import Kind, Step
from ingestion.generator.post_text import TextWriter
from ingestion.generator.rates import Rates
from ingestion.generator.seeded_random import pick
from ingestion.generator.sentences import Mood

# Two steps of a history are at most so far apart, which bounds the memory.
_SPAN = 6 * HOUR
_MOODS: tuple[Mood, ...] = ("positive", "negative", "neutral")
_RARELY = 0.1
_COIN = 0.5


@dataclass(frozen=True, slots=True)
class LifecyclePlanner:
    """Plans histories, none of which goes beyond `end`, in microseconds since 1970."""

    rng: Random
    rates: Rates
    writer: TextWriter
    end: int

    def plan(self, create: Step, *, may_lose_author: bool) -> list[Step]:
        """Return the steps of a history that begins with `create`, of a kind drawn by the rates."""
        roll = self.rng.random()
        for name, rate in self.rates.histories():
            if roll < rate:
                if name == "author_deletes" and not may_lose_author:
                    return [create]
                return _HISTORIES[name](self, create)
            roll -= rate
        return [create]

    def after(self, time: int, span: int = _SPAN) -> int:
        """Return a later time; sooner ones are likelier."""
        return time + 1 + int(self.rng.random() ** 2 * max(0, min(span, self.end - time) - 1))

    def _edit(self, last: Step, kind: Kind = "edit") -> Step:
        if last.post_text is None:
            return self._later(last, kind)
        return replace(
            self._later(last, kind),
            post_text=self.writer.amend(last.post_text, pick(self.rng, _MOODS)),
        )

    def _later(self, last: Step, kind: Kind) -> Step:
        """Return the step after `last`: it happens, is observed a moment later, and is sent."""
        happened = self.after(last.at)
        seen = self.after(happened, 5 * SECOND)
        return replace(last, kind=kind, at=seen, observed_at=seen, version=happened)

    def edits(self, create: Step) -> list[Step]:
        """Return a history with one edit, rarely two."""
        steps = [create, self._edit(create)]
        return [*steps, self._edit(steps[-1])] if self.rng.random() < _RARELY else steps

    def edits_back(self, create: Step) -> list[Step]:
        """Return a history with two edits, of which the second restores the first text."""
        changed = self._edit(create)
        return [
            create,
            changed,
            replace(self._later(changed, "edit_back"), post_text=create.post_text),
        ]

    def deletes(self, create: Step) -> list[Step]:
        """Return a history that ends with a delete.

        Rarely the delete has the version of the last edit, or no time of its own.
        """
        roll = self.rng.random()
        if roll < _RARELY:
            changed = self._edit(create)
            return [create, changed, replace(self._delete(changed), version=changed.version)]
        gone = self._delete(create)
        return [create, replace(gone, version=0) if roll < 2 * _RARELY else gone]

    def resurrections(self, create: Step) -> list[Step]:
        """Return a history in which the post is deleted and then restored."""
        # Otherwise the ends of batches would decide which of two records is the duplicate.
        create.history.is_repeatable = False
        gone = self._delete(create)
        return [create, gone, replace(self._later(gone, "resurrect"), post_text=create.post_text)]

    def author_deletes(self, create: Step) -> list[Step]:
        """Return a history that ends with the delete of the whole account."""
        gone = self._later(create, "author_delete")
        return [create, replace(gone, post_text=None, version=gone.observed_at)]

    def score_only(self, create: Step) -> list[Step]:
        """Return a history in which the same content is observed twice.

        The second version is the same or, as on some platforms, higher.
        """
        again = self._later(create, "score_only")
        if self.rng.random() < _COIN:
            again = replace(again, version=create.version)
        return [create, again]

    def late(self, create: Step) -> list[Step]:
        """Return a history out of order, in one of four ways."""
        match int(self.rng.random() * 4):
            case 0:
                return [replace(create, kind="late_create", at=self.after(create.at))]
            case 1:
                changed = self._edit(create, "early_edit")
                return [changed, replace(create, kind="late_create", at=self.after(changed.at))]
            case 2:
                gone = replace(self._delete(create), kind="early_delete")
                return [gone, replace(create, kind="late_upsert", at=self.after(gone.at))]
            case _:
                older = self._edit(create)
                newer = self._edit(older)
                return [create, newer, replace(older, kind="old_version", at=self.after(newer.at))]

    def _delete(self, last: Step) -> Step:
        return replace(self._later(last, "delete"), post_text=None)


_HISTORIES: dict[str, Callable[[LifecyclePlanner, Step], list[Step]]] = {
    "edits": LifecyclePlanner.edits,
    "edits_back": LifecyclePlanner.edits_back,
    "deletes": LifecyclePlanner.deletes,
    "resurrections": LifecyclePlanner.resurrections,
    "author_deletes": LifecyclePlanner.author_deletes,
    "late": LifecyclePlanner.late,
    "score_only": LifecyclePlanner.score_only,
}
