"""The line that `simulate` prints reads everything on its platform, wherever it is pasted."""

import shlex
from dataclasses import replace

import pytest

from cli.commands.simulate import reading_command, write_watchlist
from foundation.errors import UsageError
from foundation.settings import load_settings
from ingestion.config.credentials import secrets_of
from ingestion.config.needs import NEEDS
from ingestion.config.watchlists import watchlist_of
from ingestion.simulators import SIMULATORS
from tests.support.live import LIVE, trial, without_pauses

PROGRAM = ["/a folder/bin/echostream", "--home", "/an other/home"]


def printed(name, address, watchlists, look_back_s=86_400.0):
    return reading_command(
        SIMULATORS[name], address, program=PROGRAM, watchlists=watchlists, look_back_s=look_back_s
    )


def parsed(line):
    """Return the settings before a command, and its words, as a shell reads them."""
    words = shlex.split(line)
    count = next(i for i, word in enumerate(words) if not word.startswith("ECHOSTREAM_"))
    return dict(word.split("=", 1) for word in words[:count]), words[count:]


@pytest.mark.parametrize("name", LIVE)
def test_the_printed_line_reads_all_that_the_simulator_holds(name, tmp_path, monkeypatch):
    home = tmp_path / "a home"
    with trial(name, tmp_path, posts=30) as made, without_pauses():
        line = printed(name, made.address, write_watchlist(SIMULATORS[name], home))
        given, words = parsed(line)
        assert words == [*PROGRAM, "ingest", name, "--once", "--base-url", made.address]
        for variable, text in given.items():
            monkeypatch.setenv(variable, text)
        settings = load_settings(home=home)
        made.clock.shift += 600_000_000  # as if pasted ten minutes later
        made.run(
            watchlist=watchlist_of(name, settings.ingest.watchlists),
            secrets=secrets_of(name, settings),
            look_back_s=settings.ingest.look_back_s,
        )
        assert made.landed() == made.expected()


@pytest.mark.parametrize("name", LIVE)
def test_a_simulator_gives_all_that_its_reader_needs(name):
    simulator = SIMULATORS[name]
    assert [item.name for item in NEEDS[name].credentials] == [*simulator.secrets]
    if name != "mastodon":  # its address replaces an instance
        assert [NEEDS[name].watched] == ([*simulator.watchlist] or [None])


def test_a_window_that_is_short_is_not_asked_beyond():
    assert "ECHOSTREAM_INGEST__LOOK_BACK_S=60 " in printed("x", "http://a:1", None, 60.0)


def test_where_no_file_can_be_written_only_those_that_need_one_refuse(tmp_path):
    (tmp_path / "file").touch()
    home = tmp_path / "file" / "home"
    assert write_watchlist(SIMULATORS["mastodon"], home) is None
    with pytest.raises(UsageError, match=r"simulated-x\.toml"):
        write_watchlist(SIMULATORS["x"], home)


def test_texts_with_quotes_and_letters_of_other_scripts_stay_what_they_are(tmp_path):
    texts = ('"cold brew" OR кофе', "back\\slash")
    file = write_watchlist(replace(SIMULATORS["x"], watchlist={"queries": texts}), tmp_path)
    assert watchlist_of("x", file).queries == texts
