"""`make live WATCH=…`: what the producers that it starts are told to look for."""

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
