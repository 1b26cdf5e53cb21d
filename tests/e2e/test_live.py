"""Live reading works by the commands as users run them, with a simulator and a real broker."""

import gzip
import json
import subprocess
from collections import Counter
from contextlib import contextmanager

import orjson
import pytest

from local.servers.s3 import BUCKET
from schemas.topics import topic_name
from tests.support.commands import RUN_S, echostream, environment, started
from tests.support.kafka import records_of
from tests.support.live import live_events
from tests.support.postgres import PASSWORD, new_postgres
from tests.support.s3 import new_s3

START_S = 60


@contextmanager
def simulated(home, name, *words):
    """Run a simulator as a command; yield its address and the credentials that it printed."""
    with printed(home, name, *words) as lines:
        given = [line for line in lines if line.startswith("ECHOSTREAM_CREDENTIALS__")]
        yield lines[0], dict(line.split("=", 1) for line in given)


@contextmanager
def printed(home, name, *words):
    """Run a simulator as a command; yield its lines, the last of which reads from it."""
    with started(home, "simulate", name, *words) as simulator:
        simulator.until(
            lambda: simulator.out.endswith("\n") and " ingest " in simulator.out,
            within_s=START_S,
            what="line to paste",
        )
        yield simulator.out.splitlines()


def events(home, name):
    topic = topic_name(name)
    return [orjson.loads(value) for _, value, _ in records_of(home, only=topic).get(topic, [])]


def test_ingest_once_reads_what_is_there_says_what_it_did_and_goes_on_from_there(home):
    with simulated(home, "bluesky", "--posts", "200", "--seed", "5") as (address, _):
        first = echostream(home, "ingest", "bluesky", "--once", "--base-url", address)
        assert (first.code, first.out.count("gaps      0")) == (0, 1), first.error
        posts = len(live_events(events(home, "bluesky")))
        assert 190 <= posts <= 200
        again = echostream(home, "ingest", "bluesky", "--once", "--base-url", address)
        assert again.code == 0
        assert len(live_events(events(home, "bluesky"))) == posts


def test_the_line_that_a_simulator_prints_reads_from_it_when_pasted(home):
    with printed(home, "x", "--posts", "30", "--seed", "3") as lines:
        done = subprocess.run(
            ["bash", "-c", lines[-1]],
            cwd="/",
            env=environment(home),
            capture_output=True,
            text=True,
            check=False,
            timeout=RUN_S,
        )
    assert done.returncode == 0, done.stderr
    assert 25 <= len(live_events(events(home, "x"))) <= 30


def test_with_a_memory_in_postgresql_it_goes_on_from_there(home):
    with (
        new_postgres() as server,
        simulated(home, "hackernews", "--posts", "50", "--seed", "9") as (address, _),
    ):
        given = {"owner": "shared", "ingest__store": server.address()}
        first, again = (
            echostream(home, "ingest", "hackernews", "--once", "--base-url", address, **given)
            for _ in range(2)
        )
        assert (first.code, again.code) == (0, 0), first.error + again.error
        assert int(first.out.split()[1]) >= 50
        assert int(again.out.split()[1]) < 30, "what changed, not what was new the first time"
        ((cursors,),) = server.run(
            "SELECT count(*) FROM cursors WHERE owner = 'shared' AND platform = 'hackernews'"
        )
        assert cursors == 1
        server.stop()
        refused = echostream(home, "ingest", "hackernews", "--once", "--base-url", address, **given)
    assert refused.code == 1
    assert refused.error.splitlines()[-1].startswith(
        "error: the PostgreSQL server of ingest.store cannot be used"
    )
    assert PASSWORD not in refused.error


def test_ingest_runs_until_sigterm_and_then_has_saved_its_cursor(home):
    with simulated(home, "hackernews", "--posts", "60") as (address, _):
        before = len(events(home, "hackernews"))
        with started(
            home, "ingest", "hackernews", "--base-url", address, ingest__poll_s="0.2"
        ) as producer:
            producer.until(
                lambda: len(events(home, "hackernews")) >= before + 60,
                within_s=START_S,
                what="posts in Kafka",
            )
            producer.terminate()
            assert producer.wait(30) == 0
            assert "stopped   interrupted" in producer.out
        done = echostream(home, "ingest", "hackernews", "--once", "--base-url", address)
        assert done.code == 0
        assert int(done.out.split()[1]) < 30, (
            "what was read before is not read again, but for what changed since"
        )


def test_what_is_fetched_is_raw_in_the_landing_folder_and_loaded_once(home):
    with simulated(home, "mastodon", "--posts", "90") as (address, secrets):
        words = ("--since", "2020-01-01T00:00:00", "--base-url", address)
        fetched = echostream(home, "fetch", "mastodon", *words, **secrets)
        assert (fetched.code, fetched.error.count("error")) == (0, 0)
        assert events(home, "mastodon") == []
        (file, *_) = sorted(
            (home.home / "lake" / "landing").glob("date=*/platform=mastodon/*.jsonl.gz")
        )
        assert file.stat().st_size > 0
        loaded = echostream(home, "load", "mastodon")
        sent = Counter(event["op"] for event in events(home, "mastodon"))
        assert (loaded.code, sent.keys()) == (0, {"upsert"})
        assert echostream(home, "load", "mastodon").code == 0
        assert Counter(event["op"] for event in events(home, "mastodon")) == sent


def test_what_is_fetched_to_s3_lies_there_and_is_loaded_once(home, tmp_path, monkeypatch):
    with (
        new_s3(tmp_path / "s3", monkeypatch) as s3,
        simulated(home, "hackernews", "--posts", "70") as (address, _),
    ):
        far = home.model_copy(update={"lake": f"s3a://{BUCKET}/try", "s3": s3, "owner": "far"})
        words = ("--since", "2020-01-01T00:00:00", "--base-url", address)
        for _ in range(2):
            fetched = echostream(far, "fetch", "hackernews", *words, owner="far")
            assert fetched.code == 0, fetched.error
        objects = tmp_path / "s3" / "objects" / BUCKET / "try" / "landing"
        files = sorted(objects.glob("date=*/platform=hackernews/*.jsonl.gz"))
        assert len(files) >= 4, "two files of each fetch at least"
        lines = [orjson.loads(line) for line in gzip.decompress(files[0].read_bytes()).splitlines()]
        assert all({"observed_at", "endpoint", "body"} <= line.keys() for line in lines)
        for _ in range(2):
            loaded = echostream(far, "load", "hackernews", owner="far")
            assert loaded.code == 0, loaded.error
    assert not list((home.home / "lake").glob("landing/date=*/platform=hackernews")), (
        "none of it here"
    )
    sent = [event for event in events(home, "hackernews") if event["owner"] == "far"]
    assert len({event["post_id"] for event in sent}) == 70
    assert int(loaded.out.split()[1]) == 0, "a file is loaded once"


def test_missing_credentials_end_it_with_what_to_obtain_and_what_to_set(home, tmp_path):
    watchlists = tmp_path / "watchlists.toml"
    watchlists.write_text('[x]\nqueries = ["anything"]\n')
    refused = echostream(home, "ingest", "x", "--once", ingest__watchlists=str(watchlists))
    assert refused.code == 2
    assert "ECHOSTREAM_CREDENTIALS__X_BEARER_TOKEN" in refused.error
    assert len(refused.error.splitlines()) == 1


def test_wrong_credentials_are_refused_and_neither_shown_nor_logged(home, tmp_path):
    watchlists = tmp_path / "watchlists.toml"
    watchlists.write_text('[x]\nqueries = ["anything"]\n')
    given = {"ingest__watchlists": str(watchlists), "credentials__x_bearer_token": "s3cr3t-of-mine"}
    with simulated(home, "x") as (address, _):
        refused = echostream(home, "ingest", "x", "--once", "--base-url", address, **given)
    assert refused.code == 2
    assert "refused" in refused.error
    logs = "".join(file.read_text() for file in (home.home / "logs").glob("*.jsonl"))
    assert "s3cr3t" not in refused.error + refused.out + logs


def test_a_platform_that_does_not_answer_is_one_line_and_not_a_trace(home):
    failed = echostream(
        home,
        "ingest",
        "hackernews",
        "--once",
        "--base-url",
        "http://127.0.0.1:9",
        ingest__attempts="1",
    )
    assert failed.code == 1
    assert failed.error.splitlines()[-1].startswith("error: /v0/maxitem.json cannot be reached")
    assert "Traceback" not in failed.error


def test_a_scenario_file_with_faults_is_served_and_survived(home, tmp_path):
    scenario = tmp_path / "scenario.toml"
    scenario.write_text('posts = 30\n[[faults]]\nkind = "status"\nstatus = 503\nafter = 2\n')
    with simulated(home, "hackernews", "--scenario", str(scenario)) as (address, _):
        done = echostream(
            home, "ingest", "hackernews", "--once", "--forget-cursor", "--base-url", address
        )
    assert done.code == 0
    assert "http_5xx 1" in done.out
    assert "cursor_discarded" not in done.error


@pytest.mark.parametrize(
    ("words", "what"),
    [(("ingest", "nowhere"), "no platform"), (("simulate", "nowhere"), "no simulator")],
)
def test_an_unknown_platform_is_wrong_use(home, words, what):
    refused = echostream(home, *words)
    assert refused.code == 2
    assert what in refused.error


def test_logs_hold_no_text_and_no_address_of_a_person(home):
    logs = "".join(file.read_text() for file in (home.home / "logs").glob("ingest-*.jsonl"))
    texts = {
        event["text"]
        for name in ("bluesky", "hackernews", "mastodon")
        for event in events(home, name)
    }
    assert texts
    assert not [text for text in texts if text and json.dumps(text)[1:-1] in logs]
    assert "did:plc:" not in logs
