"""The demo's stack fits into memory with broker, streams, API, job worker and dashboard."""

import subprocess
import sys
from contextlib import ExitStack, contextmanager

import httpx2
import pytest

from foundation.errors import QueryError
from local.demo import picture
from local.demo.__main__ import new_settings
from local.servers import services
from serving.sql import query
from tests.support.commands import wait_until
from tests.support.memory import Peak, group_of

GIGABYTE = 10**9
LIMIT = 5 * GIGABYTE
POSTS = 20_000
MORE = 1_000
ROWS = 5_000
COMMAND_S = 600  # for a busy machine
GOLD_S = 1_200
SHARE = 0.8  # of the posts; the others are deleted or bad


@pytest.mark.nightly  # it takes four minutes, and needs a machine with five gigabytes to spare
@pytest.mark.timeout(3_000)
def test_the_demo_with_everything_holds_at_most_five_gigabytes(tmp_path, capsys):
    """Send posts while the streams run, draw a page, and score a job."""
    settings = new_settings(tmp_path / "home")
    api, dashboard = (services.address(service, settings) for service in services.SERVICES)
    with group_of(settings.home, limit=LIMIT) as group:
        conf = settings.home / "demo.toml"
        echostream = [*group.words(), sys.executable, "-m", "cli.main", "--conf-file", str(conf)]
        peak = Peak(group)
        with peak.watched(), ExitStack() as started:
            started.callback(command, echostream, "down")
            command(echostream, "up", "--all")
            generate(echostream, POSTS, seed=7)
            streams = started.enter_context(running([*echostream, "run"]))
            await_gold(settings, SHARE * POSTS)
            generate(echostream, MORE, seed=8)
            score_a_job(api)
            draw_the_page(dashboard, tmp_path / "page.png")
            await_gold(settings, SHARE * (POSTS + MORE))
            assert streams.poll() is None
        figure = f"{peak.most / GIGABYTE:.2f} GB at the most ({group.how})"
        with capsys.disabled():
            sys.stdout.write(f"\nbroker, streams, API, worker and dashboard: {figure}\n")
        assert group.killed() == 0
        assert 0 < peak.most <= LIMIT, figure


def command(echostream, *words):
    subprocess.run([*echostream, *words], check=True, timeout=COMMAND_S)


@contextmanager
def running(words):
    process = subprocess.Popen(words, start_new_session=True)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(COMMAND_S)


def generate(echostream, posts, *, seed):
    command(echostream, "generate", "--posts", str(posts), "--seed", str(seed))


def await_gold(settings, least):
    wait_until(
        lambda: in_gold(settings) > least, within_s=GOLD_S, every_s=2.0, what=f"{least:,.0f} posts"
    )


def in_gold(settings):
    try:
        ((posts,),) = query(
            settings.lake_uri, "SELECT sum(posts)::BIGINT FROM gold.sentiment_hourly"
        ).rows
    except QueryError:  # the lake may have no Gold yet
        return 0
    return posts or 0


def score_a_job(api):
    """Score a job, because the worker loads its models only for a job."""
    rows = "".join(f'{{"id": {number}, "text": "A good day."}}\n' for number in range(ROWS))
    with httpx2.Client(base_url=api, timeout=60, trust_env=False) as client:
        posted = client.post(
            "/v1/jobs", content=rows, headers={"Content-Type": "application/x-ndjson"}
        )
        assert posted.status_code == 202
        job = posted.headers["Location"]
        wait_until(
            lambda: client.get(job).json()["status"] == "COMPLETED", within_s=COMMAND_S, what="job"
        )


def draw_the_page(address, file):
    """Draw the page in a browser, whose memory counts for the user; without one, ask once."""
    program = picture.browser()
    if program is None or not picture.take_picture(program, address, file):
        assert httpx2.get(address, timeout=60, trust_env=False).status_code == 200
