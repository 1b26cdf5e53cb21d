"""What of Silver has expired, said in its table's properties: it stays away, and Gold's cells of that time are closed.

Expiry is not erasure: Gold keeps what was true. So Silver says up to when it has forgotten, before
    it forgets, and
whoever adds to Silver or counts from it asks here.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from pyspark.sql import SparkSession

from foundation.policies import Field
from foundation.settings import Settings
from lakehouse.delta import log as delta_log
from lakehouse.delta import tables as delta
from schemas.stored_names import EXPIRED_PROPERTY, EXPIRY, PURGE
from schemas.tables import SILVER_POSTS
from transforms.expiry_rules import Limits, later


def expiry_marks(
    settings: Settings, field: Field, *, version: int | None = None
) -> dict[str, datetime]:
    """Up to when silver.posts has forgotten a field, by platform; now, or as of a version of it."""
    prefix = f"{EXPIRED_PROPERTY}{field}."
    found = delta_log.properties(SILVER_POSTS, settings, version=version)
    return {
        name.removeprefix(prefix): datetime.fromisoformat(value)
        for name, value in found.items()
        if name.startswith(prefix)
    }


def advanced(
    settings: Settings, wanted: Mapping[Field, Limits]
) -> dict[Field, dict[str, datetime]]:
    """Return where the marks are with these limits: on, never back."""
    return {field: later(expiry_marks(settings, field), limits) for field, limits in wanted.items()}


def mark_expired(spark: SparkSession, settings: Settings, limits: Mapping[Field, Limits]) -> None:
    """Set the marks, in one commit."""
    changed = {
        f"{EXPIRED_PROPERTY}{field}.{platform}": limit.isoformat()
        for field, by_platform in limits.items()
        for platform, limit in by_platform.items()
        if expiry_marks(settings, field).get(platform) != limit
    }
    if changed:
        delta.set_properties(spark, SILVER_POSTS, settings, changed)


def expiry_versions(settings: Settings, first: int) -> list[int]:
    """The versions of silver.posts from the first on that did nothing but forget, or write files anew."""
    commits = delta_log.commits_since(SILVER_POSTS, settings, first)
    return [
        commit["version"]
        for commit in commits
        if {EXPIRY, PURGE} & json.loads(commit.get("userMetadata") or "{}").keys()
    ]
