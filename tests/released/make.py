"""Make the small lake of a version before its release, by `python -m tests.released.make VERSION`.

Two thirds of its records went through all hops. The last third is in Bronze and was not read. With
today's code, test_released_lakes.py runs, erases from and rebuilds each lake in this folder, which
proves that old lakes still work.
"""

import json
import sys
import tarfile
import tempfile
from pathlib import Path

import pytest

from foundation import clock
from foundation.keys import create_key
from foundation.settings import Settings
from ingestion.generator import read_ledger, run_generator
from ingestion.kafka.producer import MemoryProducer
from lakehouse.spark.session import build_session
from tests.jobs.lakes import CAP, NOW, RATES, Lake, as_kafka_would
from tests.support.clock import BASE, going_on_from

FOLDER = Path(__file__).parent
POSTS = 120
SEED = 19
KEPT = ("lake", "keys", "checkpoints")  # folders of a home


def main(version: str) -> None:
    """Write `VERSION.tar.gz` with the home and the ledger of all records sent."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(home=home, sanitizer={"max_text_chars": CAP})
        create_key(settings.key_file)
        sender = MemoryProducer()
        report = run_generator(settings, sender, n_posts=POSTS, seed=SEED, base=BASE, rates=RATES)
        spark = build_session(settings.model_copy(update={"home": home / "spark"}), "make")
        lake = Lake(
            spark, settings, list(read_ledger(report.ledger)), as_kafka_would(sender.messages)
        )
        read = 2 * len(lake.bronze) // 3
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(clock, "now", going_on_from(NOW))
            lake.receive(lake.bronze[:read])
            lake.drain()
            lake.receive(lake.bronze[read:])
        spark.stop()
        (home / "ledger.json").write_text(json.dumps(lake.ledger, default=str))
        with tarfile.open(FOLDER / f"{version}.tar.gz", "w:gz", compresslevel=9) as archive:
            for name in (*KEPT, "ledger.json"):
                archive.add(home / name, arcname=name)


if __name__ == "__main__":
    main(*sys.argv[1:])
