"""Delete data past its retention period, in every table."""

from collections.abc import Iterator
from datetime import datetime

from batch.job import batch_job
from foundation import clock
from foundation.policies import policies
from lakehouse.delta.lake import Lake
from lakehouse.retention.enforce import enforce
from schemas.tables import TABLES


@batch_job("enforce-retention", arguments={"--dry-run": {"action": "store_true"}})
def job(lake: Lake, *, dry_run: bool = False, now: datetime | None = None) -> Iterator[str]:
    """Yield a line for each rule of the policies, as of `now` or of the present moment."""
    moment = now or clock.now()
    verb = verb_for(dry_run=dry_run)
    # TABLES has Silver before Bronze, so that a rebuild in between restores no expired post.
    for rule in enforce(lake, TABLES, policies(), now=moment, dry_run=dry_run):
        text = f"{rule.field}: {rule.rows:,} rows {verb}"
        yield with_kept(text, rule.waiting, "a stream has yet to read them")


def verb_for(*, dry_run: bool) -> str:
    """Return the verb for expired rows in this run."""
    return "would expire" if dry_run else "expired"


def with_kept(text: str, count: int, reason: str) -> str:
    """Return the line; if rows were kept, with their number and the reason."""
    return f"{text}; {count:,} are kept: {reason}" if count else text
