"""Windows, streams, limits and nulls of single platforms are handled."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import stamina

from foundation.errors import CredentialsError, ReadError, UsageError
from ingestion.config.watchlists import Watchlist
from ingestion.metrics import Telemetry
from ingestion.readers import bluesky, hackernews
from ingestion.readers.bluesky import V2
from ingestion.readers.clients import http
from ingestion.readers.clients.http import epoch_reset, iso_reset
from ingestion.readers.clients.websocket import HandshakeRefusedError, frames
from ingestion.simulators import mastodon, x
from ingestion.simulators.server import http as serving
from ingestion.simulators.server.http import Answer
from ingestion.simulators.server.scenario import Fault
from ingestion.simulators.server.state import Faults
from ingestion.state.budget import Limit
from tests.support.clock import machine_micros
from tests.support.live import events, trial

MINUTE = 60_000_000


@pytest.fixture(autouse=True)
def without_waiting() -> Iterator[None]:
    stamina.instrumentation.set_on_retry_hooks([])
    with stamina.set_testing(True, attempts=8):
        yield


@pytest.mark.parametrize("path", ["", V2])
def test_jetstream_in_both_protocols_lands_the_same(path, tmp_path):
    with trial("bluesky", tmp_path, posts=80, edits=0.2, deletes=0.2, author_deletes=3) as made:
        made.run(base_url=made.address + path)
        assert made.landed() == made.expected()
        left = {
            event["author_id"]
            for event in events(made.kafka.messages)
            if event["op"] == "delete_author"
        }
        assert len(left) == 3
        assert {
            event["source"]["endpoint"]
            for event in events(made.kafka.messages)
            if event["op"] == "upsert"
        } == {path or "/subscribe"}


@pytest.mark.parametrize("path", ["", V2])
def test_what_jetstream_no_longer_holds_is_a_gap(path, tmp_path):
    with trial("bluesky", tmp_path, posts=100, seconds=600, window_s=120) as made:
        made.clock.shift += 2 * MINUTE
        made.run(base_url=made.address + path)
        left_at = max(
            event["version"] or event["created_at"] for event in events(made.kafka.messages)
        )
        assert made.gaps == []
        made.clock.shift += 7 * MINUTE
        made.run(base_url=made.address + path)
        (gap,) = made.gaps
        assert gap.reason == "window_passed"
        assert gap.since == left_at
        assert gap.until - gap.since > 4 * MINUTE
        assert 0 < len(made.landed()) < 90


def test_a_v1_cursor_goes_on_in_v2(tmp_path):
    with trial("bluesky", tmp_path, posts=100, seconds=100) as made:
        made.clock.shift += MINUTE
        made.run()
        made.clock.shift += MINUTE
        made.run(base_url=made.address + V2)
        assert made.landed() == made.expected()
        assert made.gaps == []


def test_a_residual_filter_keeps_deletes_and_edits(tmp_path):
    with trial("bluesky", tmp_path, posts=100, edits=0.2, deletes=0.2) as made:
        made.run(watchlist=Watchlist(keywords=("no. 7",)))
        deleted = {
            event["post_id"] for event in events(made.kafka.messages) if event["op"] == "delete"
        }
        created = [
            event["text"]
            for event in events(made.kafka.messages)
            if event["op"] == "upsert" and not event["version"]
        ]
        assert created
        assert all("no. 7" in text.lower() for text in created)
        assert len(deleted) == sum(happening.kind == "delete" for happening in made.world.events)


@pytest.mark.parametrize("platform", ["hackernews", "mastodon"])
def test_an_edit_passes_the_filter_where_its_post_was_sent(tmp_path, platform):
    with trial(platform, tmp_path, posts=100, seconds=60, edits=0.5) as made:
        for _ in range(4):
            made.clock.shift += MINUTE
            made.run(watchlist=Watchlist(keywords=("no. 7",)))
        sent = [event for event in events(made.kafka.messages) if event["op"] == "upsert"]
        created = {event["post_id"] for event in sent if "no. 7" in event["text"].lower()}
        assert created
        assert {event["post_id"] for event in sent} == created


@pytest.mark.parametrize("platform", ["bluesky", "hackernews"])
def test_a_watchlist_looks_at_each_post_once(tmp_path, platform, monkeypatch):
    looks = []
    wants = Watchlist.wants
    monkeypatch.setattr(
        Watchlist, "wants", lambda *args, **lang: looks.append(args) or wants(*args, **lang)
    )
    with trial(platform, tmp_path, posts=30, edits=0.5) as made:
        report = made.run(watchlist=Watchlist(keywords=("no. 7",)))
        assert 0 < len(looks) <= report.payloads


def test_only_the_accounts_of_the_watchlist_are_asked_for(tmp_path):
    with trial("bluesky", tmp_path, posts=100) as made:
        everybody = trial("bluesky", tmp_path / "all", posts=100)
        with everybody as other:
            other.run()
            wanted = events(other.kafka.messages)[0]["author_id"]
        made.run(watchlist=Watchlist(accounts=(wanted,)))
        assert {event["author_id"] for event in events(made.kafka.messages)} == {wanted}


def test_the_mastodon_stream_brings_edits_and_deletes_by_their_uri(tmp_path):
    with trial("mastodon", tmp_path, posts=60, edits=0.3, deletes=0.3, seconds=2) as made:
        begin = made.hold()

        def never(_: float) -> None:
            raise AssertionError("a stream is never paused")

        def batches(reader):
            read = reader.read()
            yield next(read)  # connected: from now on the stream has everything
            begin()
            yield from made.until_landed(read)

        made.run(batches, once=False, sleep=never)
        assert made.landed() == made.expected()
        happened = Counter(happening.kind for happening in made.world.events)
        assert made.telemetry.records["deleted"] == happened["delete"] > 0
        assert made.telemetry.records["edited"] == happened["edit"] > 0
        assert made.telemetry.records["rejected"] == 0


def test_a_mastodon_stream_that_was_away_notes_that_changes_were_unseen(tmp_path):
    # no stream brings changes of this time later
    plot = {
        "posts": 40,
        "edits": 0.0,
        "deletes": 0.0,
        "seconds": 2,
    }
    with trial("mastodon", tmp_path, **plot, faults=(Fault("close", after=10),)) as made:
        begin = made.hold()

        def batches(reader):
            read = reader.read()
            yield next(read)
            if not made.kafka.messages:
                begin()
            yield from made.until_landed(read)

        made.run(batches, once=False)
        assert made.landed() == made.expected()
        assert made.telemetry.troubles["closed"] == 1
        assert {gap.reason.value for gap in made.gaps} == {"changes_unseen"}


def test_the_rate_limit_is_waited_for_as_the_platform_says(tmp_path, monkeypatch):
    waited = [0.0]
    watch = SimpleNamespace(monotonic=lambda: time.monotonic() + sum(waited))
    for module in (http, serving):
        monkeypatch.setattr(module, "time", watch)
    with trial("mastodon", tmp_path, posts=200, limit=3, limit_window_s=300.0) as made:
        made.run(sleep=waited.append)
        assert made.landed() == made.expected()
        assert len(waited) > 1
        assert max(waited) <= 301, (
            "no longer than the window, within the second that a Date header can say"
        )
        assert made.telemetry.troubles["http_429"] == 0


def test_a_jetstream_that_takes_long_to_connect_is_not_taken_for_one_that_is_silent(
    tmp_path, monkeypatch
):
    with trial("bluesky", tmp_path, posts=30) as made:
        passed = [0.0]
        receive = bluesky.frames

        def slowly(*about, **more):
            passed[0] += 3600
            yield None  # a heartbeat without a frame
            yield from receive(*about, **more)

        watch = bluesky.time.monotonic
        monkeypatch.setattr(bluesky, "frames", slowly)
        monkeypatch.setattr(bluesky, "time", SimpleNamespace(monotonic=lambda: watch() + passed[0]))
        made.run()
        assert made.landed() == made.expected()


@pytest.mark.parametrize("name", ["x", "facebook", "instagram", "reddit", "mastodon"])
def test_what_is_deleted_between_two_pages_keeps_no_other_post_from_being_read(name, tmp_path):
    with trial(name, tmp_path, posts=250, deletes=0.5, seconds=100) as made:
        made.clock.shift += 55_000_000

        def batches(reader):
            for batch in reader.read():
                yield batch
                made.clock.shift += 10_000_000

        made.run(batches)
        made.clock.shift += 100_000_000
        made.run()
        made.sweep()
        assert made.landed() == made.expected()
        assert made.gaps == []


@pytest.mark.parametrize("zone", ["GMT", "-0000", "+0000"])
def test_a_reset_is_measured_by_the_answers_own_clock(zone):
    headers = {
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": "2020-01-01T00:05:00.000Z",
        "date": f"Wed, 01 Jan 2020 00:00:30 {zone}",
    }
    limit = iso_reset(headers)
    assert limit is not None
    assert (limit.remaining, limit.reset_s) == (0, 270)
    assert iso_reset({**headers, "x-ratelimit-reset": "2020-01-01T00:05:00"}) == limit
    assert iso_reset({**headers, "x-ratelimit-reset": "soon"}) is None
    assert iso_reset({}) is None
    by_epoch = {"left": "0", "reset": "1577837100", "date": headers["date"]}
    assert epoch_reset(by_epoch, "left", "reset") == limit


def test_a_reset_is_measured_by_our_clock_where_the_answer_shows_none():
    soon = {"left": "0", "reset": str(machine_micros() // 1_000_000 + 3600)}
    for headers in (soon, soon | {"date": "today"}):
        limit = epoch_reset(headers, "left", "reset")
        assert limit is not None
        assert 0 < limit.reset_s <= 3600


def test_a_refused_stream_says_when_it_may_be_asked_again(tmp_path):
    headers = {
        "retry-after": "Fri, 15 Jan 2027 08:00:21 GMT",
        "date": "Fri, 15 Jan 2027 08:00:00 GMT",
    }
    telemetry = Telemetry("bluesky")
    with serving.http_server(
        lambda _: Answer({}, 503, headers), Faults(()), ("127.0.0.1", 0)
    ) as address:
        url = "ws" + address.removeprefix("http")
        context = SimpleNamespace(telemetry=telemetry, timeout_s=60.0, clock=machine_micros)
        with pytest.raises(HandshakeRefusedError) as refused:
            next(frames(url, "/subscribe", context))
    assert (refused.value.status, refused.value.wait_s) == (503, 21.0)
    assert telemetry.troubles["http_503"] == 1


@pytest.mark.parametrize(
    ("feeds", "error"),
    [
        ({"local": "disabled", "remote": "disabled"}, UsageError),
        ({"local": "authenticated", "remote": "authenticated"}, CredentialsError),
    ],
)
def test_a_closed_timeline_is_an_error_and_no_empty_list(feeds, error, tmp_path, monkeypatch):
    monkeypatch.setattr(
        mastodon,
        "instance_facts",
        lambda _: {"configuration": {"timelines_access": {"live_feeds": feeds}}},
    )
    with trial("mastodon", tmp_path, posts=5) as made, pytest.raises(error):
        made.run(secrets={})


def test_an_item_that_stays_null_is_asked_for_again_and_then_a_gap(tmp_path, monkeypatch):
    with trial("hackernews", tmp_path, posts=30, faults=(Fault("null", after=5, times=3),)) as made:
        made.run()
        assert made.telemetry.troubles["null"] == 3
        assert made.landed() == made.expected(), "asked for again within the run"
    with trial("hackernews", tmp_path / "never", posts=30) as made:
        monkeypatch.setattr(
            made.world,
            "posts",
            lambda posts=made.world.posts: {n: p for n, p in posts().items() if n != 7},
        )
        made.run()
        assert made.gaps == []
        made.clock.shift += hackernews.GIVE_UP + MINUTE
        made.run()
        assert {gap.reason.value for gap in made.gaps} == {"not_answered", "changes_unseen"}
        assert len(made.landed()) == len(made.expected()) - 1


def test_a_vouched_item_comes_back_but_not_out_of_a_cache(tmp_path):
    with trial("hackernews", tmp_path, posts=20, deletes=1.0) as made:
        made.run()
        assert made.landed() == []
        alive = made.world.posts()
        made.world.by_number = {
            n: type(p)(p.number, p.author, p.text, p.created_at, p.changed_at)
            for n, p in alive.items()
        }
        made.run()
        assert made.landed() == []
        made.clock.shift += 11 * MINUTE
        made.run()
        assert len(made.landed()) == 20


def test_x_is_swept_by_a_compliance_job_and_pays_once_for_what_may_have_been_edited(tmp_path):
    with trial("x", tmp_path, posts=200, edits=0.2, deletes=0.2, seconds=100) as made:
        made.clock.shift += 60 * 1_000_000
        made.run()
        made.clock.shift += 40 * MINUTE
        money = {"usd": Limit(100, "month")}
        with made.store() as store:
            posts = store.due_for_check(now=made.clock(), first=0, limit=10**6)
        assert len(posts) > 100, "more than one look-up holds"
        made.run(lambda reader: reader.refetch(posts), limits=money)
        assert {post for post in made.landed() if post not in made.expected()} == set()
        reasons = [
            json.loads(event["raw"])["reason"]
            for event in events(made.kafka.messages)
            if event["op"] == "delete"
        ]
        assert set(reasons) == {"deleted"}, "as the job says, not as a look-up would"
        with made.store() as store:
            month = f"{datetime.fromtimestamp(made.clock() / 1e6, UTC):%Y-%m}"
            paid = store.spent("usd", month)
            assert paid >= 0.005 * (len(posts) - len(reasons))
            store.mark_checked([post.post_id for post in posts], now=made.clock())
            again = store.unchecked(since=made.clock() + 1, limit=10**6)
        assert 0 < len(again) < len(posts)
        made.run(lambda reader: reader.refetch(again), limits=money)
        with made.store() as store:
            assert store.spent("usd", month) == paid, "no longer editable: the job alone"


def test_where_x_refuses_jobs_it_is_swept_by_looking_at_each_post(tmp_path, monkeypatch):
    monkeypatch.setattr(x.ComplianceJobs, "respond", lambda *_: Answer({"title": "Forbidden"}, 403))
    with trial("x", tmp_path, posts=150, edits=0.2, deletes=0.2, seconds=100) as made:
        made.clock.shift += 60 * 1_000_000
        made.run()
        made.clock.shift += 60 * 1_000_000
        made.run()
        made.sweep()
        assert made.telemetry.troubles["http_403"] == 1
        assert made.landed() == made.expected()


def test_a_job_of_x_that_fails_is_a_named_error_without_its_signed_address(tmp_path, monkeypatch):
    with trial("x", tmp_path, posts=20) as made:
        made.run()

        def fails(jobs, request):
            for job in jobs.jobs.values():
                job["status"] = "failed"
            return Answer(b"")

        monkeypatch.setattr(x.ComplianceJobs, "file", fails)
        with pytest.raises(ReadError, match="compliance job of X has no result") as failed:
            made.sweep()
        assert x.SIGNATURE not in str(failed.value)
        assert made.telemetry.troubles["job_failed"] > 0
        assert len(made.landed()) == len(made.expected()), "nothing is taken for deleted"
