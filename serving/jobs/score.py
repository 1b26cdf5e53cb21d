"""Score the rows of a chunk with the functions that `/v1/sentiment` uses.

Rows that cannot be scored become dead letters, each with its line and a code.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson

from serving.jobs.rows import Bad, Row
from serving.text_scorer import Scored, Text, TextScorer

_AT_ONCE = 100  # rows scored before the worker checks again whether it may go on


@dataclass(frozen=True, slots=True)
class Made:
    """The output of a chunk: two files as JSON lines, and the number of rows in each."""

    result: bytes
    errors: bytes
    scored: int
    failed: int


class StopError(Exception):
    """Raised if the worker must stop; the chunk is then not written."""


def score_rows(
    rows: Sequence[Row | Bad],
    scorer: TextScorer,
    *,
    sanitise: bool,
    may_go_on: Callable[[], bool],
) -> Made:
    """Score the rows of a chunk.

    Args:
        rows: rows to score, and rows that could not be read.
        scorer: a loaded scorer.
        sanitise: whether personal data is removed before scoring.
        may_go_on: is asked every 100 rows.

    Raises:
        StopError: `may_go_on` returned False.
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
