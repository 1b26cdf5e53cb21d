"""Producers erase exactly the posts that tombstone files name from memory and landing files."""

import gzip
import json
from collections import Counter

import pytest
from pyarrow import fs

from foundation.errors import PayloadFileError
from ingestion.kafka.producer import MemoryProducer
from ingestion.platforms import PLATFORMS
from ingestion.platforms.reddit import PLATFORM
from ingestion.privacy.erase import ProducerErasure
from ingestion.privacy.tombstone_files import FOREVER, TombstoneFiles
from ingestion.reader import SourceBatch
from ingestion.recordings.landing import Landing
from ingestion.state import databases
from tests.support.live import KEY as LIVE_KEY
from tests.support.live import events, trial
from tests.support.producer_erasure import GONE, ID, KEY, NEWER, SEEN, Home, comment, listing
from transforms import suppression


@pytest.fixture
def home(tmp_path):
    made = Home(tmp_path)
    yield made
    made.store.__exit__()


def lines_of(file):
    return [json.loads(line) for line in gzip.decompress(file.read_bytes()).splitlines()]


def test_forever_is_the_same_for_producers_and_tables():
    assert FOREVER == suppression.FOREVER


def test_an_author_leaves_an_answer_of_many_and_the_others_stay(home):
    others = [comment("t1_b", "Maple_Fox"), comment("t1_c", "Old_Oak")]
    file = home.land(listing(comment("t1_a", GONE, "my secret beans"), *others), listing(others[0]))
    home.bury({"author_key": home.author_key(GONE)})
    assert home.forget() == 1
    lines = lines_of(file)
    assert [line["body"] for line in lines] == [*others, listing(others[0])]
    assert {line["observed_at"] for line in lines} == {SEEN}
    assert [payload for line in lines[:2] for payload in PLATFORM.payloads(line["body"])] == others
    assert home.done() == [
        {"erasure_id": ID, "platform": "reddit", "counts": {"landed": 1, "sightings": 0}}
    ]


def test_a_file_that_held_nobody_else_goes(home):
    file = home.land(listing(comment("t1_a", GONE)))
    home.bury({"author_key": home.author_key(GONE)})
    home.forget()
    assert not file.exists()


def test_a_file_without_the_person_is_not_written_again(home):
    file = home.land(listing(comment("t1_b", "Maple_Fox")))
    before = file.stat()
    home.bury({"author_key": home.author_key(GONE)})
    home.forget()
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [done["counts"] for done in home.done()] == [{"landed": 0, "sightings": 0}], (
        "looked at, and nothing there"
    )


@pytest.mark.parametrize(("version", "stays"), [(SEEN - 1, True), (SEEN, False)])
def test_a_platform_s_delete_takes_what_was_seen_before_it(home, version, stays):
    file = home.land(comment("t1_a", "Maple_Fox"))
    home.bury({"post_key": home.post_key("t1_a"), "version": version})
    home.forget()
    assert file.exists() == stays


def test_posts_leave_the_memory_to_the_last_byte(home):
    ids = [f"t1_{number:06d}" for number in range(300)]
    home.save_seen_posts(*ids, "t1_stays")
    home.bury(*({"post_key": home.post_key(post_id)} for post_id in ids))
    home.forget()
    assert list(home.store.seen_posts([*ids, "t1_stays"])) == ["t1_stays"]
    content = b"".join(file.read_bytes() for file in home.file.parent.glob("ingest.sqlite3*"))
    assert b"t1_stays" in content
    assert [post_id for post_id in ids if post_id.encode() in content] == []
    assert home.done()[0]["counts"]["sightings"] == 300


def test_a_grave_under_an_older_key_is_known_after_a_rotation(tmp_path):
    home = Home(tmp_path, key=NEWER)
    home.save_seen_posts("t1_a")
    home.bury({"post_key": KEY.post_key("public", "reddit", "t1_a")})
    home.forget()
    assert home.store.seen_posts(["t1_a"]) == {}
    home.store.__exit__()


def test_each_erasure_is_done_once_and_another_platform_s_does_nothing(home):
    file = home.land(comment("t1_a", GONE))
    home.bury({"author_key": home.author_key(GONE), "platform": "x"})
    assert (home.forget(), home.forget()) == (1, 0)
    assert file.exists()


def test_killed_before_its_mark_it_is_done_again(home, monkeypatch):
    home.land(comment("t1_a", GONE))
    home.save_seen_posts("t1_a")
    home.bury({"author_key": home.author_key(GONE)}, {"post_key": home.post_key("t1_a")})
    with monkeypatch.context() as patch:
        patch.setattr(home.store, "save", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            home.forget()
    assert home.forget() == 1
    assert home.forget() == 0
    assert home.done()[0]["counts"] == {"landed": 1, "sightings": 1}


@pytest.fixture
def impatient_home(tmp_path, monkeypatch):
    """Return a home whose database does not wait for another's lock."""
    monkeypatch.setattr(databases, "BUSY_S", 0.05)
    made = Home(tmp_path)
    yield made
    made.store.__exit__()


def test_while_another_reads_the_memory_it_is_not_called_done(impatient_home):
    import sqlite3

    home = impatient_home
    home.save_seen_posts("t1_a")
    home.bury({"post_key": home.post_key("t1_a")})
    with sqlite3.connect(home.file) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM sightings").fetchall()
        home.forget()
        assert home.store.cursor(f"erasure/{ID}") is None
        reader.rollback()
    reader.close()
    home.forget()
    assert home.store.cursor(f"erasure/{ID}") == "done"


def test_a_damaged_landing_file_is_named(home):
    home.land(comment("t1_a", GONE)).write_bytes(b"no gzip")
    home.bury({"author_key": home.author_key(GONE)})
    with pytest.raises(PayloadFileError, match="damaged"):
        home.forget()


def test_what_comes_of_an_erased_person_afterwards_goes_nowhere(home):
    home.bury({"author_key": home.author_key(GONE)})
    erasure = home.erasure()
    erasure.run_if_due()
    theirs = comment("t1_new", GONE)
    others = comment("t1_b", "Maple_Fox")
    assert erasure.suppresses(PLATFORM.map(theirs, SEEN), SEEN)
    assert not erasure.suppresses(PLATFORM.map(others, SEEN), SEEN)
    (batch,) = erasure.without_erased(
        [SourceBatch(source="s", documents=[listing(theirs, others), others])], SEEN
    )
    assert batch.documents == [others, others]


def test_a_platform_s_delete_keeps_no_later_edit_away(home):
    home.bury({"post_key": home.post_key("t1_a"), "version": SEEN})
    erasure = home.erasure()
    erasure.run_if_due()
    assert not erasure.suppresses(PLATFORM.map(comment("t1_a", "Maple_Fox"), SEEN - 1), SEEN - 1)


def test_a_producer_sends_and_notes_nothing_of_an_erased_person(tmp_path):
    with trial("mastodon", tmp_path, posts=80, edits=0.2, deletes=0.2) as made:
        made.run()
        everyone = events(made.kafka.messages)
        author = Counter(
            event["keys"]["author"] for event in everyone if event["author_id"]
        ).most_common(1)[0][0]
        theirs = {event["post_id"] for event in everyone if event["keys"]["author"] == author}
        others = [event["event_id"] for event in everyone if event["post_id"] not in theirs]
        assert theirs
        assert others
        folder = tmp_path / "lake" / "_erasures" / "graves"
        folder.mkdir(parents=True)
        line = {"platform": "mastodon", "post_key": None, "author_key": author, "version": FOREVER}
        (folder / f"{ID}.jsonl").write_text(json.dumps(line))

        def erasure(store):
            files = fs.LocalFileSystem()
            made_anew = ProducerErasure(
                PLATFORMS["mastodon"],
                owner="public",
                key=LIVE_KEY,
                store=store,
                tombstones=TombstoneFiles(files, str(tmp_path / "lake")),
                landing=Landing(files, str(tmp_path / "lake" / "landing"), "mastodon"),
                store_identity="here",
                clock=made.clock,
            )
            made_anew.run_if_due()
            return made_anew

        made.place = tmp_path / "another.sqlite3"
        made.kafka = MemoryProducer()
        made.run(erasure=erasure)
        again = events(made.kafka.messages)
        assert [event for event in again if event["keys"]["author"] == author] == []
        assert {event["event_id"] for event in again} >= set(others)
        assert made.telemetry.records["erased"] > 0
        with made.store() as store:
            known = store.seen_posts([event["post_id"] for event in everyone])
        assert known
        assert not theirs & known.keys()
