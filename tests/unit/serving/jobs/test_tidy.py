"""Expired files are deleted, even after a process was killed while it deleted them."""

import os

import pytest

from foundation.settings import Settings
from serving.jobs import files as files_module
from serving.jobs.files import JobFiles
from serving.jobs.tidy import tidy
from tenancy import jobs
from tenancy.database import Database
from tenancy.jobs import JobStatus


@pytest.fixture
def files(tmp_path):
    return JobFiles(tmp_path)


@pytest.fixture
def database(tmp_path):
    made = Database(Settings(home=tmp_path).control_database)
    yield made
    made.close()


def job_with_files(database, files, status, *, is_over=False):
    """Make a job with its input, results and dead letters."""
    job_id = jobs.new_job_id()
    files.make(job_id).write_bytes(b"a text")
    files.write_chunk(job_id, 0, "result", b"{}\n")
    files.write_chunk(job_id, 0, "errors", b"{}\n")
    jobs.create(database, "default", job_id, form="jsonl", sanitise=True)
    with database.writing() as session:
        row = session.get(jobs.Row, ("default", job_id))
        row.status = status
        row.expires_at = row.submitted_at if is_over else None
    return job_id


def held(files, job_id):
    folder = files.folder(job_id)
    return sorted(file.name for file in folder.iterdir()) if folder.exists() else []


ALL = ["0000000.errors.jsonl", "0000000.result.jsonl", "input"]


@pytest.mark.parametrize("status", [JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.STOPPED])
def test_input_results_and_dead_letters_go_when_a_job_expires(database, files, status):
    over = job_with_files(database, files, status, is_over=True)
    waiting = job_with_files(database, files, JobStatus.SUBMITTED)
    tidy(database, files)
    assert (held(files, over), held(files, waiting)) == ([], ALL)
    assert jobs.find(database, "default", over).status == "EXPIRED"
    assert jobs.expired(database, 10) == []


def test_files_that_could_not_be_deleted_are_deleted_the_next_time(database, files, monkeypatch):
    over = job_with_files(database, files, JobStatus.FAILED, is_over=True)
    monkeypatch.setattr(files_module.shutil, "rmtree", lambda *_, **__: None)
    tidy(database, files)
    assert held(files, over) == ALL
    monkeypatch.undo()
    tidy(database, files)
    assert held(files, over) == []


def test_more_jobs_than_one_statement_takes_all_go(database, files, monkeypatch):
    monkeypatch.setattr("serving.jobs.tidy._AT_ONCE", 2)
    over = [job_with_files(database, files, JobStatus.FAILED, is_over=True) for _ in range(5)]
    tidy(database, files)
    assert [held(files, job_id) for job_id in over] == [[]] * 5


def test_a_folder_that_another_process_deletes_meanwhile_is_no_error(database, files):
    job_with_files(database, files, JobStatus.SUBMITTED)
    cut_off = files.make("job_cut_off").parent
    os.utime(cut_off, (0, 0))
    (cut_off.parent / "job_gone").symlink_to("nowhere")  # listed, and gone before it is read
    tidy(database, files)
    assert not cut_off.exists()
