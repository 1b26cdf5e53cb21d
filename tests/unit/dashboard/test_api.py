"""The dashboard asks the API over a real socket with its ETags, and failures have a kind."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dashboard.api import Answers, Api, ApiError, Kept, connect, question
from local.host.ports import free_ports


class Lake:
    """A server that answers every question with its state, as the API does."""

    def __init__(self) -> None:
        self.version = 1
        self.status = 200
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.detail = "because"


@contextmanager
def served(lake: Lake) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers.get("If-None-Match")
            lake.asked.append((self.path, known, self.headers.get("Authorization")))
            etag = f'"{lake.version}"'
            is_known = lake.status == 200 and known == etag
            self.send_response(304 if is_known else lake.status)
            body = {"version": lake.version} if lake.status == 200 else {"detail": lake.detail}
            written = b"" if is_known else json.dumps(body).encode()
            self.send_header("ETag", etag)
            self.send_header("Content-Length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def lake():
    return Lake()


@pytest.fixture
def api(lake):
    with served(lake) as url, connect(url, "es_key") as client:
        yield Api(client)


ASKED = question("/v1/query", step="day", platform="", limit=None, from_="2026-03-04")


def test_a_question_leaves_out_what_is_not_chosen(api, lake):
    assert api.get(ASKED) == {"version": 1}
    assert lake.asked == [("/v1/query?from=2026-03-04&step=day", None, "Bearer es_key")]


def test_an_answer_that_holds_is_not_sent_again(api, lake):
    api.get(ASKED)
    assert not api.has_changed()
    assert api.get(ASKED) == {"version": 1}
    assert [known for _, known, _ in lake.asked] == [None, '"1"', '"1"']


def test_a_commit_is_noticed_and_then_shown(api, lake):
    api.get(ASKED)
    lake.version = 2
    assert api.has_changed()
    assert api.get(ASKED) == {"version": 2}
    assert not api.has_changed()


def test_what_the_page_before_asked_is_forgotten(api, lake):
    other = question("/v1/quality")
    api.get(ASKED)
    api.begin()
    api.get(other)
    api.begin()
    assert list(api.kept) == [other]
    assert not api.has_changed()
    assert len(lake.asked) == 2


def test_a_new_tab_asks_whether_the_answers_of_others_hold(api, lake):
    api.get(ASKED)
    other = Api(api.client, api.answers)
    assert other.get(ASKED) == {"version": 1}
    assert not other.has_changed()
    assert [known for _, known, _ in lake.asked] == [None, '"1"', '"1"']


def test_tabs_share_an_answer_for_a_moment_and_ask_again_after_it(api, lake):
    seconds = [0.0]
    answers = Answers(holds_s=1.5, now=lambda: seconds[0])
    tabs = [Api(api.client, answers) for _ in range(3)]
    assert [tab.get(ASKED) for tab in tabs] == [{"version": 1}] * 3
    assert len(lake.asked) == 1
    lake.version = 2
    seconds[0] = 1.4
    assert not tabs[0].has_changed()
    seconds[0] = 1.5
    assert [tab.has_changed() for tab in tabs] == [True] * 3
    assert [tab.get(ASKED) for tab in tabs] == [{"version": 2}] * 3
    assert len(lake.asked) == 2
    seconds[0] = 3.0
    assert [tab.has_changed() for tab in tabs] == [False] * 3  # one 304 confirms it for all tabs
    assert len(lake.asked) == 3


def test_answers_are_not_held_for_ever():
    answers = Answers(most=2)
    kept = [Kept(str(number)) for number in range(3)]
    for number, answer in enumerate(kept):
        answers.put(question("/", n=number + 1), answer)
    assert answers.get(question("/", n=1)) == Kept()
    assert answers.get(question("/", n=3)) is kept[2]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, "key"),
        (403, "scope"),
        (404, "missing"),
        (422, "refused"),
        (429, "limited"),
        (500, "refused"),
        (503, "busy"),
        (504, "busy"),
    ],
)
def test_a_refusal_has_a_kind(api, lake, status, kind):
    lake.status = status
    with pytest.raises(ApiError) as met:
        api.get(ASKED)
    assert (met.value.kind, met.value.detail) == (kind, "because")
    assert not api.has_changed()
    lake.status = 200
    assert api.has_changed()


def test_nobody_there_is_away():
    nobody = connect(f"http://127.0.0.1:{free_ports(1)[0]}")
    with nobody, pytest.raises(ApiError) as met:
        Api(nobody).get(ASKED)
    assert met.value.kind == "away"


def test_an_api_that_goes_away_leaves_what_is_shown(api, lake):
    api.get(ASKED)
    lake.status = 503
    with pytest.raises(ApiError):
        api.has_changed()
    lake.status = 200
    assert not api.has_changed()
