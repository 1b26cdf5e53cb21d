"""`batch/submit.py`: jobs, options and exit codes of the command line, under spark-submit."""

import pytest

from batch.job import BatchJob
from batch.jobs import BATCH_JOBS
from batch.submit import main, parser
from cli.lazy import LazyCommand
from cli.table import COMMANDS, KEYS
from lakehouse.storage.lease import hold_lake
from tests.support.commands import environment

NAMES = [job.name for job in BATCH_JOBS]
HELD_BY_COMMANDS = {"platform", "author", "post", "subject"}  # producers' keys are not on a cluster


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ("rebuild silver", {}),
        ("rebuild gold", {}),
        ("replay-quarantine", {"reason": None, "dry_run": False}),
        ("compact", {}),
        ("erase", {}),
        ("rescore", {"rows_per_commit": 500_000}),
        ("enforce-retention", {"dry_run": False}),
        ("keys rotate", {}),
    ],
)
def test_each_job_has_its_options(words, options):
    parsed = vars(parser().parse_args(["--conf-file", "x.toml", *words.split()]))
    assert parsed.pop("job").name == words
    assert str(parsed.pop("conf_file")) == "x.toml"
    assert parsed.pop("debug") is False
    assert parsed.pop("wait_for_lake") == 0
    assert parsed == options


def test_options_are_taken():
    words = [
        "replay-quarantine",
        "--reason",
        "text_too_long",
        "--dry-run",
        "--wait-for-lake",
        "1.5",
    ]
    parsed = vars(parser().parse_args(words))
    assert (parsed["reason"], parsed["dry_run"], parsed["wait_for_lake"]) == (
        "text_too_long",
        True,
        1.5,
    )


@pytest.mark.parametrize(
    "words",
    [
        "",
        "rebuild",
        "rebuild bronze",
        "run",
        "rescore --rows-per-commit 0",
        "rescore --rows-per-commit x",
        "replay-quarantine --reason none",
        "compact --wait-for-lake soon",
    ],
)
def test_wrong_use_is_2(words, capsys):
    with pytest.raises(SystemExit) as ended:
        main(words.split())
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_each_job_is_a_command_with_the_same_options():
    listed = {command.name: command for panel in COMMANDS.values() for command in panel}
    listed |= {f"keys {command.name}": command for command in KEYS}
    for job in BATCH_JOBS:
        command = listed.get(job.name) or listed[job.name.split()[0]]
        of_command = {param.name for param in LazyCommand(command).loaded().params}
        parsed = vars(parser().parse_args(job.name.split()))
        of_submit = parsed.keys() - {"job", "conf_file", "debug"}
        assert of_command - HELD_BY_COMMANDS - {"layer"} == of_submit, job.name
    assert len(set(NAMES)) == len(NAMES)


def test_an_unforeseen_error_says_its_type_alone(monkeypatch, capsys):
    def fail(*_, **__):
        raise RuntimeError("the text of a post")

    monkeypatch.setattr(BatchJob, "run", fail)
    with pytest.raises(SystemExit) as ended:
        main(["compact"])
    assert ended.value.code == 1
    assert capsys.readouterr().err == (
        "error: internal: RuntimeError; run with --debug to see where\n"
    )
    with pytest.raises(RuntimeError):
        main(["--debug", "compact"])


def test_a_lake_in_use_is_1_and_one_line(tmp_path, monkeypatch, capsys):
    from foundation.settings import Settings

    settings = Settings(home=tmp_path)
    for name, value in environment(settings).items():
        monkeypatch.setenv(name, value)
    with hold_lake(settings), pytest.raises(SystemExit) as ended:
        main(["compact"])
    assert ended.value.code == 1
    line = capsys.readouterr().err
    assert line.startswith("error: process ")
    assert line.endswith(" [runbook: LakeInUseError]\n")
