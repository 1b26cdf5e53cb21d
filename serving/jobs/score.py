"""A chunk's rows → its results and dead letters, by the functions that `/v1/sentiment` uses."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson

from serving.jobs.rows import Bad, Row
from serving.text_scorer import Scored, Text, TextScorer

_AT_ONCE = 100  # rows between two looks at whether to go on


@dataclass(frozen=True, slots=True)
class Made:
    """The output of a chunk: two files, and how many rows are in each."""

    result: bytes
    errors: bytes
    scored: int
    failed: int


class StopError(Exception):
    """Raised between rows: the work is to end, and the chunk is left."""


def score_rows(
    rows: Sequence[Row | Bad],
    scorer: TextScorer,
    *,
    sanitise: bool,
    may_go_on: Callable[[], bool],
) -> Made:
    """Score a chunk.

    Raises:
        StopError: it may not go on.
        ScorerError: a limit is reached, or a service refuses.
    """
    results: list[bytes] = []
    errors: list[bytes] = []
    for at in range(0, len(rows), _AT_ONCE):
        if not may_go_on():
            raise StopError
        _score_some(rows[at : at + _AT_ONCE], scorer, results, errors, sanitise=sanitise)
    return Made(b"".join(results), b"".join(errors), len(results), len(errors))


def _score_some(
    rows: Sequence[Row | Bad],
    scorer: TextScorer,
    results: list[bytes],
    errors: list[bytes],
    *,
    sanitise: bool,
) -> None:
    whole = [row for row in rows if isinstance(row, Row)]
    outcomes = iter(scorer.score([Text(row.text, row.language, sanitise) for row in whole]))
    for row in rows:
        outcome = row.code if isinstance(row, Bad) else next(outcomes)
        if isinstance(outcome, Scored):
            told = {"line": row.line, "id": row.id if isinstance(row, Row) else None}
            told |= outcome.sentiment | {"language": outcome.language, "pii": outcome.pii}
            results.append(orjson.dumps(told) + b"\n")
        else:
            errors.append(orjson.dumps({"line": row.line, "code": str(outcome)}) + b"\n")
