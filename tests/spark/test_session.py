"""The session's JVM has the options that were set."""

import sys
from pathlib import Path

import pytest

from foundation.settings import Settings
from lakehouse.spark.session import class_archive, jvm_pid


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc what a process has mapped")
def test_spark_starts_from_the_archive_of_its_classes(spark):
    """Java ignores an archive that does not fit without a word, and starts slowly again."""
    archive = class_archive(Settings())
    if not archive.exists():
        pytest.skip("no archive: `make classes`")
    assert str(archive.resolve()) in Path(f"/proc/{jvm_pid(spark)}/maps").read_text(
        encoding="utf-8"
    )


def test_the_jvm_is_in_utc(spark):
    """In another zone each commit to a small table costs a reading of its log.

    Bronze then runs half as many jobs again.
    """
    assert spark._jvm.java.util.TimeZone.getDefault().getID() == "UTC"
