"""A web page that the user happens to visit reaches neither the API nor the dashboard."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

PAGE = b"<!doctype html><title>another site</title>"
_FETCH = """async ([url, options]) => {
  try {
    const answer = await fetch(url, options);
    return [answer.type, answer.status, await answer.text()];
  } catch (error) { return ["error", 0, String(error)]; }
}"""
_SOCKET = """url => new Promise(done => {
  const socket = new WebSocket(url, ["streamlit"]);
  socket.onopen = () => done("open");
  socket.onerror = () => done("error");
})"""


@pytest.fixture
def stranger(browser):
    """Return a tab on a page of another origin, which has this machine as its host too."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{server.server_address[1]}/")
    try:
        yield page
    finally:
        context.close()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({}, id="read"),
        pytest.param({"mode": "no-cors"}, id="read without cors"),
        pytest.param(
            {"method": "POST", "body": '{"text":"x"}', "headers": {"Content-Type": "text/plain"}},
            id="a form's post",
        ),
        pytest.param(
            {
                "method": "POST",
                "body": '{"text":"x"}',
                "headers": {"Content-Type": "application/json"},
            },
            id="a post that asks first",
        ),
    ],
)
@pytest.mark.parametrize("path", ["/v1/query?metric=volume", "/v1/posts", "/v1/sentiment"])
def test_a_page_reaches_nothing_of_the_api(stranger, api, path, options):
    before = len(api.log())
    kind, status, text = stranger.evaluate(_FETCH, [f"{api.address}{path}", options])
    assert kind in {"error", "opaque"}
    assert status == 0
    assert "posts" not in text
    # The browser hides an answer from the page, but here there is none.
    assert [line["status"] for line in api.log()[before:] if line["status"] < 400] == []


def test_another_name_of_this_machine_is_refused(browser, api):
    """DNS rebinding fails: a foreign name that leads to loopback is not the API's name."""
    answer = api.get("/v1/query?metric=volume", {"Host": f"rebound.example:{api.port}"})
    assert answer.status == 421


def test_a_page_cannot_talk_to_the_dashboard(stranger, dashboard):
    url = dashboard.replace("http", "ws") + "/_stcore/stream"
    assert stranger.evaluate(_SOCKET, url) == "error"
