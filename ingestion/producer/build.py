"""Build a platform's producer, and check all that it needs before it reads."""

import fcntl
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Literal

import stamina

from foundation import clock
from foundation.errors import UsageError
from foundation.folder_modes import protect
from foundation.key_sources import pseudonym_key
from foundation.policies import policy_of
from foundation.settings import Settings
from ingestion.config.credentials import secrets_of
from ingestion.config.watchlists import watchlist_of
from ingestion.kafka.producer import Producer, Sender
from ingestion.kafka.records import RecordMaker
from ingestion.metrics import Telemetry, metrics_server
from ingestion.platform import Platform
from ingestion.privacy.erase import ProducerErasure, store_identity
from ingestion.privacy.tombstone_files import TombstoneFiles
from ingestion.producer.loop import IngestLoop, Progress, new_reader
from ingestion.reader import Context
from ingestion.recordings.landing import Landing
from ingestion.state.budget import Budget, limits_of
from ingestion.state.store import IngestStore
from schemas.topics import TOPIC_KINDS, topic_name

Role = Literal["ingest", "sweep", "fetch", "load"]


def store_location(settings: Settings) -> Path | str:
    """Return the memory's location: a file of this home, or the address of a PostgreSQL server."""
    address = settings.ingest.store
    if address:
        return address.get_secret_value()
    # A producer, `enforce-retention`, `export` or `erase` may be the first to create the folder.
    protect(settings, "cursors")
    return settings.home / "cursors" / "ingest.sqlite3"


@contextmanager
def build_producer(
    settings: Settings,
    platform: Platform,
    telemetry: Telemetry,
    *,
    once: bool,
    role: Role = "ingest",
    base_url: str | None = None,
    forget_cursor: bool = False,
    progress: Progress = lambda _: None,
    lake: tuple[TombstoneFiles, Landing] | None = None,
) -> Iterator[IngestLoop]:
    """Yield a platform's producer, ready to run, and close its memory and metrics afterwards.

    Args:
        settings: the process's settings.
        platform: the platform to read.
        telemetry: the producer's counters.
        once: read up to now, then end.
        role: the lock to take; a sweep may run beside the live producer, but not beside another
            sweep.
        base_url: replaces the platform's own address.
        forget_cursor: delete the cursors first; the time since then becomes a gap.
        progress: called after every batch.
        lake: the lake's tombstone files and the platform's landing files; None if no lake can be
            reached.

    Raises:
        PolicyError, CredentialsError, SettingsError: the configuration is wrong or incomplete.
        UsageError: the platform has no reader, or another process has the role.
        IngestStoreError, IngestStoreUnreachableError: the memory is damaged or not reachable.
        BrokerUnreachableError, StackError: Kafka does not answer, or a topic is missing.
    """
    policy = policy_of(platform.name)
    # stamina would log retries on the terminal; the telemetry counts them.
    stamina.instrumentation.set_on_retry_hooks([])
    maker = RecordMaker(platform.name, settings.owner, pseudonym_key(settings))
    ingest = settings.ingest
    with (
        hold_role(settings, platform.name, role),
        IngestStore(
            store_location(settings), owner=settings.owner, platform=platform.name
        ) as store,
        metrics_server(telemetry, ingest.metrics_port, host=ingest.metrics_host),
    ):
        store.claim(role)
        budget = Budget(limits_of(platform.name, ingest.budgets), store, _now)
        context = Context(
            policy=policy,
            watchlist=watchlist_of(platform.name, ingest.watchlists),
            memory=store,
            budget=budget,
            telemetry=telemetry,
            secrets=secrets_of(platform.name, settings),
            base_url=base_url,
            once=once,
            look_back_s=ingest.look_back_s,
            poll_s=ingest.poll_s,
            timeout_s=ingest.timeout_s,
            attempts=ingest.attempts,
            clock=_now,
        )
        if role != "load":
            # This finds a missing credential or library before anything starts.
            new_reader(platform, context)
        if role != "fetch":
            # Without a broker this fails at once, while a run would wait for one.
            with Producer(settings) as producer:
                producer.require_topics(*(topic_name(platform.name, kind) for kind in TOPIC_KINDS))
        days = min(ingest.remember_days, policy.keep["producers.sightings"].days)
        store.delete_seen_before(before=_now() - int(days * 86_400_000_000))
        if forget_cursor:
            store.discard_cursors(now=_now())

        def connect() -> AbstractContextManager[Sender]:
            return Producer(settings)

        erasure = build_erasure(settings, platform, store, *lake) if lake else None
        if erasure:
            erasure.run_if_due()  # before the first post is sent
        yield IngestLoop(
            platform,
            context,
            maker=maker,
            store=store,
            budget=budget,
            connect=connect,
            progress=progress,
            erasure=erasure,
        )


def build_erasure(
    settings: Settings,
    platform: Platform,
    store: IngestStore,
    tombstones: TombstoneFiles,
    landing: Landing,
) -> ProducerErasure:
    """Build the object that carries out erasures in a platform's memory and landing files."""
    return ProducerErasure(
        platform,
        owner=settings.owner,
        key=pseudonym_key(settings),
        store=store,
        tombstones=tombstones,
        landing=landing,
        store_identity=store_identity(settings),
        clock=_now,
    )


@contextmanager
def hold_role(settings: Settings, name: str, role: Role) -> Iterator[None]:
    """Lock the role, since two producers of one platform would overwrite each other's cursors.

    Raises:
        UsageError: another process of this home has the role.
    """
    file = settings.home / "cursors" / f"{settings.owner}-{name}-{role}.lock"
    protect(settings, "cursors")
    with file.open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UsageError(
                f"another {role} of {name} runs in this home", remedy="Stop it first"
            ) from None
        yield


def _now() -> int:
    return clock.micros()
