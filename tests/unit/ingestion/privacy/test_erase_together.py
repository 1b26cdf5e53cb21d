"""Producers run several erasures at once, beside other processes, and after one was killed."""

import os

import pytest

from tests.support.producer_erasure import GONE, Home, comment


@pytest.fixture
def home(tmp_path):
    made = Home(tmp_path)
    yield made
    made.store.__exit__()


def test_many_erasures_are_one_pass_with_counts_of_their_own(home, monkeypatch):
    home.land(comment("t1_a", GONE), comment("t1_b", GONE), comment("t1_c", "Maple_Fox"))
    passes = []
    strip = home.landing.strip
    monkeypatch.setattr(home.landing, "strip", lambda *given: passes.append(1) or strip(*given))
    home.bury({"author_key": home.author_key(GONE)}, name="a" * 32)
    home.bury({"author_key": home.author_key("Maple_Fox")}, name="b" * 32)
    assert home.forget() == 2
    assert passes == [1]
    assert {done["erasure_id"][0]: done["counts"]["landed"] for done in home.done()} == {
        "a": 2,
        "b": 1,
    }


def test_what_a_process_has_landed_before_it_knew_goes_though_another_has_set_the_mark(home):
    mine = home.erasure()
    mine.run()
    home.bury({"author_key": home.author_key(GONE)})
    assert home.forget() == 1  # another process
    file = home.land(comment("t1_a", GONE))
    assert mine.run() == 1
    assert not file.exists()
    assert mine.run() == 0


def test_what_a_killed_process_had_begun_to_write_goes(home):
    folder = home.land(comment("t1_b", "Maple_Fox")).parent
    old, young = (folder / f"20231114T221320000000Z-00000{n}.jsonl.gz.7.part" for n in (1, 2))
    for file in (old, young):
        file.write_bytes(b"theirs")
    os.utime(old, (0, 0))
    home.bury({"author_key": home.author_key(GONE)})
    home.forget()
    assert (old.exists(), young.exists()) == (False, True)
