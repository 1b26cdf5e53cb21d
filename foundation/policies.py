"""A platform's policy: since when it exists and what its posts may be used for.

conf/policies/<platform>.toml is also the list of platforms that the Spark jobs and the topics know;
a producer without a policy refuses to start.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import PurePath
from typing import Any

from foundation.conf import conf_dir, read_toml
from foundation.errors import PolicyError


@dataclass(frozen=True, slots=True)
class Rights:
    """What a post may be used for."""

    indexable: bool
    may_train: bool
    may_display: bool
    may_export: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """One platform's rules."""

    platform: str
    since: date  # no post of the platform is older
    rights: Rights


@cache
def policies() -> dict[str, Policy]:
    """All policies, by platform."""
    files = sorted((f for f in (conf_dir() / "policies").iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return {PurePath(f.name).stem: _policy(PurePath(f.name).stem, read_toml(f)) for f in files}


def policy_of(platform: str) -> Policy:
    """The policy of one platform.

    Raises:
        PolicyError: it has none.
    """
    try:
        return policies()[platform]
    except KeyError:
        raise PolicyError(
            f"platform {platform} has no policy",
            remedy=f"Write conf/policies/{platform}.toml, or name one of: " + ", ".join(policies()),
        ) from None


def _policy(platform: str, values: dict[str, Any]) -> Policy:
    try:
        policy = Policy(platform=values["platform"], since=values["since"], rights=Rights(**values["rights"]))
    except (KeyError, TypeError) as error:
        raise PolicyError(
            f"conf/policies/{platform}.toml lacks or misnames {error}", remedy="Compare with reddit.toml"
        ) from error
    if policy.platform != platform or type(policy.since) is not date:
        raise PolicyError(
            f"conf/policies/{platform}.toml: platform or since is wrong", remedy="Compare with reddit.toml"
        )
    return policy
