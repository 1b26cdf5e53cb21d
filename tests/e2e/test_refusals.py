"""The command refuses with one clear line and a remedy, exit code 1 or 2, and writes nothing."""

import os
import shutil
from pathlib import Path

import pytest

from foundation.keys import create_key
from foundation.settings import Settings
from local.host.ports import free_ports
from tests.support.commands import Done, echostream


@pytest.fixture
def alone(tmp_path) -> Settings:
    """Return a home with a key and without a broker."""
    port, controller = free_ports(2)
    settings = Settings(home=tmp_path, broker={"port": port, "controller_port": controller})
    create_key(settings.key_file)
    return settings


def assert_one_line(done: Done, code: int, *words: str) -> None:
    assert done.code == code, done.error
    assert done.error.count("\n") == 1, done.error
    assert done.error.startswith("error: ")
    for word in words:
        assert word in done.error
    assert "Traceback" not in done.error + done.out


@pytest.mark.parametrize(
    ("setting", "value", "named"),
    [
        ("stream__max_records_per_batch", "0", "stream.max_records_per_batch"),
        ("stream__trigger_s", "soon", "stream.trigger_s"),
        ("broker__port", "70000", "broker.port"),
        ("log_level", "loud", "log_level"),
        ("stream__triger_s", "1", "ECHOSTREAM_STREAM__TRIGER_S"),
        ("lakes", "x", "ECHOSTREAM_LAKES"),
    ],
)
def test_a_wrong_setting_is_named(alone, setting, value, named):
    assert_one_line(echostream(alone, "run", **{setting: value}), 2, named)


def assert_without_spark(settings: Settings) -> None:
    assert not (settings.home / "logs" / "jvm.log").exists(), "Java was started for nothing"


def test_an_unknown_scorer_is_named(alone):
    done = echostream(
        alone, "run", "--jobs", "bronze_to_silver", "--available-now", scorer__name="tea_leaves"
    )
    assert_one_line(done, 2, "scorer")
    assert_without_spark(alone)


def test_an_unknown_job_is_named(alone):
    assert_one_line(echostream(alone, "run", "--jobs", "bronze_to_lead"), 2, "bronze_to_lead")


def test_an_unreachable_broker_is_named_with_the_remedy(alone):
    done = echostream(alone, "run", "--available-now")
    assert_one_line(done, 1, f"127.0.0.1:{alone.broker.port}", "echostream up")
    assert_without_spark(alone)


def test_a_missing_key_fingerprint_is_named(alone):
    shutil.rmtree(alone.key_file.parent)
    done = echostream(alone, "run", "--jobs", "bronze_to_silver", "--available-now")
    assert_one_line(done, 2, str(alone.key_id_file))
    assert_without_spark(alone)


@pytest.mark.parametrize("words", [("up",), ("run", "--available-now")])
def test_without_java_it_says_what_to_install(alone, words):
    path = ":".join(
        part for part in os.environ["PATH"].split(":") if part and not Path(part, "java").exists()
    )
    assert_one_line(echostream(alone, *words, PATH=path, JAVA_HOME=""), 1, "Java", "17")


def test_a_java_home_without_java_is_named(alone):
    done = echostream(alone, "run", "--available-now", JAVA_HOME=str(alone.home))
    assert_one_line(done, 1, "Java", str(alone.home))


def test_without_jars_it_says_what_to_run(alone):
    done = echostream(alone, "run", "--available-now", spark__jars_dir=str(alone.home))
    assert_one_line(done, 1, str(alone.home), "make setup")


def test_there_is_nothing_to_reset_where_nothing_has_run(alone):
    assert_one_line(
        echostream(alone, "checkpoint", "reset", "silver_to_gold"),
        1,
        "silver_to_gold has never run",
    )
