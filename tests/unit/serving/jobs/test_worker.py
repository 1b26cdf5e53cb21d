"""Worker processes are killed, stopped, or out of disk, and each row counts once."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest

from foundation.settings import Settings
from serving.jobs import files as files_module
from serving.jobs import worker as worker_module
from serving.jobs.files import JobFiles
from serving.jobs.worker import Worker
from serving.text_scorer import TextScorer
from tenancy import jobs
from tenancy.database import Database
from tenancy.jobs import OPEN, JobStatus
from tests.support.commands import wait_until

ROWS = 6_000
WAIT_S = 240


@pytest.fixture
def home(tmp_path):
    return Settings(home=tmp_path)


@pytest.fixture
def database(home):
    made = Database(home.control_database)
    yield made
    made.close()


def submit(home, database, body, form="jsonl", *, sanitise=False):
    job_id = jobs.new_job_id()
    JobFiles(home.home).make(job_id).write_bytes(body if isinstance(body, bytes) else body.encode())
    return jobs.create(database, "default", job_id, form=form, sanitise=sanitise)


def lines(count):
    return "".join(
        json.dumps({"id": f"r{at}", "text": f"great {at}"}) + "\n" for at in range(count)
    )


def found(database, job):
    return jobs.find(database, "default", job.job_id)


def told(home, database, job, kind="result"):
    job = found(database, job)
    return [
        json.loads(line)
        for body in JobFiles(home.home).json_lines(job.job_id, job.chunks, kind)
        for line in body.splitlines()
    ]


@contextmanager
def working(home, *options):
    """Run a worker in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "--home", home.home, "worker", "--lease-s", "1",
         *options],
        stdin=subprocess.PIPE,
        env=os.environ,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()


def ended(database, job):
    wait_until(lambda: found(database, job).status not in OPEN, within_s=WAIT_S, what="end")
    return found(database, job)


def test_a_job_goes_on_behind_a_worker_that_is_killed_and_each_row_counts_once(home, database):
    bad = {1_500: "{", 2_999: '{"text": 5}', 4_000: '{"text": "a", "id": []}'}
    body = "".join(
        (bad[at] + "\n") if at in bad else line
        for at, line in enumerate(lines(ROWS).splitlines(keepends=True))
    )
    job = submit(home, database, body)
    with working(home) as first:
        wait_until(lambda: found(database, job).chunks >= 1, within_s=WAIT_S, what="chunk")
        first.send_signal(signal.SIGKILL)
        first.wait()
    left = found(database, job)
    assert left.status == "IN_PROGRESS"
    assert left.read < ROWS
    # The same state as after a kill between a chunk's file and its row in the control plane.
    JobFiles(home.home).write_chunk(job.job_id, left.chunks, "result", b'{"line": 0}\n')
    with working(home):
        done = ended(database, job)
    assert (done.status, done.read, done.scored, done.failed) == ("COMPLETED", ROWS, ROWS - 3, 3)
    result = told(home, database, job)
    assert [row["line"] for row in result] == [at + 1 for at in range(ROWS) if at not in bad]
    assert [row["id"] for row in result] == [f"r{row['line'] - 1}" for row in result]
    assert told(home, database, job, "errors") == [
        {"line": 1_501, "code": "malformed"},
        {"line": 3_000, "code": "text_missing"},
        {"line": 4_001, "code": "id_invalid"},
    ]
    folder = JobFiles(home.home).folder(job.job_id)
    assert not (folder / "input").exists()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert "great" not in "".join(file.read_text() for file in folder.iterdir())


def test_a_worker_that_is_stopped_gives_its_job_back_and_ends_with_who_started_it(home, database):
    job = submit(home, database, lines(200_000))
    with working(home, "--until-stdin-closes") as process:
        wait_until(lambda: found(database, job).chunks >= 1, within_s=WAIT_S, what="chunk")
        process.stdin.close()
        assert process.wait(60) == 0
    left = found(database, job)
    assert (left.status, left.lease, left.attempts) == ("IN_PROGRESS", None, 0)


def test_a_job_that_is_cancelled_while_it_is_worked_on_stops_and_keeps_what_it_has(home, database):
    job = submit(home, database, lines(200_000))
    with working(home):
        wait_until(lambda: found(database, job).chunks >= 1, within_s=WAIT_S, what="chunk")
        jobs.cancel(database, "default", job.job_id, keep=timedelta(hours=1))
        done = ended(database, job)
    assert done.status == "STOPPED"
    assert 0 < done.read < 200_000
    assert len(told(home, database, job)) == done.read


@pytest.fixture(scope="module")
def scorer(tmp_path_factory):
    return TextScorer(Settings(home=tmp_path_factory.mktemp("scorer")))


@pytest.fixture
def worker(home, database, scorer):
    """Return a worker in this process, whose scorer is loaded."""
    return made_worker(home, database, scorer)


def made_worker(home, database, scorer):
    return Worker(home, database, threading.Event(), lease_s=60, scorer=scorer)


def test_rows_become_what_v1_sentiment_says_with_their_line_and_id(home, database, worker):
    text = "I love it! Write to kim@example.org"
    body = f'text,id\n"{text}",a\n"{text}","b\nc"\nshort\n'
    job = submit(home, database, body, "csv", sanitise=True)
    assert worker.work()
    assert not worker.work()
    first, second = told(home, database, job)
    assert first == {
        "line": 2,
        "id": "a",
        "label": "positive",
        "compound": first["compound"],
        "confidence": first["confidence"],
        "scorer": "vader",
        "scorer_version": first["scorer_version"],
        "reason": None,
        "language": first["language"],
        "pii": {"EMAIL": 1},
    }
    assert second == first | {"line": 3, "id": "b\nc"}
    assert told(home, database, job, "errors") == [{"line": 5, "code": "wrong_number_of_fields"}]
    as_csv = b"".join(JobFiles(home.home).csv(job.job_id, 1, "result")).decode()
    assert as_csv.startswith("line,id,label,compound,confidence,language,reason,scorer")
    assert "2,a,positive," in as_csv
    assert '"{""EMAIL"":1}"' in as_csv


@pytest.mark.parametrize(
    ("file", "ending"),
    [
        (("id,body\n1,a\n", "csv"), ("no_text_column: after line 1", 0)),
        (('["a", "b"', "json"), ("malformed: after line 1", 0)),
        (("[" + '"a",' * 1000 + '"b"', "json"), ("malformed: after line 1001", 1000)),
    ],
)
def test_a_file_that_cannot_be_read_on_fails_by_name_and_keeps_what_is_scored(
    home, database, worker, file, ending
):
    job = submit(home, database, *file)
    worker.work()
    done = found(database, job)
    assert (done.status, done.message, done.read) == ("FAILED", *ending)


def test_a_job_has_at_most_as_many_rows_as_the_setting_says(home, database, scorer):
    for rows, status in ((1_500, "COMPLETED"), (1_501, "FAILED")):
        limited = home.model_copy(
            update={"api": home.api.model_copy(update={"max_job_rows": 1_500})}
        )
        job = submit(home, database, lines(rows))
        made_worker(limited, database, scorer).work()
        done = found(database, job)
        assert (done.status, done.read) == (status, 1_500)
    assert done.message == "too_many_rows: at most 1,500"


def test_a_short_job_does_not_wait_for_the_end_of_a_long_one(home, database, scorer):
    long = submit(home, database, lines(2_500))
    short = submit(home, database, lines(1))
    worker = Worker(home, database, threading.Event(), lease_s=60, turn_s=0, scorer=scorer)
    seen = []
    while worker.work():
        seen.append([found(database, job).read for job in (long, short)])
    assert seen == [[1_000, 0], [1_000, 1], [2_500, 1]]
    assert [row["line"] for row in told(home, database, long)] == [*range(1, 2_501)]


def test_a_full_disk_has_a_name_and_the_job_can_be_retried(home, database, worker, monkeypatch):
    job = submit(home, database, lines(10))

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files_module.os, "fsync", full)
    worker.work()
    done = found(database, job)
    assert done.status == "FAILED"
    assert done.message.startswith("disk_full: the disk of ECHOSTREAM_HOME is full")
    assert [file.name for file in JobFiles(home.home).folder(job.job_id).iterdir()] == ["input"]
    monkeypatch.undo()
    jobs.retry(database, "default", job.job_id)
    worker.work()
    assert found(database, job).status == "COMPLETED"


def test_a_job_that_ends_its_workers_again_and_again_fails(home, database, worker):
    job = submit(home, database, lines(10))
    for _ in range(jobs.MAX_ATTEMPTS):
        jobs.claim(database, lease_for=timedelta(0))
    worker.work()
    done = found(database, job)
    assert (done.status, done.message) == ("FAILED", "workers_ended: at row 1 or soon after")


@pytest.mark.parametrize("is_late", [False, True], ids=["whole", "a chunk comes after it"])
def test_a_job_that_is_deleted_while_it_is_worked_on_leaves_nothing(
    home, database, worker, is_late
):
    job = submit(home, database, lines(2_500))
    files = JobFiles(home.home)
    real = worker_module.jobs.advance

    def deleted_first(*given, **named):
        jobs.remove(database, "default", job.job_id)
        files.remove(job.job_id)
        if is_late:
            files.make(job.job_id)
            files.write_chunk(job.job_id, 0, "result", b"{}\n")
        return real(*given, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker_module.jobs, "advance", deleted_first)
        worker.work()
    assert found(database, job) is None
    assert not files.folder(job.job_id).exists()


def test_files_go_with_their_jobs_and_those_without_a_job_after_a_day(home, database, worker):
    job = submit(home, database, lines(1))
    worker.work()
    cut_off = JobFiles(home.home).make("job_cut_off").parent
    fresh = JobFiles(home.home).make("job_fresh").parent
    os.utime(cut_off, (0, 0))
    with database.writing() as session:
        row = session.get(jobs.Row, ("default", job.job_id))
        row.expires_at = row.submitted_at
    worker.tidy_if_due()
    assert found(database, job).status == JobStatus.EXPIRED
    assert [folder.name for folder in fresh.parent.iterdir()] == [fresh.name]
