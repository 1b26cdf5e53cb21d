"""The sanitizer removes and counts over batches of posts, and a text that fails does not pass."""

import re
import signal
import time
from importlib.util import find_spec

import pytest

from foundation.errors import SettingsError
from foundation.sections import SanitizerSettings
from transforms.pii import sanitizer as gate
from transforms.pii.limits import TimeLimit
from transforms.pii.options import Options
from transforms.pii.sanitizer import Clean, Content, Sanitizer

QUICK = Options(max_seconds=0.2, max_chars=1000)
BOMB = "\N{BOMB}"


class Finder:
    """Says that "Zed" is a person, and does what a text with a bomb demands."""

    name = "made"
    version = "7"

    def __init__(self, on_bomb):
        self.on_bomb = on_bomb

    def find(self, texts):
        if any(BOMB in text for text in texts):
            return self.on_bomb(texts)
        return [[match.span() for match in re.finditer("Zed", text)] for text in texts]


def hang(_texts):
    """Hang in Python code that catches everything."""
    while True:
        try:
            time.sleep(60)
        except Exception:  # noqa: S112  # it swallows what would end it, on purpose
            continue


def runaway(_texts):
    """Run an expression that never ends, in one call of C."""
    return re.match(r"(a+)+$", "a" * 60 + "b")


def fail(texts):
    raise RuntimeError(texts)


def content(text, title=None, tags=(), exact=()):
    return Content(title, text, list(tags), list(exact))


def test_a_post_is_cleaned_in_all_its_parts_and_counted():
    post = content(
        "Zed: mail zed@example.org", title="By Ann Lee", tags=("fun", "AnnLee"), exact=("Ann Lee",)
    )
    assert Sanitizer(QUICK, Finder(fail)).clean([post]) == [
        Clean("By <PERSON>", "<PERSON>: mail <EMAIL>", ["fun"], {"PERSON": 2, "EMAIL": 1})
    ]


def test_a_hashtag_goes_where_the_text_told_that_it_is_a_name():
    assert Sanitizer(QUICK, Finder(fail)).clean(
        [content("for #Zed and #fun", tags=("zed", "fun"))]
    )[0].hashtags == ["fun"]


def test_nothing_personal_is_the_post_itself():
    posts = [content("fine"), content(None), content(""), content(None, title="T", tags=("fun",))]
    cleaned = Sanitizer(QUICK, Finder(fail)).clean(posts)
    assert [(one.title, one.text, one.hashtags, one.counts) for one in cleaned] == [
        (None, "fine", [], {}),
        (None, None, [], {}),
        (None, "", [], {}),
        ("T", None, ["fun"], {}),
    ]


@pytest.mark.parametrize("on_bomb", [fail, hang, runaway, lambda _: [], lambda texts: texts])
def test_a_text_on_which_the_person_step_fails_does_not_pass_and_others_do(on_bomb):
    posts = [content("Zed one"), content(f"two {BOMB} Zed"), content("three Zed")]
    cleaned = Sanitizer(QUICK, Finder(on_bomb)).clean(posts)
    assert [one and one.text for one in cleaned] == ["<PERSON> one", None, "three <PERSON>"]


@pytest.mark.parametrize("on_bomb", [fail, hang, runaway])
def test_a_text_on_which_the_rules_fail_does_not_pass_and_others_do(monkeypatch, on_bomb):
    plainly = gate.find_plain

    def rules(plain, *rest):
        return on_bomb(plain) if BOMB in plain.text else plainly(plain, *rest)

    monkeypatch.setattr(gate, "find_plain", rules)
    posts = [content("a@example.org"), content("two", title=BOMB), content("three")]
    cleaned = Sanitizer(QUICK, Finder(fail)).clean(posts)
    assert [one and one.text for one in cleaned] == ["<EMAIL>", None, "three"]


def test_a_text_beyond_the_cap_does_not_pass():
    cleaned = Sanitizer(QUICK, Finder(fail)).clean([content("a" * 1000), content("a" * 1001)])
    assert [one is None for one in cleaned] == [False, True]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "piece",
    [
        "Ann Lee ",
        "a@",
        "#A ",
        "@a A",
        "Aa'",
        "\n",
        "1.",
        "A.",
        "a-",
        "\u0301a",
        "東",
        "<A",
        "@ab Abab ",
    ],
)
def test_hostile_text_has_an_end(piece):
    text = (piece * 100_000)[:100_000]
    assert len(Sanitizer().clean([content(text, exact=("Ann Lee",))])) == 1


def test_work_counts_by_cpu_time_and_waiting_by_a_longer_clock():
    """A machine that is stopped must not quarantine posts."""
    with TimeLimit(100) as limit:
        cpu, clock = limit.attempt(
            lambda: [signal.getitimer(t)[0] for t in (signal.ITIMER_VIRTUAL, signal.ITIMER_REAL)]
        )
    assert 0 < cpu <= 101
    assert 101 < clock <= 301


def test_one_text_that_fails_costs_no_other_its_names_and_forms():
    posts = [content("Zed a@example.org"), content("x" * 1001), content("Zed again")]
    cleaned = Sanitizer(QUICK, Finder(fail)).clean(posts)
    assert [one and one.text for one in cleaned] == ["<PERSON> <EMAIL>", None, "<PERSON> again"]


def test_another_timer_goes_on_after_ours():
    seen = []
    before = signal.signal(signal.SIGALRM, lambda *_: seen.append("theirs"))
    theirs = signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with TimeLimit(0.05) as limit:
            assert limit.attempt(time.sleep, 60) is None
            assert limit.attempt(int, "7") == 7
        while not seen:
            signal.pause()
    finally:
        signal.signal(signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, *theirs)
    assert seen == ["theirs"]


def test_the_version_names_the_person_step():
    assert Sanitizer(QUICK, Finder(fail)).version.endswith("+made-7")
    assert Sanitizer(Options(persons="off")).version.isdigit()


def test_the_person_step_can_be_switched_off():
    post = content("My name is Johanna Lindqvist, johanna@example.org")
    off, on = (Sanitizer(Options(persons=name)).clean([post])[0] for name in ("off", "model"))
    assert off.text == "My name is Johanna Lindqvist, <EMAIL>"
    assert on.text == "My name is <PERSON>, <EMAIL>"


@pytest.mark.skipif(
    find_spec("en_core_web_lg") is not None, reason="Presidio's model is installed here"
)
def test_a_person_step_that_is_not_installed_is_refused_and_not_fetched():
    with pytest.raises(SettingsError, match="presidio"):
        Sanitizer(Options(persons="presidio"))


def test_settings_become_options():
    options = Options.of(
        SanitizerSettings(persons="off", phone_regions=("ZA", "GB"), max_seconds=3)
    )
    assert options == Options(regions=("ZA", "GB"), persons="off", max_seconds=3)
    assert (
        Sanitizer(options).clean([content("(212) 555-0123 or 082 123 4567")])[0].text
        == "(212) 555-0123 or <PHONE>"
    )


def test_a_region_that_is_not_known_is_refused():
    with pytest.raises(SettingsError, match="XX"):
        Options.of(SanitizerSettings(phone_regions=("ZA", "XX")))
