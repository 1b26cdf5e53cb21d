"""The detector finds each type, leaves its near-misses, and cuts at places of the original."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.pii.detect import Options, find, redact
from transforms.pii.normalise import normalise

FOUND = [
    ("EMAIL", "jane.doe+x@mail.example.org"),
    ("EMAIL", "jörg@müller.example"),
    ("EMAIL", "jane (at) example [dot] org"),
    ("EMAIL", "jane dot doe at example dot com"),
    ("EMAIL", "jane@ex\u00adample.org"),
    ("EMAIL", "jane\uff20example\uff0eorg"),
    ("EMAIL", "jane @ example.org"),
    ("PHONE", "+27 82 123 4567"),
    ("PHONE", "+46 (0)8 928 571 38"),
    ("PHONE", "0027821234567"),
    ("PHONE", "082 123 4567"),
    ("PHONE", "0821234567"),
    ("PHONE", "(212) 555-0123"),
    ("PHONE", "212-555-0123x45"),
    ("PHONE", "07700 900 123"),
    ("PHONE", "01.23.45.67.89"),
    ("PHONE", "98765 43210"),
    ("PHONE", "(11) 91234-5678"),
    ("PHONE", "0412 345 678"),
    ("PHONE", "+\uff12\uff17 \uff18\uff12 \uff11\uff12\uff13 \uff14\uff15\uff16\uff17"),
    ("CARD", "4111111111111111"),
    ("CARD", "4111 1111-1111 1111".replace("-", " ")),
    ("CARD", "3782-822463-10005"),
    ("CARD", "4111\u200b1111\u200b1111\u200b1111"),
    (
        "CARD",
        "\uff14\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11\uff11",
    ),
    ("CARD", "630427373398"),
    ("IBAN", "DE89370400440532013000"),
    ("IBAN", "gb82 west 1234 5698 7654 32"),
    ("IP", "203.0.113.9"),
    ("IP", "203[.]0[.]113[.]9"),
    ("IP", "2001:db8::7"),
    ("SSN", "536-90-4399"),
    ("ZA_ID", "8001015009087"),
    ("ZA_ID", "800101 5009 087"),
    ("NINO", "AB 12 34 56 C"),
    ("MAC", "00:1b:44:11:3a:b7"),
    ("NATIONAL_ID", "529.982.247-25"),
    ("NATIONAL_ID", "12345678Z"),
    ("HANDLE", "@jane_doe"),
    ("HANDLE", "u/jane_doe"),
    ("HANDLE", "@jane@social.example"),
    ("HANDLE", "jane#1234"),
    ("HANDLE", "jane.bsky.social"),
    ("PROFILE", "https://www.reddit.com/user/jane"),
    ("PROFILE", "https://x.com/jane/status/20"),
    ("PROFILE", "https://bsky.app/profile/jane.example"),
    ("PROFILE", "https://news.ycombinator.com/user?id=jane"),
    ("PROFILE", "https://mastodon.example/@jane"),
    ("PROFILE", "facebook.com/jane.doe.7"),
    ("PROFILE", "instagram.com/jane"),
    ("PROFILE", "linkedin.com/in/jane-doe-123"),
    ("PROFILE", "https://t.me/jane_doe"),
    ("URL", "https://www.example.co.za/a?b=c"),
    ("URL", "www.example.org"),
    ("CRYPTO", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
    ("CRYPTO", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"),
    ("CRYPTO", "0x52908400098527886E0F7030069857D2E4169EE7"),
    ("GEO", "-33.92487, 18.42406"),
    ("GEO", "lat 51.5007, lng -0.1246"),
    ("GEO", "33°55'29\"S 18°25'26\"E"),
    ("ADDRESS", "12 Long Street"),
    ("ADDRESS", "Hauptstraße 12"),
    ("ADDRESS", "Suite 245"),
    ("ADDRESS", "SW1A 1AA"),
]
LEFT = [
    "It is 3.14159 and 10.5 %",
    "See you @ 5",
    "meet me @5pm",
    "from 2019-2020 to 2021 2022",
    "on 2024-01-31 12:30:45",
    "12.05.2024",
    "4111111111111112",
    "DE89370400440532013001",
    "version 1.2.3.4",
    "999.1.1.1",
    "666-12-3456",
    "8001015009088 no",
    "std::vector and a::b",
    "$1 500 000 spent",
    "67 000 000 people",
    "polka dot dress at home",
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb",
    "0x1234",
    "r/python and and/or",
    "C#12 is out",
    "a 7 hour drive",
    "i.e. this",
    "12:30:45",
    "529.982.247-26",
    "1, 2, 3, 4, 5, 6, 7, 8",
    "",
]


@pytest.mark.parametrize(("kind", "value"), FOUND, ids=ascii)
def test_the_value_and_nothing_else_is_cut(kind, value):
    text = f"Look: {value} is what I mean"
    spans = find(text)
    assert [(span.type, text[span.start : span.end]) for span in spans] == [(kind, value)]
    assert redact(text, spans) == f"Look: <{kind}> is what I mean"


@pytest.mark.parametrize("text", LEFT)
def test_near_misses_stay(text):
    assert find(text) == []


@pytest.mark.parametrize(
    ("text", "exact", "clean"),
    [
        ("JANE DOE's bag, Jane's not", ["Jane Doe"], "<PERSON> bag, Jane's not"),
        ("I am Doe, Jane and #JaneDoe", ["Jane Doe"], "I am <PERSON> and #<PERSON>"),
        ("ask janed or janedoe", ["@janed"], "ask <PERSON> or janedoe"),
        ("old jane was here", ["jane@social.example"], "old <PERSON> was here"),
        ("我是王伟的朋友", ["王伟"], "我是<PERSON>的朋友"),
        ("Al is al", ["Al", "", "  "], "Al is al"),
    ],
)
def test_the_posts_own_names(text, exact, clean):
    assert redact(text, find(text, exact)) == clean


def test_options_choose_links_and_regions():
    some = Options(regions=frozenset({"US"}), urls=False)
    assert find("https://example.org/a 082 123 4567", options=some) == []
    assert [s.type for s in find("https://x.com/jane (212) 555-0123", options=some)] == [
        "PROFILE",
        "PHONE",
    ]


HOSTILE = [
    "@",
    "a@",
    "a.",
    "@a.",
    "1 ",
    "11 ",
    "1-",
    "1.",
    "+1",
    "(",
    "a:",
    "1:",
    "::",
    "u/",
    "/@",
    "https://",
    "x.com/",
    "a dot ",
    " at a",
    "[.]",
    "GB11 ",
    "AB12",
    "A",
    "0",
    "12 A",
    "1 Aa ",
    "Rua de ",
    "\u0301\u0316",
    "\ufdfa",
    "\u200b",
    "aB-",
    "#1234",
    "bc1",
    "1°",
    "box 1 ",
    "x#1",
    "telegram: ",
    "a_",
    "a_at_",
    "1.1.",
    "a 1 ",
    ".a",
    "www.",
    "did:",
    "4 1",
    "1.111 ",
    "-",
    "Apt 1 ",
    "A A A A 1 Apt 1 ",
    "Suite 1,\n",
    "AA CA 12345 ",
    "lives at 1 A ",
    "corner of A and B ",
]


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", HOSTILE, ids=ascii)
def test_hostile_text_costs_linear_time(piece):
    text = (piece * (100_000 // len(piece) + 1))[:100_000]
    spans = find(text, ["a" * 50, "jane doe"])
    assert all(span.end <= len(text) for span in spans)


_PIECES = st.one_of(
    st.sampled_from(
        [value for _, value in FOUND] + LEFT + HOSTILE + [" ", "\u200d", "\u00ad", "½", "ﬁ", "(at)"]
    ),
    st.text(max_size=6),
)
_TEXTS = st.lists(_PIECES, max_size=12).map("".join)


@settings(max_examples=200, deadline=None)
@given(_TEXTS, st.lists(st.text(max_size=8), max_size=3))
def test_spans_lie_in_the_text_in_order_and_redaction_removes_just_them(text, exact):
    spans = find(text, exact)
    edges = [edge for span in spans for edge in (span.start, span.end)]
    assert edges == sorted(edges)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    bounds = [0, *edges, len(text)]
    kept = [text[a:b] for a, b in zip(bounds[::2], bounds[1::2], strict=True)]
    marks = [f"<{span.type}>" for span in spans] + [""]
    assert redact(text, spans) == "".join(
        part for pair in zip(kept, marks, strict=True) for part in pair
    )


@given(_TEXTS)
def test_each_plain_character_comes_from_one_stretch_of_the_original(text):
    plain = normalise(text)
    if plain.starts is not None and plain.ends is not None:
        assert len(plain.starts) == len(plain.ends) == len(plain.text)
        assert plain.starts == sorted(plain.starts)
        assert all(a < b <= len(text) for a, b in zip(plain.starts, plain.ends, strict=True))
