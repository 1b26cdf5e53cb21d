"""Define views of the lake's tables for restricted readers and for `echostream sql`.

A cell with few authors reveals single persons, so public views leave it out. Posts carry the
rights that author and policy allowed when they arrived. A policy that is narrower now applies too.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from foundation.policies import Policy


@dataclass(frozen=True, slots=True)
class View:
    """A selection of a table's rows."""

    base: str  # the table
    where: str  # an SQL condition made only of our own words, numbers and names of platforms


def views(policies: Mapping[str, Policy], min_authors: int) -> dict[str, View]:
    """Return the views by name, `layer.view`.

    Args:
        policies: the current policies by platform.
        min_authors: a cell of Gold with fewer authors is hidden.
    """
    # A cell with few posts is hidden too: after the authors of an hour have expired, their number
    # no longer falls when platforms delete their posts.
    cells = f"authors >= {min_authors:d} AND posts >= {min_authors:d}"
    return {
        "gold.sentiment_hourly_public": View("gold.sentiment_hourly", cells),
        "silver.posts_for_export": View("silver.posts", _allowed(policies, "may_export")),
        "silver.posts_for_training": View("silver.posts", _allowed(policies, "may_train")),
    }


def _allowed(policies: Mapping[str, Policy], right: str) -> str:
    platforms = [name for name, policy in policies.items() if getattr(policy.rights, right)]
    named = ", ".join(f"'{name}'" for name in platforms) or "NULL"
    return f"rights.{right} AND platform IN ({named})"
