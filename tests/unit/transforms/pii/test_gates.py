"""A gate never hides a match: each text that a slower expression matches passes its gate."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.pii import links, normalise, numbers, postal, structured
from transforms.pii.detect import find, redact
from transforms.pii.spans import has_any, may_hold

GATES = [
    (structured._DECIMAL, structured._IPV4),
    (structured._DECIMAL, structured._DEGREES),
    (structured._DECIMAL, structured._LABELLED),
    (structured._MACISH, structured._MAC),
    (structured._THREE_PAIRS, structured._NINO),
    (structured._SEVEN, structured._DNI),
    (structured._IBANISH, structured._IBAN),
    (structured._UNGROUPED, structured._FISCAL),
    (structured._UNGROUPED, structured._BASE58),
    (structured._UNGROUPED, structured._BECH32),
    (structured._UNGROUPED, structured._ETHER),
    (links._LINKISH, links._PROFILE),
    # Remove a look-ahead that only saves time, since generated texts would pass it only by chance.
    (links._NAMING, re.compile(links._NAMED.pattern.replace("(?=[dtsikwm])", ""), re.IGNORECASE)),
    (links._DISCORDISH, links._DISCORD),
    (links._BARISH, links._BARE),
    (numbers._ENOUGH, numbers._RUN),
    (numbers._ODD_SIGN, numbers._ODD),
    (re.compile(f"{normalise._OPEN.pattern}|(?i:&lt;)"), normalise._BRACKETED),
    (postal._POSTCODISH, postal._POSTCODE),
]


@pytest.mark.parametrize(
    ("gate", "pattern"), GATES, ids=[pattern.pattern[:30] for _, pattern in GATES]
)
def test_what_is_found_passes_its_gate(gate: re.Pattern[str], pattern: re.Pattern[str]):
    @settings(max_examples=200, deadline=None)
    @given(st.from_regex(pattern, alphabet=st.characters(max_codepoint=0x7F)))
    def passes(text: str) -> None:
        assert gate.search(text)

    passes()


def without_look_ahead(pattern: re.Pattern[str], look_ahead: str) -> re.Pattern[str]:
    """Remove a look-ahead that only saves time. Generated texts would pass it only by chance."""
    assert look_ahead in pattern.pattern
    return re.compile(pattern.pattern.replace(look_ahead, ""), pattern.flags)


WORDS = [
    (links._NETWORKS, without_look_ahead(links._NAMED, "(?=[dtsikwm])")),
    (("my ",), links._MINE),
    ((" is ",), links._MINE),
    (postal._UNIT_WORDS, without_look_ahead(postal._UNITS, "(?=[AaSsUuFfPpBb])")),
    (postal._SAYING, without_look_ahead(postal._SAID, "(?=[adlmprs])")),
]


@pytest.mark.parametrize(("words", "pattern"), WORDS, ids=[words[0] for words, _ in WORDS])
def test_what_is_found_has_one_of_the_words(words: tuple[str, ...], pattern: re.Pattern[str]):
    @settings(max_examples=200, deadline=None)
    @given(st.from_regex(pattern, alphabet=st.characters(max_codepoint=0x2FF)))
    def passes(text: str) -> None:
        assert may_hold(text.lower(), words)

    passes()


@given(st.from_regex(normalise._OPEN, alphabet=st.characters(max_codepoint=0x7F)))
def test_a_bracket_before_a_sign_is_one_of_those_that_are_looked_for(text):
    assert has_any(text, normalise._BRACKETS)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("my \u0131nsta: kim_lee7", "my \u0131nsta: <HANDLE>"),
        ("\u0130nstagram = kim_lee7", "\u0130nstagram = <HANDLE>"),
        ("del\u0131vered to 12 Long Way", "del\u0131vered to <ADDRESS>"),
        ("Su\u0131te 12", "<ADDRESS>"),
    ],
)
def test_letters_that_ignoring_case_alone_makes_equal_pass_too(text, clean):
    assert redact(text, find(text)) == clean


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            "see HTTPS://a.example/x or hxxp://b.example",
            ["HTTPS://a.example/x", "hxxp://b.example"],
        ),
        ("foo://http://a.example/x", ["http://a.example/x"]),
        ("hhttps://a.example://b", ["https://a.example://b"]),
        ("http:// a.b wss://c", ["wss://c"]),
        ("://x ftp:// <ipfs://y>", ["ipfs://y"]),
        ("xhttp://a http://b", ["http://a", "http://b"]),
    ],
)
def test_a_link_begins_with_its_scheme(text, found):
    assert [text[start:end] for start, end in links._with_scheme(text)] == found


def test_links_without_spaces_leave_no_gap_however_many_there_are():
    links_in_a_row = [
        f"{start}{number}.example/{'x' * 900}"
        for number, start in enumerate(("www.", "http://", "www.") * 3)
    ]
    text = f"see {','.join(links_in_a_row)},http://jane-doe.example/private, end"
    assert redact(text, find(text)) == "see <URL>, end"
