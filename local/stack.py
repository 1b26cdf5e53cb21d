"""The local stack, up, down and looked at: broker, topics, pseudonym key."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from foundation.errors import BrokerUnreachableError, DiskFullError, KeyFileError
from foundation.folder_modes import closed
from foundation.key_sources import KeyFile, KeySource, payload_source, pseudonym_source
from foundation.keys import create_key
from foundation.settings import Settings
from ingestion.kafka.topics import TopicsReport, create_topics
from local.host.jars import jars
from local.host.java import find_java
from local.lag import Lag, table_lags, topic_lags
from local.servers import broker
from serving.catalog import lake_tables

LEAST_FREE_BYTES = 10**9


@dataclass(frozen=True, slots=True)
class UpReport:
    """The outcome of `up`."""

    broker_started: bool
    key_created: bool
    topics: TopicsReport


@dataclass(frozen=True, slots=True)
class Status:
    """The present state of the stack.

    Attributes:
        address: Kafka's.
        broker_pid: the process of this home's broker, where it runs.
        broker_answers: whether any broker answers there.
        topics: how far Bronze is behind each.
        queries: how far each job is behind what it reads.
        closed: folders that this user may not read, so that numbers are missing.
    """

    address: str
    broker_pid: int | None
    broker_answers: bool
    topics: list[Lag] = field(default_factory=list)
    queries: list[Lag] = field(default_factory=list)
    closed: list[Path] = field(default_factory=list)


def up(settings: Settings) -> UpReport:
    """Start what is missing; return when it answers.

    Where `kafka.bootstrap_servers` names another Kafka, only its topics are made.

    Raises:
        StackError: something that it needs is not there.
        KeyFileError, KeyServiceError: a key is unusable, or is gone while the lake holds posts.
    """
    check_disk(settings.home)
    ours = not settings.kafka.bootstrap_servers
    if ours:
        find_java()
        jars("broker")
    key_created = ensure_keys(settings)
    started = ours and broker.start(settings)
    return UpReport(started, key_created, create_topics(settings))


def down(settings: Settings) -> bool:
    """Stop the broker; its data stays. False when it did not run."""
    return broker.stop(settings)


def status(settings: Settings) -> Status:
    """Return the state of broker and topics, and how far the jobs are behind."""
    process = broker.running(settings)
    topics: list[Lag] = []
    try:
        topics = topic_lags(settings)
        answers = True
    except BrokerUnreachableError:
        answers = False
    return Status(
        settings.bootstrap_servers,
        process.pid if process else None,
        answers,
        topics,
        ([_bronze(topics)] if answers else []) + table_lags(settings),
        closed(settings),
    )


def _bronze(topics: Sequence[Lag]) -> Lag:
    """Return how far the job that reads the topics is behind all of them together."""
    done = [lag.done for lag in topics if lag.done is not None]
    return Lag(
        "topic_to_bronze",
        sum(done) if len(done) == len(topics) else None,
        sum(lag.end or 0 for lag in topics),
        "records",
    )


def check_disk(home: Path) -> int:
    """Return the free bytes where the state goes.

    Raises:
        DiskFullError: there are too few, or the folder cannot be written.
    """
    remedy = "Make room or rights there, or set ECHOSTREAM_HOME to another folder"
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / ".writable"
        probe.touch()
        probe.unlink()
        free = shutil.disk_usage(home).free
    except OSError as error:
        raise DiskFullError(f"{home} cannot be written ({error.strerror})", remedy=remedy) from None
    if free < LEAST_FREE_BYTES:
        raise DiskFullError(
            f"{free // 10**6} MB are free at {home}, at least {LEAST_FREE_BYTES // 10**6} are"
            f" needed",
            remedy=remedy,
        )
    return free


def ensure_keys(settings: Settings) -> bool:
    """Make the keys of a new lake, where they are files; True when the pseudonym key was made."""
    if settings.payloads.encrypt:
        _ensure(
            payload_source(settings),
            settings,
            "what is encrypted needs it. A first one is made by `echostream keys new`",
        )
    return _ensure(
        pseudonym_source(settings), settings, "under another one every author would count twice"
    )


def _ensure(source: KeySource, settings: Settings, why: str) -> bool:
    if not isinstance(source, KeyFile) or source.file.exists():
        source.load()
        return False
    if lake_tables(settings.lake_uri, settings.s3):
        raise KeyFileError(
            f"{source.name} {source.file} is missing, but the lake {settings.lake_uri} holds"
            f" tables",
            remedy=f"Put its key back: {why}",
        )
    create_key(source.file)
    return True
