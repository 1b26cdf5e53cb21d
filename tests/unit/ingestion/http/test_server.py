"""The process runs as `serve` starts it, but without a broker, unlike in tests/e2e."""

import asyncio
import json
import os
import subprocess
import sys
import threading

import pytest

from foundation.frames import FrameError, connect, frame, read_frame
from foundation.keys import create_key
from foundation.settings import Settings
from ingestion.http.receive import Receipt
from ingestion.http.server import InvalidRequestError, Server, read_request
from local.host.ports import free_ports
from schemas.ingest_limits import MAX_BODY_BYTES, MAX_ITEMS
from tests.support.commands import wait_until

ITEM = {"id": "a", "time": "2025-12-31T10:00:00Z", "text": "It works."}


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        (b"", "/body", "json_invalid"),
        (b"\xff", "/body", "json_invalid"),
        (b'{"platform": "custom", "items": [NaN]}', "/body", "json_invalid"),
        (b'{"platform": "custom", "items": ' + b"[" * 5000 + b"]" * 5000, "/body", "json_invalid"),
        (b"[]", "/body", "json_invalid"),
        ({"items": [1]}, "/body/platform", "missing"),
        ({"platform": "custom"}, "/body/items", "missing"),
        ({"platform": "custom", "items": [1], "owner": "x"}, "/body", "extra_forbidden"),
        ({"platform": "nowhere", "items": [1]}, "/body/platform", "enum"),
        ({"platform": ["custom"], "items": [1]}, "/body/platform", "enum"),
        ({"platform": "custom", "items": {}}, "/body/items", "list_type"),
        ({"platform": "custom", "items": []}, "/body/items", "too_short"),
        ({"platform": "custom", "items": [1] * (MAX_ITEMS + 1)}, "/body/items", "too_long"),
    ],
)
def test_a_wrong_body_is_refused_by_its_place(body, pointer, code):
    given = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(InvalidRequestError) as wrong:
        read_request(given)
    assert (wrong.value.pointer, wrong.value.code) == (pointer, code)


def test_a_body_is_platform_and_items_as_they_came():
    asked = {"platform": "custom", "items": [ITEM, "\ud800", 2**70]}
    assert read_request(json.dumps(asked).encode()) == ("custom", asked["items"])


@pytest.fixture
def process(tmp_path):
    """Run the process in a home whose path is too long for a socket, and yield the socket."""
    home = tmp_path / ("deep" * 30)
    create_key(Settings(home=home).key_file)
    socket = home / "run" / "ingest" / "a.sock"
    words = ["--home", home, "receive", "--socket", socket, "--until-stdin-closes"]
    nowhere = {"ECHOSTREAM_BROKER__PORT": str(free_ports(1)[0])}
    running = subprocess.Popen(
        [sys.executable, "-m", "cli.main", *words],
        stdin=subprocess.PIPE,
        env=os.environ | nowhere | {"ECHOSTREAM_KAFKA__TIMEOUT_S": "0.2"},
    )
    try:
        wait_until(
            lambda: socket.exists() or running.poll() is not None, within_s=60, what="socket"
        )
        yield running, socket
    finally:
        running.kill()
        running.wait()
        running.stdin.close()


def ask(socket, *messages):
    async def asking():
        reader, writer = await asyncio.open_unix_connection(sock=connect(socket))
        try:
            writer.write(b"".join(messages))
            writer.write_eof()
            return json.loads(await read_frame(reader, most=2**20))
        finally:
            writer.close()

    return asyncio.run(asking())


HEAD = frame(b'{"tenant": "default"}')


def test_it_answers_until_the_process_that_started_it_ends(process):
    running, socket = process
    assert socket.parent.stat().st_mode & 0o777 == 0o700
    body = json.dumps({"platform": "custom", "items": [ITEM]}).encode()
    assert ask(socket, HEAD, frame(body)) == {"status": "away"}
    refused = json.dumps({"platform": "custom", "items": [5]}).encode()
    assert ask(socket, HEAD, frame(refused))["rejected"] == [
        {"index": 0, "reason": "unmappable: id"}
    ]
    running.stdin.close()
    assert running.wait(60) == 0
    assert not socket.exists()


@pytest.mark.parametrize(
    "sent",
    [b"", b"\x00\x00", HEAD, HEAD + frame(b"{}")[:-1], HEAD + (MAX_BODY_BYTES + 1).to_bytes(4)],
)
def test_a_message_that_is_cut_off_or_too_long_ends_its_connection_alone(process, sent):
    _, socket = process
    with pytest.raises(FrameError):
        ask(socket, sent)
    assert ask(socket, HEAD, frame(b"{}"))["status"] == "invalid"


def test_more_requests_than_may_wait_are_told_so_and_the_others_are_answered():
    may_go_on = threading.Event()

    class Slow:
        def receive(self, tenant, platform, items):
            may_go_on.wait(60)
            return Receipt(sent=1)

    async def asking():
        server = Server(Slow)
        body = json.dumps({"platform": "custom", "items": [ITEM]}).encode()
        waiting = [asyncio.create_task(server.answer("default", body)) for _ in range(20)]
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert [task.result() for task in done] == [{"status": "busy"}] * 4
        may_go_on.set()
        return [answer["status"] for answer in await asyncio.gather(*waiting)]

    statuses = asyncio.run(asking())
    assert (statuses.count("done"), statuses.count("busy")) == (16, 4)


def test_a_process_that_ends_slowly_leaves_the_socket_of_the_next_one_alone(tmp_path):
    path = tmp_path / "a.sock"
    is_asked = threading.Event()
    may_go_on = threading.Event()

    class Slow:
        def receive(self, tenant, platform, items):
            is_asked.set()
            may_go_on.wait(60)
            return Receipt(sent=1)

    async def ending():
        server = Server(Slow)
        running = asyncio.create_task(server.run(path, until_stdin_closes=False))
        body = json.dumps({"platform": "custom", "items": [ITEM]}).encode()
        answer = asyncio.create_task(server.answer("default", body))
        await asyncio.to_thread(is_asked.wait, 60)
        server._stopped.set()
        async with asyncio.timeout(60):
            while path.exists():
                await asyncio.sleep(0.001)
        path.write_text("the next one's")
        may_go_on.set()
        await running
        return await answer

    try:
        assert asyncio.run(ending())["sent"] == 1
    finally:
        may_go_on.set()
    assert path.exists()


def test_what_fails_for_another_reason_is_told_without_its_text(tmp_path):
    class Broken:
        def receive(self, tenant, platform, items):
            raise RuntimeError("canary")

    body = json.dumps({"platform": "custom", "items": [ITEM]}).encode()

    async def asking():
        return await Server(Broken).answer("default", body)

    assert asyncio.run(asking()) == {"status": "failed"}
