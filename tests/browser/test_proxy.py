"""API and dashboard work behind the proxy of docker-compose.yml, nginx with deploy/proxy.conf.

The services of the profile `web` run here without containers. The API asks everybody for a key, as
it does in a container, where it has no loopback address.
"""

import base64
import socket
import time

import pytest
from playwright.sync_api import expect

from foundation.settings import Settings
from local.compose_web import make_web_secrets
from local.host.ports import free_ports
from tenancy.database import Database
from tests.support.api import serving
from tests.support.browser import PATIENCE_MS, SIZES, Visit
from tests.support.browser import dashboard as dashboard_of
from tests.support.proxy import program, proxying

pytestmark = pytest.mark.nightly
QUERY = "/v1/query?metric=volume"
_SECONDS = 60.0
_UPLOAD = b'{"text": "A good coffee."}\n' * 200_000
_GIB = 1_073_741_824


@pytest.fixture(scope="module")
def proxy(lake, tmp_path_factory):
    """Run the proxy before an API that demands keys, and a dashboard that has one."""
    program()
    run = tmp_path_factory.mktemp("run")
    folder = tmp_path_factory.mktemp("proxy")
    for name in ("tls", "sign-in", "dashboard"):
        (run / name).mkdir()
    port = free_ports(1)[0]
    host = f"localhost:{port}"
    database = Database(Settings(home=lake.home).control_database)
    make_web_secrets(host, database, run)
    database.close()
    with (
        pytest.MonkeyPatch.context() as patch,
        serving(
            lake.home, keyless_loopback=False, allowed_hosts=[host], serving__min_authors=1
        ) as api,
    ):
        patch.setenv("ECHOSTREAM_DASHBOARD__ALLOWED_HOSTS", f'["{host}"]')
        key_file = str(run / "dashboard" / "api.key")
        with (
            dashboard_of(lake.home, api.address, "--api-key-file", key_file) as dashboard,
            proxying(folder, run, port=port, api=api.address, dashboard=dashboard) as started,
        ):
            yield started, api, run


@pytest.fixture
def answers(proxy):
    return proxy[0]


def sign_in(run):
    """Return user and password as the operator reads them."""
    user, _, word = (run / "sign-in/users").read_text().strip().partition(":")
    return {"username": user, "password": word.removeprefix("{PLAIN}")}


def basic(run):
    word = ":".join(sign_in(run).values())
    return f"Basic {base64.b64encode(word.encode()).decode()}"


def test_a_page_lives_behind_the_proxy(browser, proxy):
    started, _, run = proxy
    context = browser.new_context(
        viewport={"width": 1280, "height": SIZES[1280]},
        ignore_https_errors=True,
        http_credentials=sign_in(run),
    )
    visit = Visit(context.new_page(), f"https://{started.host}")
    try:
        with visit.page.expect_websocket() as opening:
            page = visit.open("/")
        expect(page.locator("h1")).to_have_text("Overview", timeout=PATIENCE_MS)
        page.get_by_role("link", name="Sentiment").click()  # the page asks over the WebSocket
        expect(page.locator("h1")).to_have_text("Sentiment", timeout=PATIENCE_MS)
        visit.drawn()
        assert opening.value.url.startswith(f"wss://{started.host}/")
        assert not opening.value.is_closed()
        assert all(cookie["secure"] for cookie in context.cookies())
    finally:
        context.close()
    assert visit.errors == []
    assert visit.hosts - {""} == {started.host}


def test_the_dashboard_asks_to_sign_in_and_forbids_other_hosts_to_the_page(proxy):
    started, _, run = proxy
    refused = started.get("/")
    assert refused.status == 401
    assert refused.headers["content-security-policy"].startswith("default-src 'none'")
    page = started.get("/", Authorization=basic(run))
    assert page.status == 200
    assert page.headers["content-security-policy"].startswith("default-src 'self'")
    assert page.headers["x-frame-options"] == "DENY"
    for answer in (refused, page):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "strict-transport-security" not in answer.headers  # it would bind every port
    assert started.get("/metrics", Authorization=basic(run)).status == 404


def test_the_api_asks_for_a_key_and_a_name_in_public_for_tls(proxy):
    started, api, _ = proxy
    assert started.get("/readyz").status == 200
    assert started.get(QUERY).status == 401
    answer = started.get(QUERY, **api.bearer("mentions:read"))
    assert answer.status == 200
    assert sum(cell["posts"] for cell in answer.json()["cells"]) > 0
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "," not in answer.headers["x-content-type-options"]
    elsewhere = started.get(QUERY, Host="posts.example.org")
    assert elsewhere.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize(
    ("headers", "of_api", "of_dashboard"),
    [
        ({"Host": "rebound.example"}, 421, 403),
        ({"Origin": "https://evil.example"}, 403, 403),
        ({"Origin": "https://localhost:1"}, 403, 403),
    ],
)
def test_other_names_and_other_pages_are_refused(headers, of_api, of_dashboard, proxy):
    started, api, run = proxy
    assert started.get(QUERY, **api.bearer("mentions:read"), **headers).status == of_api
    assert started.get("/", Authorization=basic(run), **headers).status == of_dashboard


def test_who_writes_http_is_sent_to_https(answers):
    with socket.create_connection(("127.0.0.1", answers.port), timeout=60) as plain:
        plain.sendall(f"GET /posts HTTP/1.0\r\nHost: {answers.host}\r\n\r\n".encode())
        head = plain.makefile("rb").read().decode()
    assert head.startswith("HTTP/1.1 308")
    assert f"Location: https://{answers.host}/posts\r\n" in head


@pytest.mark.parametrize("is_chunked", [False, True])
def test_an_upload_reaches_the_api_while_it_is_sent(is_chunked, proxy):
    started, api, _ = proxy
    half = len(_UPLOAD) // 2
    before = stored(api.home)
    with started.connect() as connection:
        connection.sendall(head(api, started.host, None if is_chunked else len(_UPLOAD)))
        connection.sendall(part(_UPLOAD[:half], is_chunked=is_chunked))
        deadline = time.monotonic() + _SECONDS
        while stored(api.home) <= before:  # the first half is stored before the second is sent
            assert time.monotonic() < deadline, "nothing of the upload has come"
            time.sleep(0.01)
        connection.sendall(part(_UPLOAD[half:], is_chunked=is_chunked))
        if is_chunked:
            connection.sendall(b"0\r\n\r\n")
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 202"), answer
    assert list((started.folder / "bodies").iterdir()) == []


def test_an_upload_beyond_the_limit_gets_the_apis_answer(proxy):
    started, api, _ = proxy
    with started.connect() as connection:
        connection.sendall(head(api, started.host, _GIB + 1))
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 413"), answer
    assert b"application/problem+json" in answer


def head(api, host, length):
    key = api.bearer("sentiment:write")["Authorization"]
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    lines = ["POST /v1/jobs HTTP/1.1", f"Host: {host}", f"Authorization: {key}", size]
    lines += ["Content-Type: application/x-ndjson", "Connection: close"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def part(sent, *, is_chunked):
    return b"%x\r\n%s\r\n" % (len(sent), sent) if is_chunked else sent


def stored(home):
    """Return the bytes of all jobs' inputs."""
    return sum(file.stat().st_size for file in (home / "jobs").rglob("input*"))


def test_a_service_that_is_away_is_said_so_with_headers(answers, tmp_path, proxy):
    """Without a target behind the proxy, the answer is 502 under a policy that loads nothing."""
    _, _, run = proxy
    port, nowhere = free_ports(2)
    away = f"http://127.0.0.1:{nowhere}"
    with proxying(tmp_path, run, port=port, api=away, dashboard=away) as started:
        answer = started.get(QUERY)
    assert answer.status == 502
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["server"] == "nginx"
    assert (tmp_path / "proxy.out").read_text() == ""
