"""The producers' memory behaves alike in a file and in PostgreSQL; each also has its own tests."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
import stamina

from foundation.errors import IngestStoreError, IngestStoreUnreachableError, UsageError
from foundation.settings import Settings
from ingestion.producer.build import store_location
from ingestion.reader import Gap, GapReason, SeenPost, Span
from ingestion.state.store import IngestStore
from tests.support.live import trial
from tests.support.postgres import PASSWORD, Server, new_postgres

DAY = 86_400_000_000
GAP = Gap(source="s", since=10, until=20, reason=GapReason.WINDOW_PASSED)

Open = Callable[..., IngestStore]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with new_postgres() as server:
        yield server


@pytest.fixture
def database(postgres, request) -> str:
    """Return the address of an empty schema."""
    name = f"t{abs(hash(request.node.nodeid))}"
    postgres.run(f"CREATE SCHEMA {name}")
    return postgres.address(name)


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path) -> Open:
    """Return a function that opens the same memory each time."""
    is_file = request.param == "sqlite"
    place = tmp_path / "ingest.sqlite3" if is_file else request.getfixturevalue("database")
    return lambda **who: IngestStore(place, **{"owner": "public", "platform": "bluesky", **who})


def sighting(post_id: str, *, seen_at: int = 0, checked_at: int = 0, **changed: object) -> SeenPost:
    given = {
        "source": "here",
        "native_id": f"n{post_id}",
        "event_id": "e",
        "version": 0,
        "day": None,
        **changed,
    }
    return SeenPost(post_id=post_id, seen_at=seen_at, checked_at=checked_at, **given)


def test_cursors_and_gaps_outlive_the_process_and_belong_to_owner_and_platform(store):
    with store() as one:
        one.save({"s": "1", "t": "2"}, [GAP], now=5)
        one.save(
            {"s": "3"}, [Gap(source="s", since=10, until=30, reason=GapReason.WINDOW_PASSED)], now=6
        )
    with store() as again, store(platform="x") as other, store(owner="t1") as tenant:
        assert (again.cursor("s"), again.cursor("t"), again.cursor("u")) == ("3", "2", None)
        assert [(gap.since, gap.until) for gap in again.gaps()] == [(10, 30)], (
            "the same gap once, with its latest end"
        )
        assert (other.cursor("s"), tenant.cursor("s"), other.gaps(), tenant.gaps()) == (
            None,
            None,
            [],
            [],
        )


def test_a_forgotten_cursor_is_a_gap_from_where_it_was_left(store):
    with store() as one:
        one.save({"s": "1"}, [], now=5)
        assert one.discard_cursors(now=9) == 1
        assert one.cursor("s") is None
        assert [(gap.since, gap.until, gap.reason) for gap in one.gaps()] == [
            (5, 9, GapReason.CURSOR_DISCARDED)
        ]


def span(since: int, until: int, source: str = "s") -> Span:
    return Span(source=source, since=since, until=until)


def gap(since: int, until: int, reason: GapReason = GapReason.WINDOW_PASSED) -> Gap:
    return Gap(source="s", since=since, until=until, reason=reason)


def test_a_span_grows_while_reading_goes_on_and_a_new_one_begins_after_a_silence(store):
    with store() as one:
        one.save({}, [], now=0, covered=[span(10, 20), span(20, 30), span(5, 7, "t")])
        one.save({}, [], now=0, covered=[span(25, 40)])
        one.save({}, [], now=0, covered=[span(50, 60)])
        one.save({}, [], now=0, covered=[span(50, 60), span(60, 60)])
    with store() as again, store(platform="x") as other, store(owner="t1") as tenant:
        assert again.spans() == [span(5, 7, "t"), span(10, 40), span(50, 60)]
        assert other.spans() == tenant.spans() == []


def test_a_span_ends_where_something_is_lost_and_not_where_single_changes_are_unseen(store):
    with store() as one:
        one.save({}, [gap(20, 30)], now=0, covered=[span(10, 50)])
        assert one.spans() == [span(10, 20), span(30, 50)]
        one.save({}, [gap(40, 60, GapReason.TRUNCATED)], now=0)
        assert one.spans() == [span(10, 20), span(30, 40)]
        unseen = [gap(10, 20, GapReason.CHANGES_UNSEEN), gap(30, 35, GapReason.NOT_ANSWERED)]
        one.save({}, unseen, now=0, covered=[span(40, 45)])
        assert one.spans() == [span(10, 20), span(30, 45)]


def test_a_forgotten_cursor_ends_the_span(store):
    with store() as one:
        one.save({"s": "1"}, [], now=50, covered=[span(10, 50)])
        one.discard_cursors(now=90)
        one.save({"s": "2"}, [], now=100, covered=[span(80, 100)])
        assert one.spans() == [span(10, 50), span(80, 100)]


def test_a_memory_of_an_older_version_gets_the_table_and_keeps_what_it_holds(tmp_path):
    file = tmp_path / "ingest.sqlite3"
    with IngestStore(file, owner="public", platform="bluesky") as one:
        one.save({"s": "1"}, [gap(1, 2)], now=5)
    with sqlite3.connect(file) as before:
        before.execute("DROP TABLE spans")
    before.close()
    with IngestStore(file, owner="public", platform="bluesky") as one:
        assert (one.cursor("s"), one.spans(), one.gaps()) == ("1", [], [gap(1, 2)])
        one.save({}, [], now=6, covered=[span(3, 4)])
        assert one.spans() == [span(3, 4)]


def test_a_failed_save_saves_nothing(store):
    with store() as one:
        with pytest.raises(IngestStoreError):
            one.save(
                {"s": "1"},
                [SimpleNamespace(source=None, since=1, until=1, reason=GapReason.RESYNC)],
                now=5,
            )
        assert one.cursor("s") is None
    with store() as again:
        assert again.cursor("s") is None


def test_sightings_are_found_by_post_by_native_id_and_when_due(store):
    with store() as one:
        one.save_seen_posts(
            [sighting("a"), sighting("b", checked_at=90), sighting("c", seen_at=80, checked_at=80)]
        )
        one.save_seen_posts([sighting("a", event_id="e2", version=1_700_000_000_000_000)])
        assert one.seen_posts(["a", "zzz"])["a"].version == 1_700_000_000_000_000
        assert one.by_native_id("here", "nb") == sighting("b", checked_at=90)
        assert one.by_native_id("there", "nb") is None
        assert [s.post_id for s in one.due_for_check(now=100, first=5, limit=9)] == ["a", "c"], (
            "b: not a quarter of its age"
        )
        assert [s.post_id for s in one.due_for_check(now=100, first=50, limit=9)] == ["a"]
        assert len(one.due_for_check(now=1000, first=5, limit=2)) == 2
        one.save_seen_posts([sighting("a", is_gone=True)])
        one.mark_checked(["b"], now=95)
        assert [s.post_id for s in one.unchecked(since=100, limit=9)] == ["c", "b"], (
            "longest ago first; a is gone"
        )


@pytest.mark.parametrize("odd", ["a\x00b", "a\ud800b"])
def test_an_id_that_no_database_takes_stops_nothing(odd, store):
    with store() as one:
        one.save_seen_posts([sighting(odd), sighting("a", native_id=odd), sighting("b")])
        assert set(one.seen_posts([odd, "a", "b"])) == {"b"}
        assert one.by_native_id("here", odd) is None
        one.mark_checked(["b"], now=5)


def test_old_posts_are_forgotten_and_others_are_not(store):
    with store() as one, store(platform="x") as other:
        other.save_seen_posts([sighting("a")])
        one.save_seen_posts([sighting("a"), sighting("b", seen_at=DAY)])
        assert one.delete_seen_before(before=DAY) == 1
        assert set(one.seen_posts(["a", "b"])) == {"b"}
        assert set(other.seen_posts(["a"])) == {"a"}


def test_spending_from_many_threads_is_added_up(store):
    with store() as one, store() as same:

        def spend(home: IngestStore) -> None:
            for _ in range(10):
                home.spend("usd", "2026-11", 0.25)

        threads = [threading.Thread(target=spend, args=[home]) for home in (one, one, same)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert one.spent("usd", "2026-11") == same.spent("usd", "2026-11") == 7.5


def test_the_file_is_readable_by_its_owner_alone(tmp_path):
    with IngestStore(tmp_path / "ingest.sqlite3", owner="public", platform="x") as one:
        one.save({"s": "1"}, [], now=1)
    assert (tmp_path / "ingest.sqlite3").stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_database_is_refused_with_its_name_and_the_way_out(tmp_path):
    (tmp_path / "ingest.sqlite3").write_bytes(b"not a database, but long enough to look into" * 50)
    with pytest.raises(IngestStoreError, match=r"ingest\.sqlite3.*move it away"):
        IngestStore(tmp_path / "ingest.sqlite3", owner="public", platform="x")


def test_a_setting_chooses_postgresql_and_is_not_shown(tmp_path):
    address = f"postgresql://me:{PASSWORD}@db.example/lake"
    settings = Settings(home=tmp_path, ingest={"store": address})
    assert store_location(settings) == address
    assert PASSWORD not in repr(settings)
    assert store_location(Settings(home=tmp_path)) == tmp_path / "cursors" / "ingest.sqlite3"


def test_two_of_one_role_are_not_at_work_on_one_memory_in_postgresql(database):
    with IngestStore(database, owner="public", platform="x") as one:
        one.claim("ingest")
        with IngestStore(database, owner="public", platform="x") as two:
            two.claim("sweep")
            with pytest.raises(UsageError, match="another machine runs public ingest x"):
                two.claim("ingest")
    with IngestStore(database, owner="public", platform="x") as three:
        three.claim("ingest")


def test_a_server_that_refuses_us_is_named_without_its_password(postgres):
    wrong = postgres.address().replace(PASSWORD, "not-the-s3cr3t")
    with pytest.raises(IngestStoreUnreachableError, match="ECHOSTREAM_INGEST__STORE") as refused:
        IngestStore(wrong, owner="public", platform="x")
    assert "s3cr3t" not in str(refused.value)


@pytest.mark.parametrize("name", ["mastodon", "reddit"])
def test_what_lands_is_the_same_with_the_memory_in_postgresql(name, database, tmp_path):
    with trial(name, tmp_path, posts=60, edits=0.25, deletes=0.25, seconds=100) as made:
        made.place = database
        for _ in range(2):
            made.clock.shift += 60_000_000
            made.run()
        made.sweep()
        assert made.landed() == made.expected()


def test_a_server_that_falls_while_we_read_costs_nothing(postgres, database, tmp_path):
    plot = {"posts": 200, "edits": 0.1, "deletes": 0.1}
    with stamina.set_testing(True, attempts=8), trial("hackernews", tmp_path, **plot) as made:
        made.place = database
        falls = iter([False, True])

        def falling(reader):
            for batch in reader.read():
                yield batch
                if next(falls, False):
                    postgres.stop()
                    postgres.start()

        made.run(falling)
        assert next(falls, None) is None, "it did fall"
        made.run()
        assert made.landed() == made.expected()
        with made.store() as one:
            assert one.cursor("items") is not None
