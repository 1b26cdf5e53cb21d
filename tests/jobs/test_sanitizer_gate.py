"""The sanitizer's gate is closed.

If the sanitizer fails, hangs or takes too long, the text is quarantined and stays there.
"""

from dataclasses import replace

import pytest

from foundation.keys import load_key
from ingestion.kafka.records import RecordMaker
from ingestion.platform import Post
from schemas.topics import topic_name
from streaming import bronze_to_silver
from tests.jobs.lakes import RECEIVED, as_kafka_would
from tests.support.lake import ops, rows_of
from transforms.pii.options import Options

SEEN = int(RECEIVED.timestamp()) * 1_000_000
CAP = 100_000
# the lengths of texts on which the sanitizer fails or hangs
RAISES = 1234
HANGS = 2345
MARK = "canary@example.org"


def trap():
    """Return a cap that fails on texts of two lengths.

    This function makes it, so that it travels to Spark's workers by value.
    """
    raises = RAISES
    hangs = HANGS

    class Trap(int):
        def __lt__(self, chars):
            if chars == raises:
                raise RuntimeError
            while chars == hangs:  # it hangs until it is stopped
                pass
            return int(self) < chars

    return Trap(CAP)


def of_length(piece, length):
    """Return a text of that length with personal data at its end."""
    return (piece * length)[: length - len(MARK) - 1] + f" {MARK}"


TEXTS = {
    "good": "all is well",
    "raises": of_length("a ", RAISES),
    "hangs": of_length("b ", HANGS),
    "too long": of_length("@a A ", CAP + 1),
    "hostile": of_length("@a A ", CAP),
    "nested": of_length("(((<a@", CAP),
    "personal": f"write to {MARK}",
}
QUARANTINED = {
    "raises": "sanitizer_failed",
    "hangs": "sanitizer_failed",
    "too long": "text_too_long",
}


@pytest.fixture
def lake(empty, monkeypatch):
    maker = RecordMaker("reddit", "public", load_key(empty.settings.key_file))
    made = [
        maker.make(
            Post(post_id=f"t3_{name}", created_at=SEEN, text=text, author_id="Fox"),
            observed_at=SEEN,
        )
        for name, text in TEXTS.items()
    ]
    rows = as_kafka_would(
        (topic_name("reddit", "posts"), each.key, each.value, each.headers) for each in made
    )
    lake = empty.set(
        sanitizer=empty.settings.sanitizer.model_copy(
            update={"max_text_chars": CAP, "max_seconds": 2.0}
        )
    )
    lake.receive(rows)
    lake.names = {row["post_key"]: name for row, name in zip(rows, TEXTS, strict=True)}
    make = bronze_to_silver.make_refiner

    def trapped(settings, key_id):
        refiner = make(settings, key_id)
        return replace(refiner, sanitizer=replace(Options.of(settings.sanitizer), max_chars=trap()))

    with monkeypatch.context() as patch:
        patch.setattr(bronze_to_silver, "make_refiner", trapped)
        lake.drain("bronze_to_silver")
    return lake


def fates(lake):
    """Return the reason by post, None for posts in Silver."""
    silver = {lake.names[row["post_key"]]: None for row in rows_of(lake.settings, "silver.posts")}
    bad = rows_of(lake.settings, "quarantine.posts")
    reasons = {lake.names[dict(row["headers"])["post_key"].decode()]: row["reason"] for row in bad}
    assert len(silver) + len(bad) == len(silver | reasons) == len(TEXTS)
    return silver | reasons


def test_the_row_is_quarantined_the_batch_goes_on_and_a_replay_comes_to_the_same(lake):
    found = fates(lake)
    assert found.items() >= QUARANTINED.items()
    assert {name for name, reason in found.items() if reason is None} >= {"good", "personal"}
    assert {found["hostile"], found["nested"]} <= {None, "sanitizer_failed"}
    (batch,) = ops(lake.settings, "bronze_to_silver")
    assert (batch["consumed"], batch["new"] + batch["quarantined"]) == (len(TEXTS), len(TEXTS))
    said = [row["text"] for row in rows_of(lake.settings, "silver.posts")]
    assert "all is well" in said
    assert not any("canary" in text for text in said)

    # Run the batch again, as after a crash, with a sanitizer that would accept all texts.
    for file in (lake.checkpoint("bronze_to_silver") / "commits").iterdir():
        file.unlink()
    lake.drain("bronze_to_silver")
    assert fates(lake) == found
    assert ops(lake.settings, "bronze_to_silver") == [batch]
