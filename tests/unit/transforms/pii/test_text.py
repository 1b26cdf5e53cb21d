"""Personal data in texts is found and replaced, and similar texts are kept."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.pii.detect import Options, find, redact
from transforms.pii.spans import TYPES
from transforms.scoring.registry import load_scorer
from transforms.scoring.score import ScorerOptions

PROPERTY = settings(deadline=None, derandomize=True, database=None, max_examples=300)
HOSTILE_CHARS = 100_000


def clean(text: str, exact: tuple[str, ...] = ()) -> str:
    return redact(text, find(text, exact))


FOUND = {
    "a mail address": ("write to ann.lee+x@mail.example.org now", "write to <EMAIL> now"),
    "a mail address at the end of a sentence": ("It is ann@example.org.", "It is <EMAIL>."),
    "in brackets": ("(ann@example.org)", "(<EMAIL>)"),
    "mail addresses side by side": ("a@b.co,c@d.co", "<EMAIL>,<EMAIL>"),
    "mail with letters of Europe": ("jürgen@müller.example.de ok", "<EMAIL> ok"),
    "mail within Chinese": ("请联系ann@example.com谢谢", "请联系<EMAIL>谢谢"),
    "mail in a URL": ("mailto:ann@example.org?subject=x", "mailto:<EMAIL>?subject=x"),
    "mail in a query": ("https://example.org/?to=ann@example.org&x=1", "<URL>"),
    "a handle at the start": ("@ann look", "<HANDLE> look"),
    "a handle at the end": ("look @ann", "look <HANDLE>"),
    "a handle before a full stop": ("thanks @ann.", "thanks <HANDLE>."),
    "a handle in brackets": ("(@ann_lee)", "(<HANDLE>)"),
    "a handle that is a word": ("flew @united today", "flew <HANDLE> today"),
    "a handle that is a domain": ("hi @ann.bsky.social!", "hi <HANDLE>!"),
    "a handle of one letter": ("hi @a", "hi <HANDLE>"),
    "a handle not of Latin letters": ("привет @анна!", "привет <HANDLE>!"),
    "a Mastodon handle": ("ask @ann@mastodon.example.", "ask <HANDLE>."),
    "u/name": ("as u/ann_lee said", "as <HANDLE> said"),
    "/u/name": ("as /u/ann-lee said", "as <HANDLE> said"),
    "u/name at the start": ("u/ann", "<HANDLE>"),
    "a Reddit profile": ("https://www.reddit.com/user/ann_lee/comments", "<PROFILE>"),
    "a Reddit profile, short": ("old.reddit.com/u/ann", "<PROFILE>"),
    "a Bluesky profile": ("https://bsky.app/profile/ann.bsky.social", "<PROFILE>"),
    "a Bluesky profile by DID": ("https://bsky.app/profile/did:plc:abc/post/1", "<PROFILE>"),
    "an X profile": ("see https://x.com/annlee, twitter.com/annlee", "see <PROFILE>, <PROFILE>"),
    "an X post": ("https://x.com/annlee/status/1", "<PROFILE>"),
    "an X profile with an at": ("https://twitter.com/@annlee", "<PROFILE>"),
    "a Facebook profile": ("m.facebook.com/ann.lee", "<PROFILE>"),
    "a Facebook profile by number": (
        "https://www.facebook.com/profile.php?id=1234567",
        "<PROFILE>",
    ),
    "a Facebook profile by both": ("https://www.facebook.com/people/Ann-Lee/1234567", "<PROFILE>"),
    "an Instagram profile": ("https://instagram.com/ann.lee", "<PROFILE>"),
    "a LinkedIn profile": ("https://de.linkedin.com/in/ann-lee-1a2b", "<PROFILE>"),
    "a Hacker News profile": ("https://news.ycombinator.com/user?id=annlee", "<PROFILE>"),
    "a Mastodon profile": ("https://mastodon.example/@ann", "<PROFILE>"),
    "a Mastodon post": ("https://mastodon.example/@ann/1234", "<PROFILE>"),
    "an X name with a server": ("https://x.com/ann@example", "<PROFILE>"),
    "a Fediverse account": ("https://host.example/users/ann/statuses/1", "<PROFILE>"),
    "a Discord account": ("discord.com/users/80351110224678912", "<PROFILE>"),
    "a Telegram account": ("t.me/ann_lee", "<PROFILE>"),
    "a Snapchat name in capitals": ("MY SNAP IS ANN_99!", "MY SNAP IS <HANDLE>!"),
    "a Telegram name": (
        "my tg is ann_lee, Telegram: ann.lee",
        "my tg is <HANDLE>, Telegram: <HANDLE>",
    ),
    "a TikTok account": ("tiktok.com/@ann.lee", "<PROFILE>"),
    "an address with its town": ("to 12 Long Street, Cape Town, 8001.", "to <ADDRESS>."),
    "an address in lines": (
        "Ann\n12 Long Street\nFlat 3\nLeeds\nUnited Kingdom 10115",
        "Ann\n<ADDRESS>",
    ),
    "an address, and a number that is none of it": (
        "at 5 Main St, then 1000 came",
        "at <ADDRESS>, then 1000 came",
    ),
    "an American address": (
        "to 4411 Birch Hollow, Austin, TX 78701-1234 please",
        "to <ADDRESS> please",
    ),
    "a town with its code": ("Greetings from Salt Lake, UT 84101!", "Greetings from <ADDRESS>!"),
    "a British address": (
        "at Flat 3, 17 Mill Close, Leeds LS1 4AP.",
        "at <ADDRESS>, <ADDRESS> <ADDRESS>.",
    ),
    "a German address": (
        "Sie wohnt Lindenallee 9a, 10115 Berlin",
        "Sie wohnt <ADDRESS>, 10115 Berlin",
    ),
    "a Swedish address": ("hos Ann, Storgatan 12 idag", "hos Ann, <ADDRESS> idag"),
    "a French address": ("au 12 bis rue de la Paix demain", "au <ADDRESS> demain"),
    "a street without a word for it, before a flat": (
        "at Marina Alta 77, Suite 5.",
        "at <ADDRESS>.",
    ),
    "half of a number": ("at 0412 88 Long Street now", "at <ADDRESS> now"),
    "a street that the sentence tells of": (
        "My address is 55 Alta Marina. Come!",
        "My address is <ADDRESS>. Come!",
    ),
    "a street where somebody lives": (
        "she lives at Alta Marina 55 now",
        "she lives at <ADDRESS> now",
    ),
    "a corner": ("meet at the corner of Long Street and Wale", "meet at <ADDRESS>"),
    "no address": (
        "gate 12, Gate 13, 2 Good Men, the address is so, lives at home 3 days, IN 12345 ways,"
        " 5 hills, 3 on the road",
        "gate 12, Gate 13, 2 Good Men, the address is so, lives at home 3 days, IN 12345 ways,"
        " 5 hills, 3 on the road",
    ),
    "a URL in capitals": ("HTTPS://WWW.REDDIT.COM/USER/ANN", "<PROFILE>"),
    "a URL at the end of a bracket": ("(https://x.com/annlee)", "(<PROFILE>)"),
}

# Without links that name nobody by their form.
NOT_FOUND = {
    "nothing": "",
    "plain": "What a fine day, isn't it?",
    "only emoji": "😀😀",
    "an at alone": "5 apples @ 3 each, a@ b, @ me",
    "and/or": "and/or, w/o, km/h, u/ s/he",
    "a subreddit": "see r/europe and /r/europe, https://www.reddit.com/r/europe",
    "a path with u": "https://example.org/u/ann and menu/item",
    "other pages of X": "https://x.com/i/trending https://x.com/search?q=a https://twitter.com/hashtag/fun",
    "other pages of Instagram": "https://instagram.com/p/abc instagram.com/explore/tags",
    "other pages of Facebook": "https://facebook.com/groups/1 https://facebook.com/events/1",
    "hosts that end alike": "netflix.com/title fedex.com/track https://www.box-x.com/a https://wellx.com/in/b",
    "a word behind a network": "my discord is down, telegram is fine",
    "a company on LinkedIn": "https://linkedin.com/company/example",
    "a placeholder": "<EMAIL> and <HANDLE>, <PROFILE> or <PERSON>",
}

EXACT = {
    "a name": ("Ann Lee wrote", ("Ann Lee",), "<PERSON> wrote"),
    "any case": ("ANN LEE, ann lee", ("Ann Lee",), "<PERSON>, <PERSON>"),
    "with its at": ("annlee wrote", ("@annlee",), "<PERSON> wrote"),
    "with spaces around": ("annlee wrote", (" annlee ",), "<PERSON> wrote"),
    "of three letters": ("ann wrote", ("Ann",), "<PERSON> wrote"),
    "of two letters: too short": ("an apple", ("An",), "an apple"),
    "within a word": ("announce planning", ("ann",), "announce planning"),
    "beside punctuation": ("(ann), ann's 'ann'", ("ann",), "(<PERSON>), <PERSON> '<PERSON>"),
    "not of Latin letters": ("это ДЖЯ Ли", ("Джя Ли",), "это <PERSON>"),
    "with characters that mean much": ("a.b*c and axbxc", ("a.b*c",), "<PERSON> and axbxc"),
    "the longer of two": ("Ann Lee-Fox came", ("Ann Lee", "Ann Lee-Fox"), "<PERSON> came"),
    "an id": ("see urn:li:abc", ("urn:li:abc",), "see <PERSON>"),
    "empty": ("hello", ("", "  ", "@"), "hello"),
    "absent": ("hello", ("Ann Lee",), "hello"),
}

OVERLAPS = {
    "a name in a mail address": ("to ann@example.org", ("ann",), "to <EMAIL>"),
    "a name as handle": ("to @annlee", ("annlee",), "to <HANDLE>"),
    "a name in a profile": ("https://x.com/annlee", ("annlee",), "<PROFILE>"),
    "a name that begins before": ("by Ann @annlee there", ("Ann @annlee there",), "by <PERSON>"),
    "a name that ends after": ("see @annlee (Ann)", ("annlee (Ann)",), "see <PERSON>"),
    "a handle in a mail address": ("to @ann@example.org", (), "to <HANDLE>"),
}


@pytest.mark.parametrize(("text", "expected"), FOUND.values(), ids=FOUND)
def test_found(text, expected):
    assert clean(text) == expected


@pytest.mark.parametrize("text", NOT_FOUND.values(), ids=NOT_FOUND)
def test_not_found(text):
    assert find(text, options=Options(urls=False)) == []


@pytest.mark.parametrize(
    ("text", "exact", "expected"), (EXACT | OVERLAPS).values(), ids=EXACT | OVERLAPS
)
def test_exact_strings(text, exact, expected):
    assert clean(text, exact) == expected


def test_spans_name_the_original():
    text = "😀 @ann: ann@example.org by Ann Lee"
    assert [(text[s.start : s.end], s.type) for s in find(text, ["Ann Lee"])] == [
        ("@ann", "HANDLE"),
        ("ann@example.org", "EMAIL"),
        ("Ann Lee", "PERSON"),
    ]


def test_nothing_found_is_the_text_itself():
    text = "as it was"
    assert redact(text, []) is text


PIECES = st.sampled_from([text for text, _ in FOUND.values()]) | st.text(max_size=8)
NAMES = st.lists(st.text(max_size=6), max_size=3)


@PROPERTY
@given(
    pieces=st.lists(PIECES, max_size=5), glue=st.sampled_from(["", " ", "/", "@", "."]), exact=NAMES
)
def test_spans_lie_in_the_text_in_order_and_apart(pieces, glue, exact):
    text = glue.join(pieces)
    spans = find(text, exact)
    edges = [edge for span in spans for edge in (span.start, span.end)]
    assert edges == sorted(edges)
    assert all(span.start < span.end for span in spans)
    assert all(0 <= edge <= len(text) for edge in edges)


@PROPERTY
@given(pieces=st.lists(PIECES, max_size=5))
def test_a_second_pass_finds_nothing(pieces):
    once = clean(" ".join(pieces))
    assert clean(once) == once


@PROPERTY
@given(text=st.text(alphabet="ann@.u/ x:hp", max_size=60), name=st.sampled_from(["ann", "Ann Lee"]))
def test_a_name_does_not_survive_as_a_word(text, name):
    left = clean(f"{text} {name.upper()} {text}", (name,))
    assert not re.search(rf"(?<!\w){name}(?!\w)", left, re.IGNORECASE)


HOSTILE = {
    "letters": "a",
    "ats": "@",
    "handles without end": "@a.",
    "domains": "a@a.",
    "mail without end": "a.a@",
    "URLs": "https://",
    "hosts": "https://a.",
    "profiles": "https://a/@",
    "u/": "u/",
    "u/ and dashes": "u/-",
    "facebook": "facebook.com/people/",
    "two-letter domains": "x@y.zz ",
    "emoji": "😀@",
}


@pytest.mark.timeout(20)  # a quadratic expression would take minutes
@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_ends(piece):
    text = (piece * HOSTILE_CHARS)[:HOSTILE_CHARS]
    assert len(clean(text, ("annlee", piece))) <= 4 * HOSTILE_CHARS


@pytest.mark.timeout(20)
def test_many_mentions_end():
    names = [f"name{n:05}" for n in range(HOSTILE_CHARS // 10)]
    assert clean(" ".join(names), tuple(names)) == " ".join(["<PERSON>"] * len(names))


def test_placeholders_have_no_sentiment():
    texts = [f"<{kind}>" for kind in TYPES]
    assert [score.compound for score in load_scorer(ScorerOptions()).score(texts)] == [0.0] * len(
        TYPES
    )
