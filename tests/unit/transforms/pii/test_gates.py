"""What a text must have for a slower expression to be tried: whatever that expression finds has it."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.pii import links, normalise, numbers, postal, structured
from transforms.pii.detect import find, redact

GATES = [
    (structured._DECIMAL, structured._IPV4),
    (structured._DECIMAL, structured._DEGREES),
    (structured._DECIMAL, structured._LABELLED),
    (structured._MACISH, structured._MAC),
    (structured._THREE_PAIRS, structured._NINO),
    (structured._SEVEN, structured._DNI),
    (structured._UNGROUPED, structured._FISCAL),
    (structured._UNGROUPED, structured._BASE58),
    (structured._UNGROUPED, structured._BECH32),
    (structured._UNGROUPED, structured._ETHER),
    (links._LINKISH, links._PROFILE),
    # Without a look ahead that only saves time: what is generated would have to pass it by chance.
    (links._NAMING, re.compile(links._NAMED.pattern.replace("(?=[dtsikwm])", ""), re.IGNORECASE)),
    (links._MY, links._MINE),
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
