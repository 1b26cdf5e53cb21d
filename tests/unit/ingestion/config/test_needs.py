"""The list of needs matches the readers, the doctor and the page."""

from importlib import metadata
from pathlib import Path

import pytest

from foundation.errors import UsageError
from foundation.settings import Settings
from ingestion.config.needs import NEEDS, missing_needs
from ingestion.config.watchlists import Watchlist
from ingestion.simulators import SIMULATORS
from local import doctor
from tests.support.live import LIVE, trial

PAGE = Path(__file__).resolve().parents[4] / "docs" / "run" / "sources.md"
REQUIRED = [(name, item.name) for name in LIVE for item in NEEDS[name].credentials if not item.adds]
WATCHED = [name for name in LIVE if NEEDS[name].watched and name != "mastodon"]
FILES = {"watchlists": "w.toml", "budgets_file": "b.toml"}


def refusal_of(name, tmp_path, **given):
    """Return the error of a reader that is built with this."""
    with trial(name, tmp_path, posts=1) as made, pytest.raises(UsageError) as refused:
        made.run(**given)
    return str(refused.value)


def test_each_platform_that_is_read_has_its_needs():
    assert sorted(NEEDS) == sorted(LIVE)


@pytest.mark.parametrize(("name", "credential"), REQUIRED)
def test_a_reader_without_a_credential_says_what_the_list_says(name, credential, tmp_path):
    secrets = dict(SIMULATORS[name].secrets)
    del secrets[credential]
    said = refusal_of(name, tmp_path, secrets=secrets)
    (missing,) = missing_needs(
        name, secrets, Watchlist(**SIMULATORS[name].watchlist), {"usd", "calls"}, **FILES
    )
    variable, _, how = missing.rstrip(")").partition(" (")
    assert variable in said
    assert how in said


@pytest.mark.parametrize("name", WATCHED)
def test_a_reader_without_an_entry_to_watch_names_the_same_list(name, tmp_path):
    secrets = SIMULATORS[name].secrets
    said = refusal_of(name, tmp_path, watchlist=Watchlist())
    missing = list(missing_needs(name, secrets, Watchlist(), {"usd", "calls"}, **FILES))
    assert missing == [f"{NEEDS[name].watched} of [{name}] in w.toml"]
    assert f"{name}.{NEEDS[name].watched}" in said


@pytest.mark.parametrize(
    ("name", "secrets", "watchlist", "budgets", "missing"),
    [
        ("bluesky", {}, Watchlist(), (), []),
        ("mastodon", {}, Watchlist(instances=("a.example",)), (), []),
        ("mastodon", {}, Watchlist(), (), ["instances of [mastodon] in w.toml"]),
        (
            "x",
            {"bearer_token": "t"},
            Watchlist(queries=("q",)),
            (),
            ["a budget of usd for [x] in b.toml"],
        ),
        ("x", {"bearer_token": "t"}, Watchlist(queries=("q",)), ("usd",), []),
    ],
)
def test_what_is_missing(name, secrets, watchlist, budgets, missing):
    assert list(missing_needs(name, secrets, watchlist, budgets, **FILES)) == missing


def test_two_credentials_that_come_together_are_explained_once():
    first, *_ = missing_needs("reddit", {}, Watchlist(), (), **FILES)
    assert "REDDIT_CLIENT_ID and ECHOSTREAM_CREDENTIALS__REDDIT_CLIENT_SECRET" in first


def rows(tmp_path, **given):
    findings = doctor.examine(Settings(home=tmp_path / "home", **given))
    return {finding.name: finding for finding in findings if finding.name in NEEDS}


def test_the_doctor_has_a_row_for_each_platform(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))  # no Java is started for this
    found = rows(tmp_path)
    assert list(found) == list(NEEDS)
    assert all(finding.ok for finding in found.values()), "a machine without accounts is no bad one"
    ready = {name for name, finding in found.items() if finding.is_set_up}
    assert ready == {"bluesky", "hackernews", "mastodon"}
    assert "https://console.x.com" in found["x"].text
    assert "queries of [x] in conf/watchlists.toml" in found["x"].text
    watchlists = tmp_path / "w.toml"
    watchlists.write_text('[x]\nqueries = ["tea"]\n')
    given = {"ingest": {"watchlists": watchlists}, "credentials": {"x_bearer_token": "s3cr3t"}}
    x = rows(tmp_path, **given)["x"]
    assert (x.is_set_up, x.text) == (True, "ready to ingest; at most 25 usd a month")


def test_the_doctor_names_a_file_that_cannot_be_used_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    found = rows(tmp_path, ingest={"watchlists": tmp_path / "none.toml"})
    assert {finding.ok for finding in found.values()} == {False}
    assert "none.toml" in found["x"].text


def test_the_packages_are_those_of_the_extra():
    pinned = {line.partition("==")[0] for line in metadata.requires("echostream") or []}
    assert {package for needs in NEEDS.values() for package in needs.packages} <= pinned


@pytest.mark.parametrize("name", [name for name in LIVE if NEEDS[name].credentials])
def test_the_page_names_what_the_list_does(name):
    page = PAGE.read_text(encoding="utf-8")
    for item in NEEDS[name].credentials:
        assert f"`{name}_{item.name}`" in page, item.name
    assert f"`{NEEDS[name].watched}`" in page
