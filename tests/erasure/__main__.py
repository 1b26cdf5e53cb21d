"""Erase a person while the streams run and are killed, by `make test-erasure`.

A person asks to be erased in the middle of a generated stream with deletes. Then a full replay, a
backfill and both rebuilds run, and none of them brings the person back. In the end,
verify-erasure finds nothing in any byte, and Gold matches the ledger without the person.
"""

import argparse
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import orjson
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from pyarrow import fs

from foundation.settings import Settings
from ingestion.generator import Rates, run_generator
from ingestion.kafka.producer import MemoryProducer, Producer
from ingestion.parsing.json_fields import chunks
from ingestion.reader import SourceBatch
from ingestion.recordings.landing import Landing
from lakehouse.erasure.receipts import receipts
from local import stack
from schemas.topics import topics
from tests.erasure.person import Message, Person, busiest
from tests.support import oracle
from tests.support.clock import BASE, machine_micros
from tests.support.commands import Done, echostream, started, wait_until
from tests.support.kafka import new_stack
from tests.support.lake import Row, assert_gold, assert_silver, ops, rows_of

KILLS = (
    "bronze_to_silver:after_erasing_silver.posts:1",
    "topic_to_bronze:before_erasing_bronze.posts:1",
)
QUICK = {"erasure__interval_s": "1", "stream__trigger_s": "2"}
AT_ONCE = {"erasure__batch_interval_s": "0"}
WITHOUT_WAITING = {"upkeep__keep_h": "0", "upkeep__min_files": "2"}
SEED = 20261121
TAIL = 200  # the last records; no vacuum removes files that streams have not read
WITHIN_S = 900


def main() -> None:
    """Run all steps in a home that is removed in the end."""
    parser = argparse.ArgumentParser(prog="tests.erasure")
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument(
        "--per-second", type=float, default=50.0, help="records until the kills are over"
    )
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("test-erasure: ended"))
    with tempfile.TemporaryDirectory() as folder, new_stack(Path(folder) / "home") as settings:
        Trial(settings, Path(folder), given.posts, given.per_second).run()


class Trial:
    """One lake, its stream, and the person."""

    def __init__(self, settings: Settings, folder: Path, posts: int, per_second: float) -> None:
        self.settings = settings
        self.folder = folder
        self.per_second = per_second
        self.hurry = threading.Event()  # there are no kills after this
        memory = MemoryProducer()
        self.began = time.monotonic()
        made = run_generator(
            settings,
            memory,
            n_posts=posts,
            seed=SEED,
            base=BASE,
            rates=Rates(deletes=0.03, author_deletes=0.003),
            with_canaries=True,
        )
        self.rows = oracle.read_rows(made.ledger)
        self.messages = memory.messages
        # this file holds everything, and the system does not own it
        made.ledger.rename(folder / "ledger.jsonl")
        self.person: Person = busiest(self.rows, self.messages)
        self.canaries = folder / "canaries"
        self.canaries.write_text("\n".join(self.person.canaries))
        self.say(
            f"{len(self.rows):,} records; the person: {len(self.person.theirs)} of them, on"
            f" {self.person.platform}, {len(self.person.canaries)} canaries"
        )

    def run(self) -> None:
        """Run the steps, each on the result of the one before."""
        self.land()
        self.erase_while_it_flows()
        self.hold("after the erasure")
        self.verify("before any vacuum, the replaced files and Kafka")
        self.bring_back()
        self.hold("after a full replay and a backfill")
        for layer in ("silver", "gold"):
            self.do("rebuild", layer)
        self.hold("after both rebuilds")
        self.end()

    def erase_while_it_flows(self) -> None:
        """Ask for the erasure in the middle of the stream, with two kills during it."""
        flow = threading.Thread(target=self.send, args=(self.messages[:-TAIL],), daemon=True)
        with started(self.settings, "run", faults__crash_at=KILLS[0], **QUICK) as run:
            flow.start()
            run.until(self.is_in_silver, within_s=WITHIN_S, what="post of the person in Silver")
            asked = self.do(
                "erase", "--platform", self.person.platform, "--author", self.person.author_id
            )
            assert "handed over" in asked.out, asked.out
            assert run.wait(WITHIN_S) == -signal.SIGKILL, run.error
        self.say(f"killed at {KILLS[0]}")
        with started(self.settings, "run", faults__crash_at=KILLS[1], **QUICK) as run:
            assert run.wait(WITHIN_S) == -signal.SIGKILL, run.error
        self.say(f"killed at {KILLS[1]}")
        assert flow.is_alive(), "the stream was over before the kills: send fewer per second"
        self.hurry.set()
        with started(self.settings, "run", **QUICK) as run:
            run.until(self.is_whole, within_s=WITHIN_S, what="whole receipt")
            run.until(lambda: not flow.is_alive(), within_s=WITHIN_S, what="end of the stream")
            run.terminate()
            assert run.wait(WITHIN_S) == 0, run.error
        self.do("run", "--available-now", **AT_ONCE)
        self.do("erase")  # no producer runs here; this call removes the person from landing files
        receipt = self.receipt()
        self.say(
            f"asked {receipt['asked_at']}, unqueryable {receipt['unqueryable_at']},"
            f" {receipt['tables']}"
        )

    def bring_back(self) -> None:
        """Send everything to Kafka again, and the person's payloads from outside the system."""
        self.send(self.messages[:-TAIL])
        recording = self.folder / "recording.jsonl"
        recording.write_bytes(b"\n".join(orjson.dumps(payload) for payload in self.person.payloads))
        self.say(self.do("replay", self.person.platform, str(recording)).out.splitlines()[1])
        before = self.suppressed()
        self.do("run", "--available-now", **AT_ONCE)
        came = self.suppressed() - before
        assert came >= len(self.person.theirs), "they did not even come back"
        self.say(f"{came:,} records were suppressed")

    def suppressed(self) -> int:
        """Return the number of records that a tombstone has blocked, as the job counts them."""
        return sum(batch["suppressed"] for batch in ops(self.settings, "bronze_to_silver"))

    def end(self) -> None:
        """Continue the stream, remove replaced files, and let Kafka's retention pass."""
        self.send(self.messages[-TAIL:])
        self.do("run", "--available-now", **AT_ONCE)
        self.hold("after the last records", tail=True)
        self.do("erase", **WITHOUT_WAITING)
        self.do("compact", **WITHOUT_WAITING)
        self.verify("after the vacuum, Kafka")
        self.let_kafka_forget()
        assert self.verify("after Kafka's retention") == 0
        receipt = self.receipt()
        assert receipt["is_signed"]
        assert receipt["gone_at"] is not None, receipt
        self.say(f"receipt: {orjson.dumps(receipt).decode()}")

    def hold(self, when: str, *, tail: bool = False) -> None:
        """Compare Silver and Gold with the ledger, computed without the person."""
        rows = self.rows if tail else self.rows[:-TAIL]
        expected = oracle.expected([row for row in rows if not self.person.is_theirs(row)])
        assert [
            row for row in rows_of(self.settings, "silver.posts") if self.person.is_theirs(row)
        ] == []
        bronze = rows_of(self.settings, "bronze.posts")
        assert_silver(self.settings, expected, bronze)
        assert_gold(self.settings, expected)
        left = sum(self.person.is_theirs(row) for row in bronze)
        assert left == 0, f"{left} records in Bronze"
        self.say(
            f"{when}: {len(expected.live):,} posts"
            f" and {len(expected.hourly):,} cells of Gold are exact"
        )

    def verify(self, when: str) -> int:
        """Return the number of findings of `echostream verify-erasure`."""
        done = echostream(self.settings, "verify-erasure", str(self.canaries), timeout_s=WITHIN_S)
        found = [line for line in done.out.splitlines() if line.startswith(("found:", "not read:"))]
        assert (done.code, bool(found)) in {(0, False), (1, True)}, done.error
        places = sorted({line.split(" in ", 1)[-1].split("/")[0] for line in found})
        read = [line for line in done.out.splitlines() if line.endswith("unpacked")]
        self.say(f"verify-erasure, {when}: {len(found)} findings in {places}; {'; '.join(read)}")
        return len(found)

    def land(self) -> None:
        """Write landing files with the person among others, as `fetch` would have done."""
        platform = self.person.platform
        landing = Landing(fs.LocalFileSystem(), f"{self.settings.lake_uri}/landing", platform)
        batches = [SourceBatch(source="made", documents=list(self.person.payloads))]
        assert [lines for _, lines in landing.write(batches, machine_micros())] == [
            len(self.person.payloads)
        ]

    def send(self, messages: list[Message]) -> None:
        """Send records to Kafka."""
        with Producer(self.settings) as producer:
            for some in chunks(messages, 50):
                for topic, key, value, headers in some:
                    producer.send_bytes(topic, key, value, headers)
                producer.flush()
                self.hurry.wait(len(some) / self.per_second)

    def is_in_silver(self) -> bool:
        """Tell whether a post of the person has reached Silver."""
        if not (Path(self.settings.lake_uri) / f"silver/posts/_delta_log/{0:020}.json").exists():
            return False
        return any(self.person.is_theirs(row) for row in rows_of(self.settings, "silver.posts"))

    def is_whole(self) -> bool:
        """Tell whether every table is without the person, by the receipt."""
        time.sleep(2)  # do not take cores from the streams
        return all(each.unqueryable_at for each in receipts(self.settings))

    def receipt(self) -> Row:
        """Return the person's receipt."""
        lines = [orjson.loads(line) for line in self.do("receipts", "--json").out.splitlines()]
        (mine,) = [line for line in lines if line["cause"] == "request"]
        return mine

    def let_kafka_forget(self) -> None:
        """Set Kafka's retention to zero. A broker checks it half a minute after its start."""
        admin = AdminClient({"bootstrap.servers": self.settings.bootstrap_servers})
        names = [topic.name for topic in topics()]
        short = {"retention.ms": "1", "file.delete.delay.ms": "1000"}
        entries = [
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
            for name, value in short.items()
        ]
        resources = [
            ConfigResource(ResourceType.TOPIC, name, incremental_configs=entries) for name in names
        ]
        for waiting in admin.incremental_alter_configs(resources).values():
            waiting.result(30)
        stack.down(self.settings)
        stack.up(self.settings)
        data = self.settings.home / "broker" / "data"
        wait_until(
            lambda: (
                not sum(
                    file.stat().st_size for file in data.glob("social.*/*.log*") if file.exists()
                )
            ),
            within_s=WITHIN_S,
            what="end of Kafka's retention",
        )

    def do(self, *words: str, **more: str) -> Done:
        """Run a command that must succeed."""
        done = echostream(self.settings, *words, timeout_s=WITHIN_S, **more)
        assert done.code == 0, f"{words[0]}: {done.error}"
        return done

    def say(self, text: str) -> None:
        """Print a line for people."""
        sys.stdout.write(f"{time.monotonic() - self.began:7.1f} s  {text}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
