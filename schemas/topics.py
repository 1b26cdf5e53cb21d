"""List the Kafka topics: two kinds per platform, from conf/topics.toml and the policies."""

import re
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from foundation.conf_files import conf_dir, read_toml
from foundation.policies import policies

TopicKind = Literal["posts", "authors"]
TOPIC_KINDS: tuple[TopicKind, ...] = ("posts", "authors")
_DAY_MS = 86_400_000
_SEGMENTS = 5  # a segment takes a fifth of the time that records are kept, as in topics.toml
TOPIC_PATTERN = r"social\.([a-z0-9]+)\.(posts|authors)\.v1"


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic, with the config with which it is created."""

    name: str
    platform: str
    kind: TopicKind
    partitions: int
    config: dict[str, str] = field(default_factory=dict)


def topics() -> list[Topic]:
    """Return all topics; none keeps records for longer than its platform's policy allows."""
    conf = read_toml(conf_dir() / "topics.toml")
    return [
        Topic(
            conf[kind]["name"].format(platform=platform),
            platform,
            kind,
            conf[kind]["partitions"],
            conf[kind]["config"] | _kept(conf[kind]["config"], policy.keep["bronze.record"].days),
        )
        for platform, policy in policies().items()
        for kind in TOPIC_KINDS
    ]


def _kept(config: dict[str, str], days: int) -> dict[str, str]:
    """Return config that shortens the retention if needed; a segment must close and age too."""
    most = days * _DAY_MS
    retention = int(config["retention.ms"])
    segment = int(config["segment.ms"])
    if retention + segment <= most:
        return {}
    return {"retention.ms": str(most - most // _SEGMENTS), "segment.ms": str(most // _SEGMENTS)}


@cache  # called for every record
def topic_name(platform: str, kind: TopicKind = "posts") -> str:
    """Return the topic for a platform's posts, or for its author deletes."""
    name: str = read_toml(conf_dir() / "topics.toml")[kind]["name"]
    return name.format(platform=platform)


def platform_of(topic: str) -> str | None:
    """Return the platform in a topic's name; None if the topic is none of ours."""
    match = re.fullmatch(TOPIC_PATTERN, topic)
    return match[1] if match else None
