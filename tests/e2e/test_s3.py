"""The whole pipeline runs over a lake on S3.

A real server serves it over HTTP with credentials, and then one that often fails.
"""

import json
import shutil
import socket
import subprocess
import sys
from collections import Counter
from contextlib import suppress

import orjson
import pytest

from foundation.errors import LakeInUseError
from ingestion.generator import Rates
from lakehouse.jobs.checkpoint import checkpoint
from lakehouse.storage.lease import hold_lake
from lakehouse.storage.s3 import client
from lakehouse.storage.s3_files import S3Path
from tests.support import oracle
from tests.support.commands import echostream
from tests.support.kafka import generate
from tests.support.lake import assert_exact, assert_gold, assert_silver, files_with, rows_of, table
from tests.support.s3 import CREDENTIALS, faulty, new_s3

RATES = Rates(
    edits=0.06,
    deletes=0.06,
    author_deletes=0.01,
    late=0.06,
    duplicates=0.05,
    bad=0.03,
    unmappable=0.005,
)
pytestmark = pytest.mark.extended
TIMEOUT_S = 3.0  # seconds for one answer; a stalled one takes longer
WAIT_S = 60.0
# This process holds the lake until its standard input ends.
HOLDER = """
import sys
from foundation.settings import Settings
from lakehouse.storage.lease import hold_lake
with hold_lake(Settings.model_validate_json(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    with (
        pytest.MonkeyPatch.context() as patch,
        new_s3(tmp_path_factory.mktemp("s3"), patch) as settings,
    ):
        yield settings


@pytest.fixture(scope="module")
def on_s3(home, s3):
    """Start the local stack with its lake on S3."""
    return home.model_copy(update={"lake": "s3a://lake/some/prefix", "s3": s3})


@pytest.fixture(scope="module")
def ledgers():
    return []


def run_to_gold(settings):
    done = echostream(settings, "run", "--available-now")
    assert (done.code, done.error) == (0, ""), (
        done.error + (settings.home / "logs" / "spark.log").read_text()[-3000:]
    )


def test_posts_reach_gold_exactly(on_s3, ledgers):
    ledgers.append(generate(on_s3, 300, seed=1, rates=RATES))
    run_to_gold(on_s3)
    assert_exact(on_s3, *ledgers)
    assert not (on_s3.home / "lake").exists()
    assert not (on_s3.home / "checkpoints").exists()


def test_commands_without_a_jvm_see_the_lake(on_s3):
    said = echostream(
        on_s3, "sql", "SELECT sum(posts) AS posts FROM gold.sentiment_hourly", "--format", "json"
    )
    assert (said.code, said.error) == (0, "")
    assert json.loads(said.out)[0]["posts"] > 0
    shown = echostream(on_s3, "checkpoint", "show")
    assert shown.out.count("belongs to the table") == 3
    assert "s3a://lake/some/prefix/_checkpoints/topic_to_bronze/v1" in shown.out
    status = echostream(on_s3, "status")
    assert (status.code, status.error) == (0, "")
    lags = {
        line.split()[0]: line.split()[3:]
        for line in status.out.splitlines()
        if len(line.split()) > 4
    }
    assert (lags["bronze_to_silver"], lags["silver_to_gold"]) == (
        ["0", "versions"],
        ["0", "versions"],
    )


def test_a_writer_elsewhere_is_kept_out(on_s3, tmp_path):
    elsewhere = on_s3.model_copy(update={"home": tmp_path})
    shutil.copytree(on_s3.home / "keys", tmp_path / "keys")
    with (
        hold_lake(elsewhere),
        pytest.raises(LakeInUseError, match="already writes the lake"),
        hold_lake(on_s3),
    ):
        pytest.fail("two writers")


def test_a_writer_elsewhere_is_waited_for(on_s3, tmp_path):
    elsewhere = on_s3.model_copy(update={"home": tmp_path})
    place = elsewhere.model_dump_json(include={"home", "lake", "s3"})
    waits = []

    def let_go(error):
        waits.append(error.what)
        holder.stdin.close()

    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, place],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with hold_lake(on_s3, wait_s=WAIT_S, on_wait=let_go):
            assert holder.wait(WAIT_S) == 0
            with pytest.raises(LakeInUseError), hold_lake(elsewhere):
                pytest.fail("two writers")
    assert len(waits) == 1
    assert f"process {holder.pid} on {socket.gethostname()} already writes the lake" in waits[0]


def test_wrong_credentials_and_a_missing_bucket_are_named(on_s3, tmp_path):
    done = echostream(on_s3, "run", "--available-now", AWS_SECRET_ACCESS_KEY="other")
    assert done.code == 1
    assert "the object store says 403" in done.error
    done = echostream(
        on_s3.model_copy(update={"lake": "s3a://no-such-bucket/x"}), "run", "--available-now"
    )
    assert "404 NoSuchBucket" in done.error


@pytest.mark.nightly  # it takes four minutes of CI's hour; test_s3_lease.py has a store that fails
def test_a_store_that_often_fails_changes_nothing(on_s3, s3, ledgers):
    """One run follows a rebuild, a reset, and the loss of a checkpoint commit in a crash."""
    for words in (("rebuild", "gold"), ("checkpoint", "reset", "bronze_to_silver")):
        done = echostream(on_s3, *words)
        assert (done.code, done.error) == (0, "")
    commits = checkpoint("topic_to_bronze", on_s3).folder / "commits"
    last = max(
        (file for file in commits.iterdir() if file.name.isdigit()), key=lambda file: int(file.name)
    )
    client(s3).delete_object(**last.place)
    ledgers.append(generate(on_s3, 300, seed=4, rates=RATES))

    hasty = s3.model_copy(update={"timeout_s": TIMEOUT_S})
    with faulty(hasty, share=0.1, stall_s=TIMEOUT_S + 1, seed=7) as (behind_faults, faults):
        run_to_gold(on_s3.model_copy(update={"s3": behind_faults}))
    spoilt = faults.answers.total() - faults.answers["whole"]
    assert min(faults.answers[kind] for kind in ("refused", "lost", "stalled")) > 0
    assert spoilt > 0.05 * faults.answers.total()
    assert max(faults.tries.values()) <= s3.attempts, "a request was tried without bound"
    assert_exact(
        on_s3,
        *ledgers,
        consumed={"bronze_to_silver": 2 * records(ledgers[:1]) + records(ledgers[1:])},
    )


@pytest.mark.nightly  # tests/jobs/test_erasures.py does the same on disk, with kills
def test_a_person_is_erased_to_the_last_file(on_s3, ledgers, tmp_path):
    """The clock allows the erasure at once. Kafka still has the person, the lake does not."""
    live = rows_of(on_s3, "silver.posts")
    bronze = rows_of(on_s3, "bronze.posts")
    busiest = Counter((row["platform"], row["author_key"]) for row in live).most_common()
    # No job can tell whose a record without keys is: it stays (docs/privacy/erasure.md, limits).
    keyless = b"".join(row["value"] or b"" for row in bronze if not row["author_key"])
    platform, author_key, author, posts = next(
        (platform, author_key, author, posts)
        for (platform, author_key), posts in busiest
        if (author := author_of(bronze, author_key)).encode() not in keyless
    )
    asked = echostream(on_s3, "erase", "--platform", platform, "--author", author)
    assert (asked.code, asked.error) == (0, "")
    assert "carried out 1" in asked.out
    theirs = {row["post_key"] for row in bronze if row["author_key"] == author_key} - {None}
    rows = oracle.read_rows(*ledgers)
    expected = oracle.expected(
        [r for r in rows if r["author_key"] != author_key and r["post_key"] not in theirs]
    )
    assert_silver(on_s3, expected, rows_of(on_s3, "bronze.posts"))
    assert_gold(on_s3, expected)

    again = echostream(on_s3, "erase", upkeep__keep_h="0")
    assert (again.code, again.error) == (0, "")
    (receipt,) = [
        json.loads(line) for line in echostream(on_s3, "receipts", "--json").out.splitlines()
    ]
    assert (receipt["is_signed"], receipt["tables"]["silver.posts"]["rows"]) == (True, posts)
    assert receipt["unqueryable_at"] is not None
    vacuums = {
        name: part["vacuum_version"]
        for name, part in receipt["tables"].items()
        if part["vacuumed_at"]
    }
    assert vacuums.keys() == {"silver.posts", "quarantine.posts", "bronze.posts"}
    for name, version in vacuums.items():
        said = {commit["version"]: commit["operation"] for commit in table(on_s3, name).history()}
        assert said[version] == "VACUUM END", name
    (tmp_path / "canaries").write_text(author)
    found = echostream(on_s3, "verify-erasure", str(tmp_path / "canaries"))
    places = {
        line.split(" in ", 1)[1].split("/")[0]
        for line in found.out.splitlines()
        if line.startswith("found: ")
    }
    assert (found.code, places) == (1, {"broker"}), found.out
    graves = S3Path(f"{on_s3.lake_uri}/_erasures/graves", on_s3.s3)
    assert [file.name for file in graves.iterdir()] == [f"{receipt['id']}.jsonl"]


def test_credentials_are_written_nowhere(on_s3):
    assert files_with(on_s3.home, [value.encode() for value in CREDENTIALS.values()]) == []


def author_of(bronze, author_key):
    """Return the author's id, as a record that can be read tells it."""
    values = (row["value"] for row in bronze if row["author_key"] == author_key)
    for value in filter(None, values):
        with suppress(orjson.JSONDecodeError):
            if author := orjson.loads(value).get("author_id"):
                return author
    raise LookupError(author_key)


def records(ledgers):
    return sum(len(ledger.read_bytes().splitlines()) for ledger in ledgers)
