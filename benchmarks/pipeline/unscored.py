"""Run bronze_to_silver with a scorer that does nothing, to measure the cost of scoring.

Spark's workers know only scorers that are registered in their own process. They import this module
when they unpickle `Unscored`, and so register the scorer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from foundation.key_sources import pseudonym_source
from lakehouse.delta.lake import Lake
from lakehouse.jobs.job import Job, RunningJob
from schemas.tables import BRONZE_POSTS, QUARANTINE_POSTS, SILVER_POSTS, SILVER_TOMBSTONES
from streaming import bronze_to_silver
from transforms.refine import Refiner
from transforms.scoring.registry import SCORERS
from transforms.scoring.score import Score, ScorerOptions

_NOTHING = Score("neutral", 0.0)


class NoScorer:
    """Gives every text the same score."""

    name = "none"
    version = "0"
    languages = frozenset[str]()

    def score(self, texts: Sequence[str]) -> list[Score]:
        return [_NOTHING] * len(texts)


@dataclass(frozen=True, slots=True)
class Unscored(ScorerOptions):
    """The options that select the scorer."""

    name: str = NoScorer.name


SCORERS[NoScorer.name] = lambda _options: NoScorer()


def start(lake: Lake) -> RunningJob:
    """Start `bronze_to_silver` with the scorer that does nothing."""
    settings = lake.settings
    job = Job(bronze_to_silver.NAME, (SILVER_POSTS, SILVER_TOMBSTONES, QUARANTINE_POSTS), settings)
    key_id = pseudonym_source(settings).key_id()
    job.prepare(lake, key_id=key_id)
    refiner = Refiner(bronze_to_silver.make_refiner(settings, key_id).rules, Unscored())
    rows = lake.stream_rows(BRONZE_POSTS)
    return job.start(
        rows, partial(bronze_to_silver.handle, refiner=refiner), available_now=True, every_s=0
    )
