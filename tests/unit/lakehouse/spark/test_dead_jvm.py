"""A killed JVM has one error, whatever py4j raises, and a living one hides no error."""

import subprocess
import sys
from types import SimpleNamespace

import pytest
from pyspark import SparkContext

from foundation.errors import JavaEndedError
from foundation.settings import Settings
from lakehouse.spark.session import ending


@pytest.fixture(params=["pass", "import sys; sys.stdin.read()"], ids=["ended", "alive"])
def jvm(request, monkeypatch):
    with subprocess.Popen([sys.executable, "-c", request.param], stdin=subprocess.PIPE) as process:
        if request.param == "pass":
            process.wait()
        monkeypatch.setattr(SparkContext, "_gateway", SimpleNamespace(proc=process))
        yield process


def test_what_comes_of_a_dead_jvm_has_its_name(jvm, tmp_path):
    stopped = []
    spark = SimpleNamespace(stop=lambda: stopped.append(True))
    is_dead = jvm.poll() is not None
    with (
        pytest.raises(JavaEndedError if is_dead else ConnectionRefusedError),
        ending(spark, Settings(home=tmp_path)),
    ):
        raise ConnectionRefusedError
    assert stopped == ([] if is_dead else [True])
