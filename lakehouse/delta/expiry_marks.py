"""Read and set the expiry marks of silver.posts, which are properties of the table.

A mark is the time up to which a platform's posts, or one field of them, have expired. Expiry is not
erasure: Gold keeps its counts. So Silver is marked before rows are deleted, and the code that adds
to Silver or counts from it reads the marks. It adds no expired post and leaves Gold's groups of
that time as they are.
"""

from collections.abc import Mapping
from datetime import datetime

from foundation.policies import Field
from foundation.settings import Settings
from lakehouse.delta.lake import Lake
from lakehouse.delta.log import TableLog, metadata_of
from schemas.stored_names import EXPIRED_PROPERTY, EXPIRY, PURGE
from schemas.tables import SILVER_POSTS
from transforms.expiry_rules import Limits, later


def expiry_marks(
    settings: Settings, field: Field, *, version: int | None = None
) -> dict[str, datetime]:
    """Return the marks of a field by platform, now or as of a version of silver.posts."""
    prefix = f"{EXPIRED_PROPERTY}{field}."
    properties = TableLog(SILVER_POSTS, settings).properties(version=version)
    return {
        name.removeprefix(prefix): datetime.fromisoformat(value)
        for name, value in properties.items()
        if name.startswith(prefix)
    }


def advanced(
    settings: Settings, wanted: Mapping[Field, Limits]
) -> dict[Field, dict[str, datetime]]:
    """Return the marks moved on to these limits; a mark never moves back."""
    return {field: later(expiry_marks(settings, field), limits) for field, limits in wanted.items()}


def mark_expired(lake: Lake, limits: Mapping[Field, Limits]) -> None:
    """Set the marks to these limits, in one commit."""
    changed = {
        f"{EXPIRED_PROPERTY}{field}.{platform}": limit.isoformat()
        for field, by_platform in limits.items()
        for platform, limit in by_platform.items()
        if expiry_marks(lake.settings, field).get(platform) != limit
    }
    if changed:
        lake.set_properties(SILVER_POSTS, changed)


def expiry_versions(settings: Settings, first: int) -> list[int]:
    """Return the versions of silver.posts, from `first` on, that only expired or purged rows."""
    commits = TableLog(SILVER_POSTS, settings).commits_since(first)
    return [commit["version"] for commit in commits if {EXPIRY, PURGE} & metadata_of(commit).keys()]
