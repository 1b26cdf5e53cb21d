"""The API's texts are only text in a page: never markup, never a harmful link."""

import pytest

from dashboard import parts
from dashboard.figures import Change
from dashboard.parts import Column, Tile

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'&"
SAFE = "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(2)&gt;&quot;&#x27;&amp;"
POST = {
    "platform": "bluesky",
    "channel": "coffee",
    "posted_at": "2026-03-04T12:00:00Z",
    "label": "positive",
    "confidence": 0.83,
    "title": None,
    "text": "Good.",
    "link": "https://example.org/1",
    "may_display": True,
}


@pytest.mark.parametrize("name", ["platform", "channel", "title", "text", "posted_at", "label"])
def test_every_field_of_a_post_is_escaped(name):
    shown = parts.posts([POST | {name: HOSTILE}])
    assert "<script" not in shown
    assert "<img" not in shown
    assert SAFE in shown or name in {"posted_at", "label"}


@pytest.mark.parametrize(
    "piece",
    [
        parts.heading(HOSTILE, HOSTILE),
        parts.panel_heading(HOSTILE, HOSTILE),
        parts.state(HOSTILE, HOSTILE, [HOSTILE], HOSTILE),
        parts.tiles([Tile(HOSTILE, HOSTILE, note=HOSTILE)], compared_with=HOSTILE),
        parts.table([Column(HOSTILE, "a")], [{"a": HOSTILE}], name=HOSTILE),
    ],
)
def test_every_piece_escapes_what_it_is_given(piece):
    assert SAFE in piece
    assert "<script" not in piece


@pytest.mark.parametrize(
    ("address", "is_safe"),
    [
        ("https://example.org/a?b=c", True),
        ("http://example.org", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt:alert(1)", False),
        (" javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//example.org", False),
        ("https:///etc", False),
        ("https://name:word@example.org", False),
        ("http://[", False),
        (None, False),
        (7, False),
    ],
)
def test_only_http_is_followed(address, is_safe):
    assert parts.safe_link(address) == (address if is_safe else "")
    assert ("<a " in parts.posts([POST | {"link": address}])) == is_safe


def test_a_link_tells_the_other_page_nothing():
    assert 'target="_blank" rel="noopener noreferrer nofollow"' in parts.posts([POST])


def test_a_text_that_may_not_be_shown_is_not_there():
    shown = parts.posts([POST | {"may_display": False, "text": "secret", "title": "secret"}])
    assert "secret" not in shown
    assert "may not be shown" in shown


def test_a_label_has_a_sign_and_a_word_beside_its_colour():
    assert '<b aria-hidden="true">+</b> positive, 83\u202f% sure' in parts.posts([POST])
    assert "no label" in parts.posts([POST | {"label": None}])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (Change("3.0 %", 1), "▲</span> up 3.0 %"),
        (Change("3.0 %", -1), "▼</span> down 3.0 %"),
        (Change("0.0 %", 0), "unchanged"),
        (None, "&nbsp;"),
    ],
)
def test_a_change_has_a_word_beside_its_arrow(change, says):
    assert says in parts.tiles([Tile("Posts", "1", change)])


def test_control_characters_do_not_reach_a_page():
    assert parts.text("a\x00b\x1b[31mc\nd") == "ab[31mc\nd"
