"""`make live WATCH=…` tells producers what to read, works in its own folder, and ends in order."""

import signal

import pytest

from foundation.settings import Settings
from ingestion.config.watchlists import watchlist_of
from local import live


def test_the_words_stand_beside_the_user_s_own_lists(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('[mastodon]\ninstances = ["a.example"]\nkeywords = ["old"]\n[x]\nqueries = []\n')
    settings = Settings(home=tmp_path / "home", ingest={"watchlists": own})
    file = live.write_watchlist(settings, ("coffee", 'cold "brew"', "東京"))
    for platform in live.KEYLESS:
        assert watchlist_of(platform, file).keywords == ("coffee", 'cold "brew"', "東京")
    assert watchlist_of("mastodon", file).instances == ("a.example",)


@pytest.mark.parametrize("watch", ["", "coffee AND tea", "cold brew"])
def test_words_that_are_not_understood_are_refused_before_anything_starts(
    watch, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(live.stack, "up", lambda _: pytest.fail("something was started"))
    assert live.main(["--watch", watch, "--home", str(tmp_path)]) == 2
    assert "OR between them" in capsys.readouterr().err


def interrupted(settings):
    raise KeyboardInterrupt


def test_made_posts_have_a_home_of_their_own(tmp_path, monkeypatch):
    homes = []
    former = tmp_path / "simulated" / "lake"
    former.mkdir(parents=True)
    monkeypatch.setattr(live.stack, "up", lambda settings: interrupted(homes.append(settings)))
    monkeypatch.setattr(live.stack, "down", lambda _: None)
    for simulated in ([], ["--simulated"]):
        assert live.main(["--watch", "coffee", "--home", str(tmp_path), *simulated]) == 0
    real, made = homes
    assert real.home == tmp_path
    assert made.home == tmp_path / "simulated"
    assert made.lake_uri == str(former)
    assert not former.exists(), "a platform that begins anew would meet the cursors of before"


@pytest.mark.parametrize(
    ("variable", "place"),
    [
        ("ECHOSTREAM_LAKE", "s3a://somewhere/lake"),
        ("ECHOSTREAM_KAFKA__BOOTSTRAP_SERVERS", "kafka.example:9092"),
        ("ECHOSTREAM_INGEST__STORE", "postgresql://somewhere/memory"),
        ("ECHOSTREAM_API__DATABASE", "postgresql://somewhere/control"),
    ],
)
def test_made_posts_go_to_no_place_that_a_setting_names(
    variable, place, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv(variable, place)
    monkeypatch.setattr(live.stack, "up", lambda _: pytest.fail("something was started"))
    assert live.main(["--watch", "coffee", "--home", str(tmp_path), "--simulated"]) == 2
    assert variable in capsys.readouterr().err


def test_ctrl_c_while_the_broker_starts_ends_it_and_no_second_one_comes_between(
    tmp_path, monkeypatch
):
    handlers = []
    monkeypatch.setattr(live.stack, "up", interrupted)
    monkeypatch.setattr(
        live.stack, "down", lambda _: handlers.append(signal.getsignal(signal.SIGINT))
    )
    assert live.main(["--watch", "coffee", "--home", str(tmp_path)]) == 0
    assert handlers == [signal.SIG_IGN]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
