"""Older lakes, homes and requests hold these names: each is written out, so a change fails here."""

import sqlite3
from dataclasses import fields
from pathlib import Path

import pytest

from foundation.folder_modes import FOLDERS
from ingestion.state.store import IngestStore
from lakehouse.erasure import receipts, requests
from schemas import stored_names
from schemas.tables import ops_erasures
from streaming import bronze_to_silver, silver_to_gold, topic_to_bronze

VALUES = {
    "CHECKPOINT_PROPERTY": "echostream.checkpoint",
    "KEY_PROPERTY": "echostream.key_id",
    "FORMER_KEYS_PROPERTY": "echostream.former_key_ids",
    "EXPIRED_PROPERTY": "echostream.expired.",
    "SILVER_VERSION": "silver_version",
    "ERASED": "erased",
    "EXPIRY": "expiry",
    "PURGE": "purge",
    "REPLAY_BATCH": "replay_batch",
    "REKEYED_TO": "key_id",
    "APPEND_STEP": "append",
    "OPS_STEP": "ops",
    "TOMBSTONES_STEP": "tombstones",
    "MERGE_STEP": "merge",
    "QUARANTINE_STEP": "quarantine",
    "ERASURES_TXN": "erasures",
    "PRODUCERS_TXN": "producers",
    "REPLAY_QUARANTINE_JOB": "replay_quarantine",
    "RETAIN_JOB": "retain",
    "REBUILD_SILVER_JOB": "rebuild_silver",
    "REBUILD_GOLD_JOB": "rebuild_gold",
    "RESCORE_JOB": "rescore",
    "ROTATE_KEYS_JOB": "rotate_keys",
    "ADMITTED": "admitted",
    "REMOVED": "removed",
    "VACUUMED": "vacuumed",
    "REQUEST_CAUSE": "request",
    "PLATFORM_CAUSE": "platform",
    "EXPIRY_CAUSE": "expiry",
    "PRODUCERS_TABLE": "producers.",
    "WHAT_TARGETS": "targets",
    "WHAT_TOMBSTONES": "tombstones",
    "WHAT_AUTHORS": "authors",
    "WHAT_POSTS": "posts",
    "BEFORE": "before_",
    "BEFORE_ENTOMBING": "before_entombing",
    "BEFORE_ADMITTING": "before_admitting",
    "BEFORE_SETTLING": "before_settling",
    "BEFORE_ERASING": "before_erasing_",
    "AFTER_ERASING": "after_erasing_",
    "AFTER_PURGING": "after_purging_",
    "AFTER_VACUUMING": "after_vacuuming_",
    "BEFORE_POSTS": "before_posts",
    "BEFORE_FIELDS": "before_fields",
    "BEFORE_PROPERTY_OF": "before_property_of_",
    "BEFORE_MERGE": "before_merge",
    "BEFORE_SWAP": "before_swap",
    "AFTER_SWAP": "after_swap",
    "AFTER_LAST": "after_last",
    "ERASURES_FOLDER": "_erasures",
    "REQUESTS_FOLDER": "requests",
    "GRAVES_FOLDER": "graves",
    "DONE_FOLDER": "done",
    "CHECKPOINTS_FOLDER_ON_S3": "_checkpoints",
    "LEASE_FILE": "_writer.lock",
    "RUN_FOLDER": "run",
    "CHECKPOINTS_FOLDER": "checkpoints",
    "LAST_RUN_SUFFIX": ".since",
    "ENFORCED_FILE": "-retained",
    "EXPIRED_FILE": "-expired",
    "CHECKPOINT_VERSION": "v1",
    "MARKS_FILE": "marks.json",
    "TOPICS_FILE": "topics.json",
    "RESET_FILE": "reset.json",
    "RESET_REPLACES": "replaces",
    "RESET_STARTING_OFFSETS": "starting_offsets",
    "RESET_STARTING_VERSION": "starting_version",
}

# Files and receipts are written from these: a field's name is a stored name.
FIELDS = {
    requests.Request: ["id", "owner", "key_id", "asked_at", "targets"],
    requests.Target: ["platform", "kind", "keys"],
    receipts.Receipt: [
        "id",
        "cause",
        "asked_at",
        "what",
        "kafka_until",
        "tables",
        "unqueryable_at",
        "gone_at",
        "is_signed",
    ],
    receipts.TableReceipt: [
        "rows",
        "version_before",
        "version_after",
        "at",
        "vacuumed_at",
        "vacuum_version",
    ],
}

PRODUCERS_TABLES = {
    "cursors": "owner platform source cursor saved_at",
    "gaps": "owner platform source since until reason noted_at",
    "spans": "owner platform source since until",
    "sightings": "owner platform post_id source native_id event_id version day seen_at checked_at"
    " is_gone",
    "spending": "owner platform unit period spent",
}

LEDGER = (
    "erasure_id cause step table asked_at since until what rows version_before version_after at"
    " key_id signature"
)


def test_every_stored_name_has_its_value():
    values = {name: value for name, value in vars(stored_names).items() if name.isupper()}
    assert values == VALUES


@pytest.mark.parametrize("kind", FIELDS, ids=lambda kind: kind.__name__)
def test_what_is_written_from_a_dataclass_has_its_fields(kind):
    assert [field.name for field in fields(kind)] == FIELDS[kind]


def test_the_ledger_of_erasures_has_its_columns():
    assert ops_erasures("x").columns == LEDGER.split()


def test_the_producers_database_has_its_tables(tmp_path: Path):
    file = tmp_path / "ingest.sqlite3"
    with IngestStore(file, owner="o", platform="p"):
        sql = sqlite3.connect(file)
        tables = sql.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        columns = {
            name: " ".join(row[1] for row in sql.execute(f"PRAGMA table_info({name})"))
            for (name,) in tables
        }
        sql.close()
    assert columns == PRODUCERS_TABLES


def test_jobs_that_are_checkpoints_and_transactions_have_their_names():
    jobs = (topic_to_bronze, bronze_to_silver, silver_to_gold)
    assert [job.NAME for job in jobs] == ["topic_to_bronze", "bronze_to_silver", "silver_to_gold"]


def test_the_folder_of_erasures_is_the_one_whose_mode_is_set():
    assert stored_names.ERASURES_FOLDER in FOLDERS
