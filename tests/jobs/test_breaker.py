"""After a change of schema, most new records are bad."""

import json

import pytest

from foundation.errors import BreakerTrippedError
from foundation.logs import setup_logs
from tests.support.lake import FATES, ops, rows_of, table

PIECE = 40


class Drift:
    """A lake that receives batches of 40 posts, under rules that may suddenly be too strict."""

    def __init__(self, lake):
        limits = lake.settings.breaker.model_copy(update={"batches": 2, "min_records": 2 * PIECE})
        self.lake = lake.stream(max_files_per_batch=1).set(breaker=limits)
        self.pieces = 0
        self.posts = [
            row
            for row in lake.bronze
            if row["platform"] == "reddit" and row["op"] == "upsert" and row["value"]
        ][:PIECE]
        assert len(self.posts) == PIECE

    def receive(self, pieces):
        """Receive the same posts again at their own offsets; their content does not matter."""
        for _ in range(pieces):
            self.lake.receive(
                row | {"offset": row["offset"] + 1000 * self.pieces} for row in self.posts
            )
            self.pieces += 1

    def run(self, *, cap, accept=False):
        sanitizer = self.lake.settings.sanitizer.model_copy(update={"max_text_chars": cap})
        breaker = self.lake.settings.breaker.model_copy(update={"accept": accept})
        self.lake.set(sanitizer=sanitizer, breaker=breaker).drain("bronze_to_silver")

    def batches(self):
        return sorted(ops(self.lake.settings, "bronze_to_silver"), key=lambda row: row["batch_id"])

    def mostly_poison(self):
        return [2 * row["quarantined"] > row["consumed"] for row in self.batches()]


STRICT = 1
MENDED = 100_000


def test_a_drift_is_refused_until_it_is_mended_or_accepted_and_nothing_is_lost(empty):
    drift = Drift(empty)
    settings = drift.lake.settings
    log = settings.home / "run.jsonl"
    setup_logs(log, "info")
    drift.receive(2)
    with pytest.raises(BreakerTrippedError) as tripped:
        drift.run(cap=STRICT)
    for word in (
        "batch 1",
        "of 80 records in 2 batches",
        "text_too_long on social.reddit.posts.v1",
        "--accept-poison",
    ):
        assert word in str(tripped.value)
    assert [(row["batches"], row["reason"]) for row in alarms(log)] == [(2, "text_too_long")]

    # The next run knows the earlier batches, and nothing of this batch was written.
    before = written(settings)
    with pytest.raises(BreakerTrippedError):
        drift.run(cap=STRICT)
    assert written(settings) == before
    assert drift.mostly_poison() == [True]

    # A corrected rule accepts the batch, which ends the row of bad batches.
    drift.run(cap=MENDED)
    drift.receive(2)
    with pytest.raises(BreakerTrippedError, match="batch 3"):
        drift.run(cap=STRICT)
    assert drift.mostly_poison() == [True, False, True]

    # If accepted, the batch goes to quarantine. The breaker guards the next run again.
    drift.run(cap=STRICT, accept=True)
    drift.receive(1)
    with pytest.raises(BreakerTrippedError, match="in 3 batches"):
        drift.run(cap=STRICT)
    batches = drift.batches()
    assert [row["consumed"] for row in batches] == [PIECE] * 4
    assert sum(row[fate] for row in batches for fate in FATES) == 4 * PIECE
    assert len(rows_of(settings, "quarantine.posts")) == sum(row["quarantined"] for row in batches)


def written(settings):
    names = (
        "silver.posts",
        "silver.tombstones",
        "quarantine.posts",
        "ops.batches.bronze_to_silver",
    )
    return [table(settings, name).version() for name in names]


def alarms(log):
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    return [line for line in lines if line["event"] == "tripped" and line["level"] == "error"]
