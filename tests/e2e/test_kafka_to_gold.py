"""The real command takes records from Kafka to Gold. The tests run in order over one lake."""

import json
import re
import signal
from contextlib import suppress
from urllib.request import urlopen

import pytest

from ingestion.generator import Rates
from lakehouse.spark import event_logs
from tests.support import oracle, planted_pii
from tests.support.commands import echostream, started, wait_until
from tests.support.kafka import generate, renew_topics
from tests.support.lake import (
    FATES,
    JOBS,
    assert_exact,
    assert_gold,
    files_with,
    found_in,
    ops,
    rows_of,
    versions,
)

RATES = Rates(
    edits=0.06,
    deletes=0.06,
    author_deletes=0.01,
    late=0.06,
    duplicates=0.05,
    bad=0.03,
    unmappable=0.005,
)
HOME = "my hüme 100%"  # Java, Spark, deltalake and DuckDB each read such a path by other rules
SECRET = "canary-of-a-password-31f7"
CLIENT = json.dumps({"sasl.password": SECRET})  # a broker without SASL does not ask for a password
GOLD_S = 150
LEAST = 12  # bytes; a shorter text may be in a log by chance
TERM_S = 30  # the promised latency, which the test does not measure


@pytest.fixture(scope="module")
def ledgers():
    """Return the ledger of all records sent so far, in order."""
    return []


def test_two_thousand_posts_are_exact(home, ledgers):
    ledgers.append(generate(home, 2000, seed=1, rates=RATES, with_canaries=True))
    batches = {"stream__max_records_per_batch": "1200", "stream__max_files_per_batch": "20"}
    done = echostream(home, "run", "--available-now", kafka__client=CLIENT, **batches)
    assert (done.code, done.error) == (0, "")
    assert_exact(home, *ledgers)
    totals = {fate: sum(row[fate] for row in ops(home, "bronze_to_silver")) for fate in FATES}
    assert all(totals.values()), f"the feed does not hold every case: {totals}"


def test_logs_and_output_hold_no_text_and_no_personal_data(home, ledgers):
    needles = set()
    for row in oracle.read_rows(*ledgers):
        needles |= {
            text
            for text in (row.get("clean_text"), row.get("clean_title"))
            if text and len(text) > 30
        }
        needles |= {value for value in row.get("canaries", ()) if value and len(value) > 12}
    assert sum("canary" in needle for needle in needles) > 100
    words = [needle.encode() for needle in needles]
    for folder in ("logs", "commands"):
        assert files_with(home.home / folder, words) == []
    assert files_with(home.home / "logs", [b'"batch_id"'])


def test_event_logs_hold_no_text_no_native_id_no_pseudonym_and_no_secret(home, ledgers):
    """Event logs hold plans, which quote literals, and the settings of a run."""
    needles = {SECRET, *home.key_file.read_text().split()}
    for row in oracle.read_rows(*ledgers):
        needles |= {row.get("clean_text"), row.get("clean_title"), *row.get("canaries", ())}
    for row in rows_of(home, "bronze.posts"):
        with suppress(ValueError, TypeError):
            event = json.loads(row["value"])
            if isinstance(event, dict):
                needles |= {
                    event.get(name)
                    for name in ("post_id", "author_id", "author_handle", "author_name", "url")
                }
    words = {
        needle.encode() for needle in needles if isinstance(needle, str) and len(needle) >= LEAST
    }
    assert len(words) > 5000
    files = [file for file in event_logs.folder(home).rglob("events_*") if file.stat().st_size]
    content = b"".join(file.read_bytes() for file in files)
    assert b"SparkListenerSQLExecutionStart" in content
    assert all(name.encode() in content for name in JOBS)
    assert found_in(content, words) == set()
    assert re.findall(rb"v1:[a-z2-7]{26}", content) == []


def test_history_shows_the_run_on_loopback_until_stopped(home, free_port):
    address = f"http://127.0.0.1:{free_port}/api/v1/applications"

    def names():
        with suppress(OSError), urlopen(address, timeout=5) as answer:  # it is our own server
            return [application["name"] for application in json.load(answer)]
        return []

    with started(home, "history", spark__history_port=str(free_port)) as server:
        server.until(lambda: names() == ["echostream"], within_s=90, what="the run")
        assert "Ctrl-C ends it" in server.out
        server.process.send_signal(signal.SIGINT)
        server.wait(TERM_S)


def test_made_personal_data_is_in_no_table_behind_bronze_and_in_no_key_or_header(home, ledgers):
    """The data has every kind, plain and hidden, on every platform. Text and bytes are searched."""
    rows = oracle.read_rows(*ledgers)
    assert planted_pii.kinds_missing(rows) == set()
    needles = planted_pii.needles_of(rows)
    assert len(needles) > 50
    assert planted_pii.tables_with(home, needles) == []
    assert planted_pii.files_of_tables_with(home, planted_pii.MARK) == []
    assert planted_pii.keys_and_headers_with(home, needles) == []


def test_ops_say_how_much_personal_data_was_taken_out(home, ledgers):
    ever, now = planted_pii.masked_by_type(home)
    assert {"EMAIL", "PHONE", "CARD", "HANDLE", "PERSON"} <= now.keys()
    assert ever >= now, "an edited or deleted post's count stays"


def test_a_second_run_adds_nothing(home, ledgers, in_session):
    """Another session continues from the checkpoints of a process that has ended."""
    before = versions(home)
    done = in_session(home, "run", "--available-now")
    assert (done.code, done.error) == (0, "")
    assert versions(home) == before


def test_continuous_run_takes_what_arrives_keeps_others_out_and_ends_on_sigterm(home, ledgers):
    with started(home, "run", stream__author_removal_interval_s="0") as run:
        run.until(lambda: "Spark is up" in run.out, within_s=90, what="start")
        ledgers.append(generate(home, 300, seed=2, rates=RATES))

        for words in (
            ("run",),
            ("run", "--available-now"),
            ("checkpoint", "reset", "silver_to_gold"),
        ):
            other = echostream(home, *words)
            assert other.code == 1
            assert other.error.count("\n") == 1
            assert f"process {run.process.pid} already writes the lake" in other.error

        expected = oracle.expected(oracle.read_rows(*ledgers))

        def gold_has_it():
            with suppress(AssertionError):
                assert_gold(home, expected)
                return True
            return False

        run.until(gold_has_it, within_s=GOLD_S, what="Gold with the new posts")
        run.terminate()
        assert run.wait(TERM_S) == 0
        assert run.error == ""
        wait_until(lambda: not run.pids(), within_s=TERM_S, what="end of Spark")
    assert_exact(home, *ledgers)


def test_topics_that_were_made_anew_stop_the_run_until_a_reset_accepts_it(
    home, ledgers, in_session
):
    """After a broker has lost its data, topics have the same names and other ids."""
    before = versions(home)
    renew_topics(home)
    ledgers.append(generate(home, 200, seed=3, rates=RATES))

    done = in_session(home, "run", "--available-now")
    assert done.code == 1
    assert done.error.count("\n") == 1
    assert "was recreated since it was read" in done.error
    assert "echostream checkpoint reset topic_to_bronze" in done.error
    assert versions(home) == before

    reset = echostream(home, "checkpoint", "reset", "topic_to_bronze")
    assert (reset.code, reset.error) == (0, "")
    assert "recreated" in reset.out
    done = in_session(home, "run", "--available-now")
    assert (done.code, done.error) == (0, "")
    assert_exact(home, *ledgers, is_one_kafka=False)
