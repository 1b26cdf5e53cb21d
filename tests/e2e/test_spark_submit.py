"""The wheel and the real `spark-submit` run against a standalone master.

Executors are processes with their own Python.
"""

import os
import subprocess
import sys
import zipfile
from contextlib import ExitStack, contextmanager
from itertools import chain
from pathlib import Path
from sysconfig import get_paths

import pyspark
import pytest

from lakehouse.storage.lease import hold_lake
from local.host.ports import free_ports
from tests.conftest import QUICK_JVM, ROOT
from tests.support.commands import environment, stop_session, wait_until
from tests.support.kafka import generate
from tests.support.lake import assert_exact, ops, rows_of, table

pytestmark = pytest.mark.extended
CHECKOUT = ROOT.parent
SPARK_HOME = Path(pyspark.__file__).parent
SUBMIT_S = 280


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel as `make wheel` does."""
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(build, cwd=CHECKOUT, check=True, capture_output=True, timeout=120)
    (built,) = out.glob("echostream-*.whl")
    return built


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """Return a Python that has our dependencies but not us.

    A path file does not follow the checkout's editable install.
    """
    folder = tmp_path_factory.mktemp("python")
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=60
    )
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (folder / "lib" / version / "site-packages" / "rest.pth").write_text(get_paths()["purelib"])
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def elsewhere(home, python, tmp_path_factory):
    """Return the environment of programs that have neither the checkout nor our packages."""
    known = environment(home)
    # Spark generates code for its queries here, as in production
    for name in (
        "PYTHONPATH",
        "ECHOSTREAM_SPARK__EXTRA",
    ):
        known.pop(name, None)
    own = {"PYSPARK_PYTHON": str(python), "PYSPARK_DRIVER_PYTHON": str(python)}
    return known | own | {"SPARK_HOME": str(SPARK_HOME), "SPARK_LOCAL_IP": "127.0.0.1"}


@contextmanager
def program(words, env, folder, log):
    """Run a program in its own session; end it afterwards with all processes that it started."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            words, env=env, cwd=folder, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield process
    finally:
        stop_session(process)


@pytest.fixture(scope="module")
def master(elsewhere, tmp_path_factory):
    """Run a standalone master with one worker on free loopback ports."""
    folder = tmp_path_factory.mktemp("cluster")
    port, *web = free_ports(3)
    env = elsewhere | {"SPARK_DAEMON_JAVA_OPTS": QUICK_JVM, "SPARK_DAEMON_MEMORY": "512m"}
    run = [str(SPARK_HOME / "bin" / "spark-class")]
    address = f"spark://127.0.0.1:{port}"
    first = ["org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", str(port)]
    second = [
        "org.apache.spark.deploy.worker.Worker",
        "--host",
        "127.0.0.1",
        "--cores",
        "2",
        "--memory",
        "1g",
    ]
    with ExitStack() as stack:
        log = folder / "master.log"
        stack.enter_context(program([*run, *first, "--webui-port", str(web[0])], env, folder, log))
        wait_until(lambda: b"New state: ALIVE" in log.read_bytes(), within_s=90, what="master")
        words = [
            *run,
            *second,
            "--webui-port",
            str(web[1]),
            "--work-dir",
            str(folder / "work"),
            address,
        ]
        stack.enter_context(program(words, env, folder, folder / "worker.log"))
        wait_until(lambda: b"Registering worker" in log.read_bytes(), within_s=90, what="worker")
        yield address


def test_the_wheel_holds_code_and_conf(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "streaming/submit.py",
        "batch/submit.py",
        "conf/local.toml",
        "conf/policies/reddit.toml",
    } <= names
    assert [name for name in names if name.startswith("tests/")] == []


def test_without_the_wheel_nothing_is_found(python, tmp_path):
    """Programs fail without the wheel; otherwise the next test would prove nothing."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for module, code in (("pyspark", 0), ("transforms", 1)):
        words = [python, "-c", f"import {module}"]
        done = subprocess.run(
            words, check=False, cwd=tmp_path, env=env, capture_output=True, timeout=60
        )
        assert done.returncode == code, done.stderr


@pytest.fixture(scope="module")
def submit(wheel, master, elsewhere):
    """Return the words that run a program of the checkout on the cluster."""
    jars = ",".join(str(jar) for jar in (CHECKOUT / "jars" / "spark").glob("*.jar"))
    options = {
        "--master": master,
        "--properties-file": str(CHECKOUT / "conf" / "spark" / "standalone.conf"),
        "--jars": jars,
        "--driver-java-options": QUICK_JVM,
        "--py-files": str(wheel),
    }
    words = [str(SPARK_HOME / "bin" / "spark-submit"), *chain(*options.items())]
    for setting in (f"spark.executor.extraJavaOptions={QUICK_JVM}", "spark.ui.enabled=false"):
        words += ["--conf", setting]

    def submit(folder, log, file, *options):
        return program([*words, str(CHECKOUT / file), *options], elsewhere, folder, log)

    return submit


@pytest.fixture(scope="module")
def ledger(home):
    return generate(home, 300, seed=4)


def test_posts_reach_gold_exactly_on_a_standalone_cluster(home, ledger, submit, tmp_path):
    log = tmp_path / "submit.log"
    with submit(tmp_path, log, "streaming/submit.py", "--trigger", "available-now") as process:
        assert process.wait(SUBMIT_S) == 0, log.read_text()[-3000:]
    assert_exact(home, ledger)
    assert sum(row["new"] for row in ops(home, "bronze_to_silver")) > 0


@pytest.mark.nightly  # it takes a cluster and two more JVMs; batch/submit.py is tested in process
def test_a_batch_job_waits_for_the_lake_and_runs_on_the_cluster(home, ledger, submit, tmp_path):
    version = table(home, "silver.posts").version()
    log = tmp_path / "submit.log"
    words = ("batch/submit.py", "rebuild", "silver", "--wait-for-lake", str(SUBMIT_S))
    waits = f"waiting: process {os.getpid()} already writes the lake"
    with ExitStack() as holding:
        holding.enter_context(hold_lake(home))
        with submit(tmp_path, log, *words) as process:
            wait_until(lambda: waits in log.read_text(), within_s=SUBMIT_S, what=waits)
            assert process.poll() is None
            holding.close()
            assert process.wait(SUBMIT_S) == 0, log.read_text()[-3000:]
    posts = len(rows_of(home, "silver.posts"))
    assert f"silver.posts: {posts:,} rows" in log.read_text().splitlines()
    assert table(home, "silver.posts").version() > version
    assert_exact(home, ledger)
