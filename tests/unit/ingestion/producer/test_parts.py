"""Live producers share budget, watchlists, credentials, metrics, scenarios and start."""

import http.client
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from foundation.errors import (
    BudgetSpentError,
    CredentialsError,
    KeyFileError,
    PolicyError,
    PortInUseError,
    SettingsError,
    UsageError,
)
from foundation.settings import Settings
from ingestion.config.credentials import required_secret, secrets_of
from ingestion.config.watchlists import Watchlist, parse_watchlist, watchlist_of
from ingestion.metrics import Telemetry, metrics_server
from ingestion.parsing.json_body import parse_json
from ingestion.platform import Platform
from ingestion.platforms import PLATFORMS
from ingestion.producer.build import build_producer
from ingestion.simulators.server.http import Answer, http_server
from ingestion.simulators.server.scenario import (
    Fault,
    Scenario,
    final_texts,
    load_scenario,
    timeline,
)
from ingestion.simulators.server.state import Faults
from ingestion.state.budget import Budget, Limit, parse_limits
from ingestion.state.store import IngestStore
from local.host.ports import free_ports

DAY = 86_400_000_000


def store(folder: Path, **who: str) -> IngestStore:
    return IngestStore(
        folder / "ingest.sqlite3", **{"owner": "public", "platform": "bluesky", **who}
    )


def test_a_budget_counts_by_period_and_refuses_with_the_figure(tmp_path):
    now = [0]
    with store(tmp_path) as one:
        budget = Budget({"usd": Limit(1.0, "month"), "calls": Limit(2, "day")}, one, lambda: now[0])
        budget.spend("usd", 0.75)
        budget.require("usd", 0.25)
        with pytest.raises(BudgetSpentError, match=r"0\.75 of 1 usd this month"):
            budget.require("usd", 0.26)
        budget.spend("calls", 2)
        budget.require("unlimited", 10**9)
        assert budget.left() == {"usd": 0.25, "calls": 0}
        now[0] += DAY
        assert budget.left() == {"usd": 0.25, "calls": 2}
        now[0] += 31 * DAY
        assert budget.left() == {"usd": 1, "calls": 2}
    with store(tmp_path) as again:
        now[0] = 0
        assert Budget({"calls": Limit(2, "day")}, again, lambda: now[0]).left() == {"calls": 0}


def test_threads_that_take_at_once_do_not_overdraw(tmp_path):
    class Slow(IngestStore):
        def spent(self, unit, period):
            amount = super().spent(unit, period)
            together.wait()
            return amount

    together = threading.Event()
    with (
        Slow(tmp_path / "ingest.sqlite3", owner="public", platform="bluesky") as one,
        ThreadPoolExecutor(8) as pool,
    ):
        budget = Budget({"calls": Limit(3, "day")}, one, lambda: 0)
        taken = [pool.submit(budget.take, "calls") for _ in range(8)]
        together.set()
        refused = [each.exception() for each in taken if each.exception()]
        assert [type(each) for each in refused] == [BudgetSpentError] * 5
        assert budget.left() == {"calls": 0}


@pytest.mark.parametrize(
    "entry",
    [
        5,
        {"most": 5},
        {"most": 0, "per": "day"},
        {"most": 1, "per": "week"},
        {"most": 1, "per": "day", "x": 1},
    ],
)
def test_a_malformed_limit_is_refused(entry):
    with pytest.raises(SettingsError, match=r"budgets: x\.calls"):
        parse_limits("x", {"calls": entry})


@pytest.mark.parametrize(
    ("watchlist", "texts", "lang", "wanted"),
    [
        (Watchlist(), ("anything",), None, True),
        (Watchlist(keywords=("trains",)), (None, "Night TRAINS"), "de", True),
        (Watchlist(keywords=("trains",)), (None, None), "de", False),
        (Watchlist(languages=("en",)), ("x",), "en-GB", True),
        (Watchlist(languages=("en",)), ("x",), None, False),
        (Watchlist(languages=("en",), keywords=("x",)), ("y",), "en", False),
    ],
)
def test_the_residual_filter(watchlist, texts, lang, wanted):
    assert watchlist.wants(*texts, lang=lang) is wanted


@pytest.mark.parametrize(
    "values", [{"keyword": ["a"]}, {"keywords": "a"}, {"keywords": [1]}, {"keywords": [" "]}]
)
def test_a_malformed_watchlist_is_refused_by_name(values):
    with pytest.raises(SettingsError, match=r"watchlists: x\.keyword"):
        parse_watchlist("x", values)


@pytest.mark.parametrize("name", PLATFORMS)
def test_the_watchlists_that_ship_are_well_formed(name):
    assert isinstance(watchlist_of(name), Watchlist)


def test_credentials_come_from_the_environment_before_the_file_and_are_never_shown(tmp_path):
    file = tmp_path / "credentials.toml"
    file.write_text('[mastodon]\naccess_token = "from-file"\nother = "o"\n')
    file.chmod(0o600)
    settings = Settings(
        credentials={"mastodon_access_token": "from-env"}, ingest={"credentials_file": file}
    )
    assert secrets_of("mastodon", settings) == {"access_token": "from-env", "other": "o"}
    assert secrets_of("x", settings) == {}
    assert "from-env" not in repr(settings)
    assert "from-env" not in str(settings.model_dump())
    file.chmod(0o644)
    with pytest.raises(CredentialsError, match="chmod 600"):
        secrets_of("mastodon", settings)


def test_a_missing_credential_says_what_to_obtain_where_and_what_to_set():
    with pytest.raises(
        CredentialsError, match=r"Get one at example\.org.*ECHOSTREAM_CREDENTIALS__X_BEARER_TOKEN"
    ):
        required_secret({}, "x", "bearer_token", how="Get one at example.org.")
    assert required_secret({"bearer_token": "t"}, "x", "bearer_token", how="") == "t"


def test_metrics_are_served_while_it_works_and_not_after():
    telemetry = Telemetry("bluesky")
    telemetry.records["posted"] += 3
    telemetry.trouble("http_429")
    telemetry.gaps["resync"] += 1
    telemetry.lag_s = 1.5
    telemetry.budget_left = {"calls": 7}
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}/metrics"
    with metrics_server(telemetry, port):
        with urllib.request.urlopen(url, timeout=10) as answer:
            text = answer.read().decode()
        with pytest.raises(PortInUseError), metrics_server(telemetry, port):
            pass
    assert 'echostream_ingest_records_total{fate="posted",platform="bluesky"} 3.0' in text
    assert 'echostream_ingest_troubles_total{kind="http_429",platform="bluesky"} 1.0' in text
    assert 'echostream_ingest_gaps_total{platform="bluesky",reason="resync"} 1.0' in text
    assert 'echostream_ingest_lag_seconds{platform="bluesky"} 1.5' in text
    assert 'echostream_ingest_budget_left{platform="bluesky",unit="calls"} 7.0' in text
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(url, timeout=10)


def test_a_producer_without_policy_without_key_or_without_reader_does_not_start(tmp_path):
    settings = Settings(home=tmp_path)
    nowhere = Platform("nowhere", PLATFORMS["bluesky"].payloads, PLATFORMS["bluesky"].map)
    with (
        pytest.raises(PolicyError, match=r"conf/policies/nowhere\.toml"),
        build_producer(settings, nowhere, Telemetry("nowhere"), once=True),
    ):
        pass
    with (
        pytest.raises(KeyFileError),
        build_producer(settings, PLATFORMS["bluesky"], Telemetry("bluesky"), once=True),
    ):
        pass


def test_a_platform_without_a_reader_says_how_its_posts_come(tmp_path, monkeypatch):
    monkeypatch.setattr("ingestion.producer.build.pseudonym_key", lambda _: None)
    with (
        pytest.raises(UsageError, match=r"custom has no reader.*POST /v1/ingest.*replay custom"),
        build_producer(
            Settings(home=tmp_path), PLATFORMS["custom"], Telemetry("custom"), once=True
        ),
    ):
        pass


def test_two_producers_of_one_platform_do_not_run_beside_each_other(tmp_path, monkeypatch):
    monkeypatch.setattr("ingestion.producer.build.pseudonym_key", lambda _: None)
    from ingestion.producer.build import hold_role

    settings = Settings(home=tmp_path)
    with (
        hold_role(settings, "bluesky", "ingest"),
        hold_role(settings, "bluesky", "sweep"),
        pytest.raises(UsageError, match="another ingest"),
        build_producer(settings, PLATFORMS["bluesky"], Telemetry("bluesky"), once=True),
    ):
        pass


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"null", None),
        (b'{"a": 123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
        (b'"\\ud800"', "\ud800"),
        (b'{"a": "1234567890123456789"}', {"a": "1234567890123456789"}),
        (b"[[[[]]]]", [[[[]]]]),
    ],
)
def test_json_survives_as_it_came(data, value):
    assert parse_json(data) == value


@pytest.mark.parametrize(
    "data", [b"", b"<html>", b'{"cut', b"NaN", b"\xff\xfe", b"[" * 5000 + b"]" * 5000]
)
def test_what_is_no_json_or_too_deep_is_refused(data):
    with pytest.raises(ValueError):  # noqa: PT011  # UnicodeDecodeError and our own are both
        parse_json(data)


def test_a_scenario_file_says_posts_and_faults(tmp_path):
    file = tmp_path / "scenario.toml"
    file.write_text(
        'posts = 7\nspoiled = ["huge"]\n[[faults]]\nkind = "status"\nstatus = 429\nafter = 3\n'
    )
    assert load_scenario(file) == Scenario(
        posts=7, spoiled=("huge",), faults=(Fault("status", after=3, status=429),)
    )
    file.write_text("post = 7\n")
    with pytest.raises(SettingsError, match="post is unknown"):
        load_scenario(file)
    file.write_text('[[faults]]\nkind = "status"\nwhen = 1\n')
    with pytest.raises(SettingsError, match="when is unknown"):
        load_scenario(file)


@pytest.mark.parametrize("asked", ["close", "keep-alive"])
def test_a_simulator_says_so_when_it_closes_a_connection(asked):
    """Otherwise the client may send its next request there before it sees the end."""
    with (
        http_server(
            lambda request: Answer({"path": request.path}), Faults(()), ("127.0.0.1", 0)
        ) as address,
        closing(http.client.HTTPConnection(address.removeprefix("http://"), timeout=10)) as client,
    ):
        client.request("GET", "/x", headers={"connection": asked})
        answer = client.getresponse()
        assert (answer.status, answer.getheader("connection") == "close") == (200, asked == "close")
        answer.read()


def test_a_timeline_is_the_same_for_the_same_seed_and_no_two_things_happen_at_once():
    plot = Scenario(posts=500, edits=0.3, deletes=0.3, author_deletes=2)
    happenings = timeline(plot, 10**15)
    assert happenings == timeline(plot, 10**15)
    assert len({happening.at for happening in happenings}) == len(happenings)
    for number in range(1, 501):
        kinds = [
            happening.kind
            for happening in happenings
            if happening.number == number and happening.kind != "leave"
        ]
        assert kinds in (
            ["create"],
            ["create", "edit"],
            ["create", "delete"],
            ["create", "edit", "delete"],
        )
    assert 0 < len(final_texts(happenings)) < 500
    assert timeline(Scenario(posts=9, seed=2), 0) != timeline(Scenario(posts=9, seed=3), 0)


def test_some_posts_are_about_the_subjects_of_a_scenario():
    plot = Scenario(posts=300, seed=2, subjects=("coffee", "cold brew"))
    texts = final_texts(timeline(plot, 0)).values()
    watched = Watchlist(keywords=plot.subjects)
    assert 30 < sum(watched.wants(text, lang=None) for text in texts) < 150
    others = final_texts(timeline(Scenario(posts=300, seed=2), 0)).values()
    assert not any(watched.wants(text, lang=None) for text in others)
