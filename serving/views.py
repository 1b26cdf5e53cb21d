"""Views over the lake's tables for restricted readers; `echostream sql` has them too.

A cell of few authors tells of single persons, so views for everybody leave it out. Posts carry what
their authors and the platform's policy allowed when they came; a policy that was narrowed since
then holds for them too.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from foundation.policies import Policy


@dataclass(frozen=True, slots=True)
class View:
    """A selection of a table's rows."""

    base: str  # the table
    where: str  # in SQL, of its columns; only our own words, numbers and names of platforms


def views(policies: Mapping[str, Policy], min_authors: int) -> dict[str, View]:
    """Return the views by name, `layer.view`.

    Args:
        policies: by platform, as they are now.
        min_authors: the k below which a cell of Gold is hidden.
    """
    # Posts too: in an hour whose authors have expired, their number stays when platforms delete
    # what they wrote.
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
