import time
import unicodedata

import pytest

from ingestion.parsing.html_text import handles, hashtags, html_to_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("<p>a &amp; b<br/>c</p><p>d</p>", "a & b\nc\n\nd"),
        ("one<p>two<p>three", "one\n\ntwo\n\nthree"),
        ("<ul><li>x</li><li>y</li></ul>", "x\ny"),
        ("1 < 2 &lt;b&gt; 3 > 2", "1 < 2 <b> 3 > 2"),
        ("a<!-- no -->b<script>no</script>c", "abc"),
        (
            '<a href="https://a.example/long"><span class="invisible">https://</span>a.example/long</a>',
            "https://a.example/long",
        ),
        (
            '<a href="https:&#x2F;&#x2F;a.example&#x2F;long">https:&#x2F;&#x2F;a.exa...</a>',
            "https://a.example/long",
        ),
        ('<a href="https://b.example">really...</a>', "really..."),
        ("<pre><code>  x\n  y\n</code></pre>z", "x\n  y\n\nz"),
        ("<![CDATA[x", "<![CDATA[x"),
    ],
)
def test_html_becomes_what_a_reader_sees(html: str, text: str):
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    "piece",
    ["<a href='", "<!--", "<a", "</", "&#", " \t", "<a>", "<p>", "<" + "a" * 50, "<script>"],
)
def test_hostile_html_takes_no_longer_than_its_length(piece: str):
    began = time.perf_counter()
    html_to_text(piece * (500_000 // len(piece)))
    assert time.perf_counter() - began < 5


def test_hashtags_and_handles():
    text = "#Tide and #2024 #a1 &#39; x#no http://a.example/#no @kelp, me@mail.example @@no @a.b."
    assert hashtags(text) == ["Tide", "a1"]
    assert handles(text) == ["kelp", "a.b"]
    assert hashtags(None) == handles(None) == []


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("मौसम #मौसम", ["मौसम"]),
        ("#naïve " + unicodedata.normalize("NFD", "#naïve"), ["naïve", "naïve"]),
        ("#I\u0307zmir", ["İzmir"]),
        ("#കാലാവസ്ഥ #হাওয়া #வானிலை #ดีมาก", ["കാലാവസ്ഥ", "হাওয়া", "வானிலை", "ดีมาก"]),
        ("#می\u200cروم #അവന്\u200d", ["می\u200cروم", "അവന്\u200d"]),
        ("#كِتَابٌ #סֵפֶר", ["كِتَابٌ", "סֵפֶר"]),
        ("#red#green#blue", ["red", "green", "blue"]),
        ("#red#7#blue", ["red", "blue"]),
        ("#7up #_x #2024 #१२", ["7up", "_x"]),
        ("C# C#m मौसम#no &#39; ##no", []),
        ("\uff03wide", ["wide"]),
        ("\u2764\ufe0f#red #blue\u2764\ufe0f #\ufe0f\u20e3", ["red", "blue"]),
        ("https://a.example/?x=#no#no (#yes)", ["yes"]),
    ],
)
def test_hashtags_are_whole(text: str, tags: list[str]):
    assert hashtags(text) == tags


@pytest.mark.parametrize("piece", ["#", "#a", "#1", "#a\u0301", "https://", "\uff03a\u200d"])
def test_hostile_hashtags_take_no_longer_than_their_length(piece: str):
    began = time.perf_counter()
    hashtags(piece * (300_000 // len(piece)))
    assert time.perf_counter() - began < 5
