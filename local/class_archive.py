"""`make classes`: an archive of Spark's classes, so that a JVM finds them parsed and checked.

Made by Java itself at the end of a small run from Kafka to Gold, in a folder of its own. Java
ignores the archive where
it does not fit: another build of Java, other jars.
    https://docs.oracle.com/en/java/javase/17/docs/specs/man/java.html
(application class data sharing, -XX:ArchiveClassesAtExit).
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from foundation.errors import EchoStreamError, JavaError
from foundation.java_paths import in_options
from foundation.settings import Settings, load_settings
from ingestion.generator import run_generator
from ingestion.kafka.producer import Producer
from lakehouse.spark.session import class_archive
from local import stack
from local.host.ports import free_ports
from local.progress import Ticker

_POSTS = 300
_QUICK = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC"
_CONF = """home = {home}

[broker]
port = {broker}
controller_port = {controller}

[spark]
ui = false
java_options = {options}
"""


def make(settings: Settings) -> Path:
    """Make the archive anew; it is there whole or not at all.

    Raises:
        JavaError: Java wrote none.
        EchoStreamError: the run failed.
    """
    archive = class_archive(settings)
    draft = archive.with_suffix(".new")
    for old in (archive, draft):
        old.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="echostream-classes-") as home:
        _run(Path(home), draft)
    if not draft.exists():
        raise JavaError(
            "Java wrote no class archive", remedy="Go on without: only starts are slower"
        )
    draft.rename(archive)
    return archive


def _run(home: Path, draft: Path) -> None:
    broker, controller = free_ports(2)
    conf = home / "classes.toml"
    options = f"{_QUICK} {in_options(f'-XX:ArchiveClassesAtExit={draft}')}"
    conf.write_text(
        _CONF.format(
            home=json.dumps(str(home)),  # a string of JSON is one of TOML
            broker=broker,
            controller=controller,
            options=json.dumps(options),
        ),
        encoding="utf-8",
    )
    settings = load_settings(conf)
    try:
        stack.up(settings)
        with Producer(settings) as producer:
            run_generator(settings, producer, n_posts=_POSTS, seed=1)
        run = subprocess.run(
            [sys.executable, "-m", "cli.main", "--conf-file", str(conf), "run", "--available-now"],
            # Java has it too: it ends when the archive is written, after the command itself
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    finally:
        stack.down(settings)
    if run.returncode:
        raise JavaError(
            f"the run failed: {run.stdout.strip().splitlines()[-1:]}",
            remedy="Try `echostream doctor`",
        )


def main() -> int:
    """Make it; the exit code."""
    for name in [name for name in os.environ if name.startswith("ECHOSTREAM_")]:
        del os.environ[name]  # nothing of the user's lake or broker
    try:
        with Ticker("Spark's classes, for quicker starts"):
            archive = make(load_settings())
    except EchoStreamError as error:
        Console(stderr=True).print(
            f"error: {error.with_entry()}", markup=False, highlight=False, soft_wrap=True
        )
        return error.exit_code
    Console(highlight=False).print(f"{archive.name}: {archive.stat().st_size // 2**20} MB in jars")
    return 0


if __name__ == "__main__":
    sys.exit(main())
