"""Open a folder, a broker and a lake for each part of the benchmark, and remove them after it."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from rich.console import Console

from benchmarks.pipeline.records import Feed, Template, makers_for
from foundation.conf_files import conf_dir, read_toml
from foundation.errors import DiskFullError
from foundation.key_sources import pseudonym_key
from foundation.logs import setup_logs
from foundation.sections import S3Settings
from foundation.settings import Settings
from ingestion.kafka.producer import Producer
from ingestion.kafka.records import Record
from lakehouse.delta.lake import Lake
from lakehouse.spark.session import build_session, jvm_pid
from local import stack
from local.host.ports import free_ports
from local.progress import Ticker
from local.servers.s3 import BUCKET, s3_server

_SPARE_BYTES = 3 * 10**9


@dataclass(frozen=True)
class Sent:
    """The number of records sent to Kafka, and the bytes of their values before compression."""

    records: int = 0
    value_bytes: int = 0


@dataclass(frozen=True)
class Bench:
    """The objects that all parts share: Spark session, posts and terminal."""

    spark: SparkSession
    home: Path
    templates: Sequence[Template]
    console: Console
    s3: S3Settings | None = None  # for lakes on S3

    @property
    def jvm(self) -> int:
        """The process id of the driver's JVM."""
        return jvm_pid(self.spark)


@dataclass(frozen=True)
class BenchLake:
    """A broker with all topics, and an empty lake."""

    bench: Bench
    settings: Settings

    @property
    def delta(self) -> Lake:
        """The lake as the jobs get it."""
        return Lake(self.bench.spark, self.settings)

    def feed(self, *, start: int, step: int) -> Feed:
        """Return posts with pseudonyms under this lake's key."""
        makers = makers_for(pseudonym_key(self.settings), self.settings.owner)
        return Feed(self.bench.templates, makers, start, step)

    def send(self, records: Iterable[Record], title: str) -> Sent:
        """Send records to Kafka and wait until all are acknowledged."""
        count = size = 0
        ticker = Ticker(title, unit="records", console=self.bench.console)
        with Producer(self.settings) as producer, ticker:
            for record in records:
                producer.send(record)
                count = count + 1
                size = size + len(record.value)
                if count % 1000 == 0:
                    ticker.to(count)
            producer.flush()
            ticker.to(count)
        return Sent(count, size)


@contextmanager
def open_bench(
    templates: Sequence[Template],
    console: Console,
    *,
    need_bytes: int,
    java_options: str | None = None,
    on_s3: bool = False,
) -> Iterator[Bench]:
    """Open a Spark session with the jobs' settings, in a temporary folder below `TMPDIR`.

    Args:
        templates: the posts to send.
        console: the terminal.
        need_bytes: the disk space that the parts need.
        java_options: replaces the setting `spark.java_options`.
        on_s3: whether the lakes are on a local S3 server.

    Raises:
        DiskFullError: the disk has too little space.
    """
    home = Path(tempfile.mkdtemp(prefix="echostream-bench-"))
    try:
        free = shutil.disk_usage(home).free
        if free < need_bytes + _SPARE_BYTES:
            raise DiskFullError(
                f"{free / 1e9:.0f} GB are free at {home.parent},"
                f" {(need_bytes + _SPARE_BYTES) / 1e9:.0f} are needed",
                remedy="Set TMPDIR to a larger disk, or take fewer --posts and a smaller"
                " --day-rows",
            )
        options = {} if java_options is None else {"java_options": java_options}
        with _s3(home) if on_s3 else nullcontext() as s3:
            settings = Settings(home=home, spark={"ui_port": 0} | options, **_lake(s3, "session"))
            setup_logs(home / "logs" / "run.jsonl", settings.log_level)
            spark = build_session(settings, "echostream benchmark")
            try:
                yield Bench(spark, home, templates, console, s3)
            finally:
                spark.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def open_lake(bench: Bench, name: str) -> Iterator[BenchLake]:
    """Start a broker and open an empty lake for one part."""
    port, controller = free_ports(2)
    broker = {"port": port, "controller_port": controller}
    settings = Settings(home=bench.home / name, broker=broker, **_lake(bench.s3, name))
    try:
        with Ticker("Kafka broker", console=bench.console):
            stack.up(settings)
        yield BenchLake(bench, settings)
    finally:
        stack.down(settings)
        shutil.rmtree(settings.home, ignore_errors=True)


@contextmanager
def _s3(home: Path) -> Iterator[S3Settings]:
    """Run an S3 server with credentials of its own."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"):
        os.environ.pop(name, None)
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": secrets.token_hex()}
    with s3_server(home / "s3", free_ports(1)[0]) as settings:
        yield settings


def _lake(s3: S3Settings | None, name: str) -> dict[str, Any]:
    """Return the settings of a lake on S3, with the section `stream` of conf/aws.toml."""
    if s3 is None:
        return {}
    return {
        "lake": f"s3a://{BUCKET}/{name}",
        "s3": s3,
        "stream": read_toml(conf_dir() / "aws.toml")["stream"],
    }
