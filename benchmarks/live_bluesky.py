"""Measure the Bluesky producer under load, with recorded Jetstream lines and a real broker.

    python -m benchmarks.live_bluesky [--seconds 60] [--rate 2000]

A server process sends the recorded lines again and again, with new times and record keys. The
first run has all lines at the given rate. The second one has only posts at that rate, as Jetstream
sends them to a reader of posts. The third one has only posts, as fast as the producer reads. The
producer is bound to one core, server and broker to the others. For each run the script prints
events/s, records/s, the used share of the core and the lag at the end. It also prints the resident
memory after a third of the time and at the end.
"""

import argparse
import gzip
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from foundation import clock
from foundation.settings import Settings
from ingestion.metrics import Telemetry
from ingestion.platforms import PLATFORMS
from ingestion.producer.build import build_producer
from ingestion.producer.loop import IngestReport
from local import stack
from local.host.ports import free_ports

_RECORDED = (
    Path(__file__).parents[1].parent
    / "shared"
    / "data"
    / "platforms"
    / "bluesky"
    / "jetstream_v1.jsonl.gz"
)
_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_BURST = 100  # events sent before the clock is read again


def _serve(port: int, rate: float, are_posts: bool, ready: Connection) -> None:
    """Send lines until the process ends. A rate of 0 means as fast as the producer reads."""
    _keep_to(first=False)
    with gzip.open(_RECORDED, "rt", encoding="utf-8") as recorded:
        lines = [json.loads(line) for line in recorded]
    if are_posts:
        lines = [
            line
            for line in lines
            if line.get("commit", {}).get("collection") == "app.bsky.feed.post"
        ]

    def handle(connection: ServerConnection) -> None:
        began = time.monotonic()
        sent = 0
        try:
            while True:
                for line in lines:
                    connection.send(_renewed(line, sent))
                    sent += 1
                    if rate and sent % _BURST == 0:
                        time.sleep(max(0.0, began + sent / rate - time.monotonic()))
        except ConnectionClosed:
            return

    with serve(handle, "127.0.0.1", port, compression=None) as server:
        ready.send(True)
        server.serve_forever()


def _renewed(line: dict[str, Any], number: int) -> str:
    """Return the line with the current time and a new record key."""
    now = clock.micros()
    fresh = {**line, "time_us": now}
    if "commit" in line:
        key = "".join(
            _ALPHABET[((now << 10) + number >> 5 * place) & 31] for place in reversed(range(13))
        )
        fresh["commit"] = {**line["commit"], "rkey": key}
    return json.dumps(fresh, separators=(",", ":"), ensure_ascii=False)


def _keep_to(*, first: bool) -> None:
    """Bind this process to the first core, or to all others."""
    cores = set(range(os.cpu_count() or 1))
    os.sched_setaffinity(0, {0} if first else cores - {0} or {0})


def _resident_mb() -> float:
    return float(psutil.Process().memory_info().rss / 1e6)


def _measure(settings: Settings, rate: float, seconds: float, *, are_posts: bool) -> str:
    (port,) = free_ports(1)
    # librdkafka's threads do not survive a fork
    anew = multiprocessing.get_context("spawn")
    ready, told = anew.Pipe()
    server = anew.Process(target=_serve, args=(port, rate, are_posts, told), daemon=True)
    server.start()
    told.close()
    ready.recv()
    telemetry = Telemetry("bluesky")
    third = 0.0
    began = time.monotonic()
    cpu = time.process_time()

    def until(_: IngestReport) -> None:
        nonlocal third
        elapsed = time.monotonic() - began
        if not third and elapsed > seconds / 3:
            third = _resident_mb()
        if elapsed > seconds:
            raise KeyboardInterrupt

    address = f"http://127.0.0.1:{port}"
    with build_producer(
        settings, PLATFORMS["bluesky"], telemetry, once=False, base_url=address, progress=until
    ) as live:
        try:
            live.run()
        except KeyboardInterrupt:
            elapsed = time.monotonic() - began
            used = time.process_time() - cpu
    server.terminate()
    server.join()
    posts = telemetry.records.total() - telemetry.records["ignored"]
    return (
        f"{live.report.payloads / elapsed:8,.0f} events/s  {posts / elapsed:6,.0f} records/s"
        f"  {used / elapsed:4.0%} of a core"
        f"  lag {telemetry.lag_s or 0:5.2f} s  memory {third:.0f} → {_resident_mb():.0f} MB"
    )


def main() -> None:
    """Measure the three runs and print the figures."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--rate", type=float, default=2000)
    arguments = options.parse_args()
    home = Path(tempfile.mkdtemp(prefix="echostream-live-"))
    port, controller = free_ports(2)
    settings = Settings(home=home, broker={"port": port, "controller_port": controller})
    try:
        _keep_to(first=False)
        stack.up(settings)
        _keep_to(first=True)
        for rate, are_posts in ((arguments.rate, False), (arguments.rate, True), (0.0, True)):
            name = (
                f"{'posts' if are_posts else 'all kinds'},"
                f" {f'{rate:,.0f}/s' if rate else 'as taken'}"
            )
            measured = _measure(settings, rate, arguments.seconds, are_posts=are_posts)
            sys.stdout.write(f"{name:<20} {measured}\n")
            sys.stdout.flush()
    finally:
        stack.down(settings)
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
