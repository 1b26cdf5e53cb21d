"""Read platforms' policies: the permitted uses of posts, and how long each field is kept.

The files conf/policies/<platform>.toml are also the list of platforms for Spark jobs and topics. A
producer without a policy refuses to start.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import PurePath
from typing import Any, Literal, get_args

from foundation.conf_files import conf_dir, read_toml
from foundation.errors import PolicyError

Field = Literal[
    "landing.answers",
    "bronze.record",
    "quarantine.record",
    "producers.sightings",
    "silver.tombstones",
    "silver.text",
    "silver.author",
    "silver.post",
]
FIELDS: tuple[Field, ...] = get_args(Field)
KAFKA_DAYS = (
    4  # conf/topics.toml, retention and segment; a tombstone must outlive what Kafka still holds
)
_RAW: tuple[Field, ...] = ("landing.answers", "bronze.record", "quarantine.record")
_CLEAN: tuple[Field, ...] = ("silver.text", "silver.author", "silver.post")


@dataclass(frozen=True, slots=True)
class Rights:
    """The permitted uses of a post."""

    indexable: bool
    may_train: bool
    may_display: bool
    may_export: bool


@dataclass(frozen=True, slots=True)
class Keep:
    """How many days a field may be kept, and the legal ground."""

    days: int
    ground: str


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one platform.

    Attributes:
        platform: the platform's name.
        since: no post of the platform is older.
        rights: the rights of a post, unless its author's own signals narrow them.
        uses: the purposes, for the record of processing.
        never: uses that the platform's terms or EchoStream rule out.
        keep: the retention of each field.
    """

    platform: str
    since: date
    rights: Rights
    uses: tuple[str, ...]
    never: tuple[str, ...]
    keep: Mapping[Field, Keep]


@cache
def policies() -> dict[str, Policy]:
    """Return all policies by platform.

    >>> policies()["reddit"].rights.may_display
    """
    files = sorted(
        (f for f in (conf_dir() / "policies").iterdir() if f.name.endswith(".toml")),
        key=lambda f: f.name,
    )
    return {PurePath(f.name).stem: parse(PurePath(f.name).stem, read_toml(f)) for f in files}


def policy_of(platform: str) -> Policy:
    """Return the policy of one platform.

    Raises:
        PolicyError: the platform has none.
    """
    try:
        return policies()[platform]
    except KeyError:
        raise PolicyError(
            f"platform {platform} has no policy",
            remedy=f"Write conf/policies/{platform}.toml, or name one of: " + ", ".join(policies()),
        ) from None


def parse(platform: str, values: dict[str, Any]) -> Policy:
    """Return the policy in a file's content.

    Raises:
        PolicyError: a part is missing or misnamed, or two periods contradict each other.
    """
    try:
        policy = Policy(
            platform=values["platform"],
            since=values["since"],
            rights=Rights(**values["rights"]),
            uses=tuple(values["uses"]),
            never=tuple(values["never"]),
            keep={field: Keep(**values["keep"][field]) for field in FIELDS},
        )
    except (KeyError, TypeError) as error:
        raise PolicyError(
            f"conf/policies/{platform}.toml lacks or misnames {error}",
            remedy="Compare with reddit.toml",
        ) from error
    if wrong := _wrong(policy, platform) or [
        f"keep names an unknown field, {name}" for name in values["keep"] if name not in FIELDS
    ]:
        raise PolicyError(
            f"conf/policies/{platform}.toml: {wrong[0]}", remedy="Compare with reddit.toml"
        )
    return policy


def _wrong(policy: Policy, platform: str) -> list[str]:
    """Return the errors of a policy: periods must keep a post's parts and tombstones in order."""
    if policy.platform != platform or type(policy.since) is not date:
        return ["platform or since is wrong"]
    keep = policy.keep
    unsaid = [
        f for f in FIELDS if type(keep[f].days) is not int or keep[f].days < 1 or not keep[f].ground
    ]
    if unsaid:
        return [f"keep of {unsaid[0]} needs days of at least 1, and a ground"]
    raw = max(keep[field].days for field in _RAW)
    return [
        *(
            f"{field} is kept longer than the post"
            for field in _CLEAN
            if keep[field].days > keep["silver.post"].days
        ),
        *(
            f"{field} is deleted before the raw records it is made from"
            for field in _CLEAN
            if keep[field].days < raw
        ),
        *(
            ["silver.tombstones are deleted before the records that they block"]
            if keep["silver.tombstones"].days < raw + KAFKA_DAYS
            else []
        ),
    ]
