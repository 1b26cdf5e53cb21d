"""Every reader handles listings with short pages or without an end, by a table of both."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from foundation.errors import ListingCutError
from ingestion.config.watchlists import Watchlist
from ingestion.metrics import Telemetry
from ingestion.producer.sweep import sweep
from ingestion.reader import Reader, SourceBatch
from ingestion.readers.clients.http import Http
from ingestion.readers.clients.http import Limit as RateLimit
from ingestion.readers.clients.pages import MOST_BARREN, ListingCuts, ListingGuard
from ingestion.readers.clients.responses import StatusError, retry_after, retry_decision
from ingestion.simulators.server.http import Answer, Request, http_server
from ingestion.simulators.server.state import Faults
from ingestion.state.budget import Budget, Limit
from tests.support.live import Clock, Trial, events, without_pauses

LISTING = Request("/rest/posts", {"start": ["0"]}, {})
SECOND = 1_000_000
HOUR = 3600 * SECOND
ROOT = "urn:li:share:7000000000000000001"

Script = Callable[
    [int], tuple[list[int], int | None]
]  # place of a page → its posts, and the place that it names as the next


@pytest.fixture(autouse=True)
def without_waiting() -> Iterator[None]:
    with without_pauses():
        yield


def iso(at: int) -> str:
    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def x(script: Script, request: Request, at: int) -> Answer | None:
    posts, following = script(int(request.one("next_token", "0")))
    data = [
        {"id": str(1985 * 10**15 + n), "text": f"post {n}", "author_id": "5", "created_at": iso(at)}
        for n in posts
    ]
    meta = {"result_count": len(data)} | (
        {"next_token": str(following)} if following is not None else {}
    )
    return Answer(({"data": data} if data else {}) | {"meta": meta})


def graph(posts: list[dict[str, Any]], following: int | None) -> Answer:
    paging = {
        "cursors": {"after": str(following)},
        "next": "https://elsewhere.example/next?access_token=t",
    }
    return Answer({"data": posts} | ({"paging": paging} if following is not None else {}))


def said_on_facebook(number: int, at: int, comments: int = 0) -> dict[str, Any]:
    about = {
        "created_time": iso(at),
        "updated_time": iso(at),
        "comments": {"summary": {"total_count": comments}},
    }
    return {"id": f"1000_{number}", "message": f"post {number}", **about}


def facebook(script: Script, request: Request, at: int) -> Answer | None:
    posts, following = script(int(request.one("after", "0")))
    return graph([said_on_facebook(number, at) for number in posts], following)


def facebook_comments(script: Script, request: Request, at: int) -> Answer | None:
    if request.path.endswith("/published_posts"):
        return graph([said_on_facebook(999, at, comments=5)], None)
    return facebook(script, request, at)


def instagram(script: Script, request: Request, at: int) -> Answer | None:
    if not request.path.endswith("/recent_media"):
        return graph([{"id": "178", "name": "simulated"}], None)
    posts, following = script(int(request.one("after", "0")))
    media = [
        {"id": str(n), "caption": f"post {n}", "media_type": "IMAGE", "timestamp": iso(at)}
        for n in posts
    ]
    return graph(media, following)


def reddit_listing(listing: str) -> Callable[[Script, Request, int], Answer | None]:
    def answer(script: Script, request: Request, at: int) -> Answer | None:
        if request.path.endswith("/access_token"):
            return Answer(
                {"access_token": "t", "token_type": "bearer", "expires_in": 86400, "scope": "*"}
            )
        is_other = not request.path.endswith(f"/{listing}")
        posts, following = ([], None) if is_other else script(int(request.one("after", "0")))
        things = [
            {
                "kind": "t1",
                "data": {
                    "name": f"t1_{n}",
                    "id": str(n),
                    "body": f"post {n}",
                    "author": "a",
                    "created_utc": at // SECOND,
                    "subreddit": "s",
                    "link_id": "t3_1",
                    "parent_id": "t3_1",
                    "permalink": f"/r/s/comments/1/_/{n}/",
                },
            }
            for n in posts
        ]
        return Answer(
            {"kind": "Listing", "data": {"after": str(following or "") or None, "children": things}}
        )

    return answer


def linkedin_page(items: list[dict[str, Any]], following: int | None) -> Answer:
    links = (
        [{"rel": "next", "href": f"/rest/posts?start={100 * following}"}]
        if following is not None
        else []
    )
    return Answer({"elements": items, "paging": {"count": 100, "links": links}})


def linkedin(script: Script, request: Request, at: int) -> Answer | None:
    if not request.path.endswith("/posts"):
        return Answer({"elements": []})
    place = -(-int(request.one("start")) // 100)  # pages overlap
    posts, following = script(place)
    about = {
        "author": "urn:li:organization:1",
        "lifecycleState": "PUBLISHED",
        "visibility": "PUBLIC",
    }
    times = {"createdAt": at // 1000, "lastModifiedAt": at // 1000}
    items = [
        {"id": f"urn:li:share:{7 * 10**18 + n}", "commentary": f"post {n}", **about, **times}
        for n in posts
    ]
    return linkedin_page(items, following)


def linkedin_comments(script: Script, request: Request, at: int) -> Answer | None:
    if request.path.endswith("/posts"):
        return linkedin((lambda place: ([1], None) if place == 0 else ([], None)), request, at)
    posts, following = script(-(-int(request.one("start")) // 100))
    items = [
        {
            "id": str(n),
            "actor": "urn:li:person:a",
            "object": ROOT,
            "created": {"time": at // 1000},
            "message": {"text": f"post {n}"},
            "commentUrn": f"urn:li:comment:({ROOT},{n})",
        }
        for n in posts
    ]
    return linkedin_page(items, following)


def mastodon(script: Script, request: Request, at: int) -> Answer | None:
    if request.path.endswith("/instance"):
        return Answer({"configuration": {}})
    asked = int(request.one("min_id"))
    posts, following = script(max(0, asked - 10**18))
    statuses = [
        {
            "id": str(10**18 + n),
            "uri": f"https://here.example/{n}",
            "content": f"post {n}",
            "visibility": "public",
            "created_at": iso(at),
            "account": {"acct": "a"},
        }
        for n in posts
    ]
    link = (
        f'<https://here.example/api?min_id={10**18 + following}>; rel="prev"'
        if following is not None
        else ""
    )
    return Answer(statuses, headers={"link": link} if link else {})


DIALECTS: dict[str, tuple[str, Callable[[Script, Request, int], Answer | None]]] = {
    "x": ("x", x),
    "facebook": ("facebook", facebook),
    "facebook comments": ("facebook", facebook_comments),
    "instagram": ("instagram", instagram),
    "reddit": ("reddit", reddit_listing("new")),
    "reddit comments": ("reddit", reddit_listing("comments")),
    "linkedin": ("linkedin", linkedin),
    "linkedin comments": ("linkedin", linkedin_comments),
    "mastodon": ("mastodon", mastodon),
}


class Asked:
    """The requests to a fake platform, in order, or only those for the listing."""

    def __init__(self, dialect: str, script: Script, clock: Callable[[], int]) -> None:
        self.places: list[int] = []
        self._answer = DIALECTS[dialect][1]
        self._script = script
        self._at = clock() - 60 * SECOND
        self._lock = threading.Lock()

    def respond(self, request: Request) -> Answer:
        with self._lock:
            answer = self._answer(self._page, request, self._at)
        assert answer is not None
        return answer

    def _page(self, place: int) -> tuple[list[int], int | None]:
        self.places.append(place)
        return self._script(place)


@contextmanager
def fake(dialect: str, script: Script, folder: Path) -> Iterator[tuple[Trial, Asked]]:
    """Return a platform whose listing is a script, and producers that read it."""
    clock = Clock()
    asked = Asked(dialect, script, clock)
    nothing = Any
    with http_server(asked.respond, Faults(()), ("127.0.0.1", 0)) as address:
        yield Trial(DIALECTS[dialect][0], address, nothing, folder, clock), asked


class EnoughError(Exception):
    """Ends a producer that would run for ever."""


def sent(made: Trial) -> list[str]:
    """Return the texts of the script's posts, as often as they were sent."""
    texts = [event["text"] for event in events(made.kafka.messages) if event["op"] == "upsert"]
    return sorted(text for text in texts if text not in ("post 999",))


def short(place: int) -> tuple[list[int], int | None]:
    """Return pages with fewer posts than asked for, one of them empty, and posts after it."""
    return [([1, 2], 1), ([3], 2), ([], 3), ([4, 5], None)][place]


def shifted(place: int) -> tuple[list[int], int | None]:
    """Return pages that shift, because a new post pushes others onto the next one."""
    return [([1, 2], 1), ([2, 3], 2), ([3, 4], None)][place]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_short_page_and_an_empty_one_are_not_the_last(dialect, tmp_path):
    with fake(dialect, lambda place: short(place) if place < 4 else ([], None), tmp_path) as (
        made,
        _,
    ):
        made.run()
        # the post that has the comments
        extra = ["post 1"] if dialect == "linkedin comments" else []
        assert sent(made) == sorted(["post 1", "post 2", "post 3", "post 4", "post 5", *extra])
        assert made.gaps == []
        assert not made.telemetry.troubles


@pytest.mark.parametrize("dialect", DIALECTS)
def test_pages_that_overlap_in_part_are_no_circle(dialect, tmp_path):
    with fake(dialect, lambda place: shifted(place) if place < 3 else ([], None), tmp_path) as (
        made,
        _,
    ):
        made.run()
        assert set(sent(made)) == {"post 1", "post 2", "post 3", "post 4"}
        assert made.gaps == []
        made.run()  # it starts again from the first page, which is no circle either
        assert made.gaps == []


ENDLESS: dict[str, Script] = {
    "two pages in turn": lambda place: ([1], 1) if place % 2 == 0 else ([2], 2),
    "the place is ignored and the order changes": lambda place: (
        [1, 2][:: 1 if place % 2 else -1],
        place + 1,
    ),
    "empty pages": lambda place: ([], place + 1),
    "posts, then empty pages": lambda place: ([1], 1) if place == 0 else ([], place + 1),
}


@pytest.mark.parametrize("kind", ENDLESS)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_pages_without_an_end_are_cut_by_name_with_a_gap_and_nothing_is_sent_or_paid_twice(
    dialect, kind, tmp_path
):
    with fake(dialect, ENDLESS[kind], tmp_path) as (made, asked):
        with pytest.raises(ListingCutError, match="noted as a gap"):
            made.run(limits={"usd": Limit(10, "month")})
        assert len(asked.places) <= MOST_BARREN + 1
        assert made.telemetry.troubles["stuck"] == 1
        assert made.telemetry.troubles["begun_anew"] == 0
        assert {gap.reason.value for gap in made.gaps} == {"truncated"}
        texts = sent(made)
        if dialect == "linkedin comments":
            texts.remove("post 1")
        assert len(texts) == len(set(texts))


@pytest.mark.parametrize("dialect", ["x", "mastodon", "linkedin", "reddit"])
def test_a_producer_that_goes_on_outlives_an_endless_listing(dialect, tmp_path):
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 8:
            raise EnoughError

    with fake(dialect, ENDLESS["two pages in turn"], tmp_path) as (made, asked):
        with pytest.raises(EnoughError):
            made.run(once=False, sleep=sleep)
        assert len(asked.places) <= 3 * (MOST_BARREN + 1)
        assert made.telemetry.troubles["stuck"] == 3, (
            "in the first round, the third and the seventh"
        )
        assert made.telemetry.troubles["begun_anew"] == 0
        assert len({(gap.source, gap.since, gap.reason) for gap in made.gaps}) == len(made.gaps) > 0


@pytest.mark.parametrize("once", [False, True])
def test_only_a_producer_that_goes_on_begins_anew_where_a_reader_breaks_off_at_a_listing(
    once, tmp_path
):
    tries: list[Reader] = []

    def batches(reader: Reader) -> Iterator[SourceBatch]:
        tries.append(reader)
        if len(tries) < 3:
            raise ListingCutError("no end")
        yield from ()

    with (
        fake("mastodon", short, tmp_path) as (made, _),
        pytest.raises(ListingCutError) if once else nullcontext(),
    ):
        made.run(batches, once=once)
    assert len(tries) == (1 if once else 3)


def test_facebook_is_asked_for_a_next_page_without_a_cursor_by_its_parameters_alone(tmp_path):
    asked: list[dict[str, list[str]]] = []
    clock = Clock()

    def respond(request: Request) -> Answer:
        asked.append(dict(request.query))
        post = said_on_facebook(2 if request.one("until") == "5" else 1, clock())
        following = "https://elsewhere.example/v1/other?access_token=s3cr3t&limit=1&until=5&__paging_token=z"
        return Answer({"data": [post], "paging": {"next": following} if len(asked) == 1 else {}})

    with http_server(respond, Faults(()), ("127.0.0.1", 0)) as address:
        made = Trial("facebook", address, Any, tmp_path, clock)
        made.run()
    assert sent(made) == ["post 1", "post 2"]
    first, second = asked
    assert second == {**first, "until": ["5"], "__paging_token": ["z"]}


def test_a_next_page_that_says_nothing_to_ask_by_is_a_gap(tmp_path):
    def respond(_: Request) -> Answer:
        return Answer(
            {
                "data": [said_on_facebook(1, clock())],
                "paging": {"next": "https://elsewhere.example/?x=1"},
            }
        )

    clock = Clock()
    with http_server(respond, Faults(()), ("127.0.0.1", 0)) as address:
        made = Trial("facebook", address, Any, tmp_path, clock)
        with pytest.raises(ListingCutError, match="without saying where it begins"):
            made.run()
    assert sent(made) == ["post 1"]
    assert [gap.reason.value for gap in made.gaps] == ["truncated"]


@pytest.mark.parametrize("capped", [False, True])
def test_linkedin_reads_on_until_an_empty_page_where_no_links_are_named(capped, tmp_path):
    """`capped`: the platform returns shorter pages than it was asked for, and does not say so."""

    def respond(request: Request) -> Answer:
        if not request.path.endswith("/posts"):
            return Answer({"elements": []})
        start = int(request.one("start"))
        shown = [
            n
            for n in range(start, start + (50 if capped else 100))
            if n < 250 and (capped or n != 57)
        ]
        found = linkedin(lambda _: (shown, None), request, clock())
        return Answer({"elements": found.body["elements"]}) if found else Answer({})

    clock = Clock()
    with http_server(respond, Faults(()), ("127.0.0.1", 0)) as address:
        made = Trial("linkedin", address, Any, tmp_path, clock)
        made.run()
    assert len(sent(made)) == len(set(sent(made))) == (250 if capped else 249)
    assert made.gaps == []


def test_hacker_news_items_that_are_all_null_are_left_for_later(tmp_path):
    newest = [40]

    def respond(request: Request) -> Answer:
        number = request.path.rpartition("/")[2].removesuffix(".json")
        if not number.isdecimal():
            return Answer(newest[0] if number == "maxitem" else {"items": [], "profiles": []})
        item = {
            "id": int(number),
            "type": "story",
            "title": f"post {number}",
            "time": clock() // SECOND,
            "by": "a",
        }
        asked.append(int(number))
        return Answer(item if int(number) <= 40 else b"null")

    clock = Clock()
    asked = []
    with http_server(respond, Faults(()), ("127.0.0.1", 0)) as address:
        made = Trial("hackernews", address, Any, tmp_path, clock)
        made.run()
        newest[0] = 50_000
        before = len(asked)
        with pytest.raises(ListingCutError):
            made.run()
        assert len(asked) - before <= 64 * (MOST_BARREN + 1)
        assert "truncated" in {gap.reason.value for gap in made.gaps}
        newest[0] = 40
        made.run()
        assert len(made.kafka.messages) == 40


def test_where_cursors_repeat_only_items_tell():
    telemetry = SimpleNamespace(trouble=lambda _: None)
    pages = ListingGuard("here", SimpleNamespace(telemetry=telemetry), cursors_repeat=True)
    assert pages.check([{"id": 1}, {"id": 2}], "same") == [{"id": 1}, {"id": 2}]
    assert pages.check([], "same") == []
    assert pages.check([{"id": 2}, {"id": 3}], "same") == [{"id": 3}]
    with pytest.raises(ListingCutError):
        pages.check([{"id": 1}, {"id": 3}], "same")


def test_a_listing_that_was_cut_is_left_out_of_ever_more_rounds_and_read_as_before_once_it_ends():
    def cut() -> Iterator[int]:
        yield 1
        raise ListingCutError("no end")

    def rounds(pages: Callable[[], Iterator[int]], count: int) -> list[int]:
        asked = []
        for number in range(count):
            if not cuts.skips("s"):
                cuts.begin()
                list(cuts.until_cut(pages()))
                cuts.gap("s", 0, 1)
                asked.append(number)
            assert not cuts.skips("another")
        return asked

    cuts = ListingCuts()
    assert rounds(cut, 95) == [0, 2, 6, 14, 30, 62, 94]
    assert rounds(lambda: iter([1]), 34) == [31, 32, 33]
    assert rounds(cut, 4) == [0, 2]


def test_memory_of_pages_is_bounded_and_counts_of_a_post_do_not_make_it_another():
    trouble: list[str] = []
    pages = ListingGuard("here", SimpleNamespace(telemetry=SimpleNamespace(trouble=trouble.append)))
    for number in range(100_050):
        pages.check([{"id": number}], number)
    assert len(pages.seen) <= 100_000
    with pytest.raises(ListingCutError):
        pages.check([{"id": 100_049, "likes": 7}], "new")
    assert trouble == ["stuck"]


def test_a_sweep_ends_where_the_clock_is_set_back_meanwhile(tmp_path):
    with fake("mastodon", lambda place: ([1], 1) if place == 0 else ([], None), tmp_path) as (
        made,
        _,
    ):
        made.run()
        with made.store() as store:
            looked: list[int] = []
            live = SimpleNamespace(
                store=store,
                platform=SimpleNamespace(sweeps_at_once=10),
                report=SimpleNamespace(stopped=None),
            )
            live.run = lambda _: looked.append(1) or live.report
            times = iter([10**16, *[1000] * 3])
            sweep(live, lambda: next(times), everything=True)
            assert looked == [1]


def test_an_odd_time_in_the_middle_of_a_page_ends_no_listing(tmp_path):
    def answer(_: Request) -> Answer:
        found = linkedin(lambda _: ([1, 2, 3], None), LISTING, clock())
        assert found is not None
        found.body["elements"][1]["lastModifiedAt"] = (clock() - 9_000 * HOUR) // 1000
        return found

    def respond(request: Request) -> Answer:
        if not request.path.endswith("/posts"):
            return Answer({"elements": []})
        if request.one("start") == "0":
            return answer(request)
        more = linkedin(lambda place: ([4], None) if place == 1 else ([], None), request, clock())
        assert more is not None
        return more

    clock = Clock()
    with http_server(respond, Faults(()), ("127.0.0.1", 0)) as address:
        made = Trial("linkedin", address, Any, tmp_path, clock)
        made.run()
    assert sent(made) == ["post 1", "post 2", "post 3", "post 4"]


def test_reddit_is_asked_again_when_it_says_although_its_library_tries_again_by_itself(tmp_path):
    refusals = iter([{"retry-after": "21"}, {"retry-after": "soon"}])

    def respond(request: Request) -> Answer:
        if request.path.endswith("/new") and (headers := next(refusals, None)):
            return Answer({}, 503, headers)
        found = reddit_listing("new")(lambda _: ([1], None), request, clock())
        assert found is not None
        return found

    clock = Clock()
    with http_server(respond, Faults(()), ("127.0.0.1", 0)) as address:
        made = Trial("reddit", address, Any, tmp_path, clock)
        made.run()
    assert made.waits == [21.0]
    assert sent(made) == ["post 1"]


SOURCES: dict[str, dict[str, tuple[str, ...]]] = {
    "x": {"queries": ("a", "b")},
    "facebook": {"pages": ("1000", "2000")},
    "facebook comments": {"pages": ("1000", "2000")},
    "instagram": {"hashtags": ("a", "b")},
    "reddit": {"subreddits": ("a", "b")},
    "linkedin": {"accounts": ("urn:li:organization:1", "urn:li:organization:2")},
    "mastodon": {"hashtags": ("a", "b")},
}


@pytest.mark.parametrize("dialect", SOURCES)
def test_what_is_fetched_beside_a_listing_without_an_end_comes_all_the_same(dialect, tmp_path):
    with fake(dialect, ENDLESS["two pages in turn"], tmp_path) as (made, _):
        now = made.clock()
        with pytest.raises(ListingCutError):
            made.run(
                lambda reader: reader.between(now - HOUR, now),
                watchlist=Watchlist(**SOURCES[dialect]),
            )
        assert made.telemetry.troubles["stuck"] == 2


NOW = 1_800_000_000  # Fri, 15 Jan 2027 08:00:00 GMT


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        ({"retry-after": "21"}, 21),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "Fri, 15 Jan 2027 08:00:21 GMT"}, 21),
        (
            {
                "retry-after": "Fri, 15 Jan 2027 08:00:21 GMT",
                "date": "Fri, 15 Jan 2027 08:00:01 GMT",
            },
            20,
        ),
        ({"retry-after": "Friday, 15-Jan-27 08:00:21 GMT"}, 21),
        ({"retry-after": "Fri Jan 15 08:00:21 2027"}, 21),
        ({"retry-after": "Fri, 15 Jan 2027 10:00:21 +0200", "date": "garbage"}, 21),
        (
            {
                "retry-after": "Fri, 15 Jan 2027 08:00:21 -0000",
                "date": "Fri, 15 Jan 2027 08:00:01 -0000",
            },
            20,
        ),
        ({"retry-after": "Fri, 15 Jan 2027 07:59:00 GMT"}, None),
        ({"retry-after": "Fri, 99 Jan 2027 07:59:00 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e999"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers, wait_s):
    assert retry_after(headers, NOW * SECOND) == wait_s


@pytest.mark.parametrize(
    ("status", "wait_s", "answer"),
    [
        (429, 21.0, 21.0),
        (503, 21.0, 21.0),
        (503, 10**9, 960.0),
        (503, None, True),
        (500, 21.0, True),
        (404, 21.0, False),
    ],
)
def test_who_is_told_when_to_ask_again_waits_as_long_within_bounds(status, wait_s, answer):
    assert retry_decision(StatusError(status, "/path", wait_s)) == answer


@pytest.mark.parametrize(
    ("status", "headers", "wait_s"),
    [
        (429, {"retry-after": "30"}, 30),
        (503, {"retry-after": "30"}, 30),
        (503, {"retry-after": "soon"}, None),
        (503, {"x-rate": "300"}, None),
        (429, {"x-rate": "300"}, 300),
        (429, {"x-rate": "300", "retry-after": "soon"}, 300),
        (429, {"x-rate": "300", "retry-after": "30"}, 30),
    ],
)
def test_the_client_takes_what_the_answer_says_before_the_rate_limit(
    status, headers, wait_s, tmp_path
):
    def limit_of(said: Mapping[str, str]) -> RateLimit | None:
        return RateLimit(remaining=5, reset_s=float(said["x-rate"])) if "x-rate" in said else None

    with http_server(
        lambda _: Answer({}, status, headers), Faults(()), ("127.0.0.1", 0)
    ) as address:
        made = Trial("mastodon", address, Any, tmp_path, Clock())
        made.telemetry = Telemetry("mastodon")
        with made.store() as store:
            context = made.context(store, Budget({}, store, made.clock))
            with (
                Http(address, context, limit_of=limit_of) as client,
                pytest.raises(StatusError) as refused,
            ):
                client.get("/path")
    assert refused.value.wait_s == wait_s
