"""Find e-mail addresses, handles, profiles and other links."""

import re
from collections.abc import Iterator

from transforms.pii.spans import Span, may_hold
from transforms.pii.structured import is_installed

# letters of scripts with spaces
_LETTER = r"A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u0370-\u03ff\u0400-\u04ff"
_DOMAIN = (
    rf"(?:[{_LETTER}0-9\-]{{1,63}}\.){{1,8}}"
    rf"(?:[xX][nN]--[A-Za-z0-9\-]{{2,59}}|[{_LETTER}]{{2,24}})(?![A-Za-z0-9])"
)
_AT_DOMAIN = re.compile(rf"@{_DOMAIN}")
_ATS = re.compile(r"@(?: {0,2}@)*+")  # of several, the last one is followed by the domain
_AT_NUMERIC = re.compile(r"@\[?(?:\d{1,3}\.){3}\d{1,3}\]?")
_LOOSE_TLD = (
    r"(?:com|net|org|edu|gov|info|io|me|co\.uk|co\.za|co|de|uk|za|fr|in|br|au|nl|es|it|eu|us|ca"
    r"|ch|at|se)"
)
_LOOSE_AT = re.compile(
    rf"@ {{0,2}}[{_LETTER}0-9\-]{{1,63}}(?:\.[{_LETTER}0-9\-]{{1,63}}){{0,4}}"
    rf"(?:\.[A-Za-z]{{2,24}}| {{1,2}}\. {{1,2}}{_LOOSE_TLD})(?![A-Za-z0-9])"
)
# The characters of words in any script: `\w` has no vowel signs and other marks.
_SIGNS = (
    r"\w\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963"
    r"\u0966-\u0df3\u0e00-\u0e4e\u0e50-\u0f00\u1000-\u1049\u1050-\u109f\u1780-\u17d3"
)
_LOCAL_SIGN = re.compile(f"[{_SIGNS}]")
_SIGN_END = re.compile(rf"[{_SIGNS}+\-]\Z")
_ANY_DOMAIN = re.compile(rf"@ {{0,2}}(?:[{_SIGNS}\-]{{1,63}}+\.){{1,8}}[{_SIGNS}]{{2,63}}")
_SURE_TLD = r"(?:com|net|org|edu|gov|info|co\.uk|co\.za)"
# A comma instead of the full stop, or spaces around it.
_SPOILT = re.compile(
    rf"@ {{0,2}}[{_LETTER}0-9\-]{{1,63}}+(?:[.,][{_LETTER}0-9\-]{{1,63}}+){{0,3}}?"
    rf"(?:[,;]co[,;.](?:uk|za|nz|jp|in)|[,;]{_LOOSE_TLD}"
    rf"|(?: {{0,2}}[.,;] {{0,2}}| {{1,2}}){_SURE_TLD}| {{1,2}}[.,] {{1,2}}{_LOOSE_TLD})(?!\w)",
    re.IGNORECASE,
)
_APART = re.compile(r"[ \t\r\n,;!#$&*?^`{|})>=~\u201d\"'\u00bb]{1,4}\Z")
_MOST_APART = 4
_NO_MAIL = (".bsky.social", ".threads.net", "mastodon.social")
_UNLIKE_WORDS = re.compile(r"(?!\d+[^\W\d_]{0,3}\Z)(?:.*[\d_+]|.*\w\.\w)")  # "5pm" is no name
_PROVIDERS = r"(?:gmail|googlemail|hotmail|icloud|protonmail)"
_PROVIDER = re.compile(
    rf"@ {{0,2}}(?:{_PROVIDERS}|outlook|yahoo|ymail|live|msn|proton|pm|gmx|aol|web|mail|yandex)\b",
    re.IGNORECASE,
)
_PROVIDER_ALONE = re.compile(rf"@{_PROVIDERS}(?![\w.])", re.IGNORECASE)
_MAIL_WORD = re.compile(
    r"\b(?:e-?mails?|mails?|mailto|correo|courriel|\u043f\u043e\u0447\u0442\u0430)\b["
    r" :=(\[<\"']{0,4}\Z",
    re.IGNORECASE,
)
_MAIL_REACH = 16
# "mail jane7 at example.org". Without the word "mail", and a character that no word has, it is
# ordinary text ("look at example.org").
_MAILED = re.compile(
    r"\be?-?mail(?:to)?(?: (?:me|us|is|address|to|at)){0,2}[ :]{1,3}"
    rf"(?P<address>(?=[\w.+\-]{{0,63}}[\d_+]|\w{{1,30}}\.\w)[\w.+\-]{{2,64}} {{1,2}}at"
    rf" {{1,2}}{_DOMAIN})",
    re.IGNORECASE,
)
_LOCAL_CHARS = frozenset("._%+-'")
_LOCAL_ASCII = _LOCAL_CHARS | frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
)
_MOST_LOCAL = 64
# Scripts without spaces, in which a sentence may touch the name.
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff]"
)
# "RT@name" is no address.
_BEFORE_HANDLE = frozenset({"rt", "mt", "via", "cc", "by", "from", "with", "ht", "and", "to"})
_HANDLE = re.compile(
    rf"@\w(?:[{_SIGNS}.\-]{{0,62}}[{_SIGNS}])?(?:@\w(?:[{_SIGNS}.\-]{{0,250}}[{_SIGNS}])?)?"
)
_NUMBERS = re.compile(r"@v?\d{1,9}(?:[.,]\d{1,9}){0,5}")  # a price, or the version of a package
_NUMERIC = re.compile(r"@v?\d")
_TIME_OR_VERSION = re.compile(r"@(?:\d{1,2}(?:[aApP][mM]|[hHkK])?|v?\d{1,9}(?:\.\d{1,9}){1,5})")
_USER = re.compile(r"(?<![\w/])/?(?:u|user) ?/ ?[\w\-]{2,30}(?!\w)", re.IGNORECASE)
_DISCORD = re.compile(r"(?<![\w#&])[\w.]{2,32}#\d{4}(?!\w)")
_BLUESKY = re.compile(
    r"(?<![\w.\-@])[A-Za-z0-9\-]{1,63}\.bsky\.social(?!\w)|(?<!\w)did:(?:plc|web):[\w.:%\-]{1,250}",
    re.IGNORECASE,
)
_NETWORKS = (
    "discord",
    "telegram",
    "tg",
    "snap",
    "snapchat",
    "insta",
    "instagram",
    "ig",
    "twitter",
    "tiktok",
    "kik",
    "skype",
    "wechat",
    "mastodon",
    "twitch",
    "signal",
)
_NETWORK = f"(?:{'|'.join(_NETWORKS)})"
_NAMED = re.compile(
    rf"(?<!\w)(?=[dtsikwm]){_NETWORK}(?: id| name| user| handle"
    rf"| username)? ?[:=] ?(?P<name>[\w.\-]{{2,63}}\w)",
    re.IGNORECASE,
)
_MINE = re.compile(
    rf"(?<!\w)my {_NETWORK}(?: id| name| user| handle| username)? is"
    r" (?P<name>(?=[^\W\d_]{0,63}[\d_])[\w.\-]{2,63}\w)",
    re.IGNORECASE,
)
_REST = r"(?:[/?#][^\s<>\"')\]}]{0,1000})?"
_PROFILE_TAILS = (
    r"reddit\.com/u(?:ser)?/[\w\-]{1,40}"
    r"|bsky\.app/profile/[\w.:\-]{1,260}"
    r"|(?:x|twitter)\.com/(?!i/|search\b|hashtag/|home\b|intent/|share\b)@?\w{1,30}(?:@[\w.\-]{1,250})?"
    r"|(?:facebook|fb)\.com/(?:profile\.php\?id=\d{1,20}|people/[\w.\-%]{1,100}(?:/\d{1,20})?)"
    r"|(?:facebook|fb|instagram)\.com/(?!p/|reel/|groups/|events/|watch\b|explore/|sharer|tv/|hashtag/)@?[\w.\-]{1,60}"
    r"|linkedin\.com/(?:in|pub)/[\w\-%]{1,120}"
    r"|linkedin\.com/posts/[\w\-%]{1,120}_[\w\-%]{0,200}"
    r"|news\.ycombinator\.com/(?:user|submitted|threads)\?id=[\w\-]{1,40}"
    r"|(?:t|telegram)\.me/(?!joinchat/|share/|\+|s/)\w{3,40}"
    r"|github\.com/[\w\-]{1,39}/?(?![\w/\-])"
    r"|[a-z0-9\-]{1,63}(?:\.[a-z0-9\-]{1,63}){1,6}/(?:@|users/|~)\w[\w.\-]{0,60}(?:@[\w.\-]{1,250})?"
)
_PROFILE = re.compile(
    rf"(?<![A-Za-z0-9_\-.])(?:h(?:tt|xx)ps?://)?(?:[a-z0-9\-]{{1,20}}\.)?(?:{_PROFILE_TAILS}){_REST}",
    re.IGNORECASE,
)
_LINKISH = re.compile(r"\.(?:com|app|me)/|/@|/users/|/~", re.IGNORECASE)  # in every profile
# Classes of both cases instead of a flag are twice as fast.
_SCHEME = re.compile(
    r"(?:[hH](?:[tT]{2}|[xX]{2})[pP][sS]?|[fF][tT][pP]|[iI][pP][fF][sS]|[wW][sS]{1,2})\Z"
)
_LONGEST_SCHEME = 5
# Up to white space, however far. Kinds of links are searched one after the other, and would leave
# gaps if they ended at some length.
_AFTER_SCHEME = re.compile(r"://[^\s<>\"]+")
_WWW = re.compile(rf"(?<![\w.@\-])[wW]{{3}}\.[{_LETTER}0-9\-]{{1,63}}\.[^\s<>\"]+")
_BARE = re.compile(
    rf"(?<![\w.@\-/])(?:[{_LETTER}0-9\-]{{1,63}}\.){{1,4}}"
    r"(?:com|net|org|edu|gov|info|io|me|app|dev|ly|gl|gg|tv|be|social|blog|xyz|online|site|shop|(?:co|org|ac|com)\.[a-z]{2}"
    r"|de|uk|za|fr|in|br|au|nl|eu|us|ca|ch|at|se|no|dk|fi|pl|pt|hu|cz|nz|jp|ie|es|it)"
    rf"(?![\w\-]|\.[A-Za-z])(?::\d{{1,5}})?(?:[/?#][^\s<>\"]{{0,2000}})?"
)
_BARISH = re.compile(r"\.[a-z]")  # in every bare link
_NAMING = re.compile(r"[:=] ?[\w.\-]")  # wherever a name follows its network
_DISCORDISH = re.compile(r"#[0-9]{4}")  # in every account of Discord
_TRAILING = ".,;:!?'\")]}…"


def find_links(text: str, *, urls: bool) -> list[Span]:
    """Find names of persons on the net; also all other links, if `urls` is true."""
    spans: list[Span] = []
    slash = "/" in text
    dot = "." in text
    lowered = text.lower()
    if slash and dot and _LINKISH.search(text):
        spans += [_trimmed(text, *m.span(), "PROFILE") for m in _PROFILE.finditer(text)]
    if "@" in text:
        spans += _around_at(text)
    if dot and " at " in lowered and "mail" in lowered:
        spans += [Span(*m.span("address"), "EMAIL") for m in _MAILED.finditer(text)]
    if slash and ("u/" in lowered or "u /" in lowered or "user/" in lowered or "user /" in lowered):
        spans += [Span(*m.span(), "HANDLE") for m in _USER.finditer(text)]
    spans += _handles(text, lowered)
    if urls and (slash or dot):
        spans += [_trimmed(text, start, end, "URL") for start, end in _urls(text, lowered)]
    return spans


def _handles(text: str, lowered: str) -> Iterator[Span]:
    """Yield accounts that a text names in words, or in a network's own form."""
    if "#" in text and _DISCORDISH.search(text):
        yield from (Span(*m.span(), "HANDLE") for m in _DISCORD.finditer(text))
    if (":" in text or "=" in text) and may_hold(lowered, _NETWORKS) and _NAMING.search(text):
        yield from (Span(*m.span("name"), "HANDLE") for m in _NAMED.finditer(text))
    if "my " in lowered and " is " in lowered:
        yield from (Span(*m.span("name"), "HANDLE") for m in _MINE.finditer(text))
    if "bsky" in text or "did:" in text:
        yield from (Span(*m.span(), "HANDLE") for m in _BLUESKY.finditer(text))


def _urls(text: str, lowered: str) -> Iterator[tuple[int, int]]:
    if "://" in text:
        yield from _with_scheme(text)
    if "www." in lowered:
        yield from (m.span() for m in _WWW.finditer(text))
    if _BARISH.search(text):
        yield from (m.span() for m in _BARE.finditer(text))


def _with_scheme(text: str) -> Iterator[tuple[int, int]]:
    """Yield links with a scheme; each :// is read once, to the left and then to the right."""
    done = 0
    while (colon := text.find("://", done)) >= 0:
        scheme = _SCHEME.search(text, max(done, colon - _LONGEST_SCHEME), colon)
        rest = _AFTER_SCHEME.match(text, colon) if scheme else None
        done = rest.end() if rest else colon + 1
        if scheme and rest:
            yield scheme.start(), rest.end()


def _around_at(text: str) -> list[Span]:
    """Find e-mail addresses and @handles.

    Each @ is read once, to the right and then at most 64 characters to the left.
    """
    spans: list[Span] = []
    done = 0
    for first, end in (match.span() for match in _ATS.finditer(text)):
        at = end - 1
        if at < done:
            continue
        start = _local_start(text, max(done, first - _MOST_LOCAL), first)
        name = text[start:first]
        span = (
            (_address(text, at, start, name) if name else None)
            or _apart(text, at, done, first)
            or _handle(text, at, start, name)
            or _loose(text, at, done, first)
        )
        if span:
            spans.append(span)
            done = span.end
    return spans


def _address(text: str, at: int, start: int, name: str) -> Span | None:
    """Return an e-mail address: a name before the @, and a domain after it, in any notation."""
    domain = _AT_DOMAIN.match(text, at) or _machine(text, at)
    if domain is None and _is_name(name):
        domain = _SPOILT.match(text, at) or _ANY_DOMAIN.match(text, at)
        domain = None if domain and _NUMBERS.fullmatch(domain.group()) else domain
    return Span(start, domain.end(), "EMAIL") if domain else None


def _machine(text: str, at: int) -> re.Match[str] | None:
    """Return the IP address after an @, unless it is the version of a package."""
    numeric = _AT_NUMERIC.match(text, at)
    return None if numeric and is_installed(text, at + 1) else numeric


def _apart(text: str, at: int, done: int, first: int) -> Span | None:
    """Return an address with a space or a sign between name and @: "jane7 @example.org".

    A handle may be a domain too ("thanks @jane.example"). So the name needs a character that words
    do not have, or a mail provider must follow, or a word for mail stand in front.
    """
    gap = _APART.search(text, max(done, first - _MOST_APART), first)
    if gap is None:
        return None
    start = _local_start(text, max(done, gap.start() - _MOST_LOCAL), gap.start())
    name = text[start : gap.start()]
    if not _is_name(name) or not any(map(str.isalpha, name)):
        return None
    # The cheap checks come first, since most candidates are a word before a handle.
    is_sure = _UNLIKE_WORDS.match(name) or _MAIL_WORD.search(
        text, max(0, start - _MAIL_REACH), start
    )
    provider = _PROVIDER.match(text, at)
    if not is_sure and not provider:
        return None
    domain = (
        _AT_DOMAIN.match(text, at) or _SPOILT.match(text, at) or _PROVIDER_ALONE.match(text, at)
    )
    if domain is None or domain.group().lower().endswith(_NO_MAIL):
        return None
    return Span(start, domain.end(), "EMAIL") if is_sure or "." in domain.group() else None


def _handle(text: str, at: int, start: int, name: str) -> Span | None:
    """Return a handle, with the name that stands directly before its @."""
    handle = _HANDLE.match(text, at)
    if handle is None or (_NUMERIC.match(text, at) and _TIME_OR_VERSION.fullmatch(handle.group())):
        return None
    if not name:
        return Span(*handle.span(), "HANDLE")
    # In a script without spaces, a sentence may run up to a handle.
    sentence = _UNSPACED.match(name) and not any(char.isascii() and char.isalnum() for char in name)
    if sentence or not _is_name(name) or _NUMBERS.fullmatch(handle.group()):
        return Span(*handle.span(), "HANDLE")
    return Span(start, handle.end(), "EMAIL")


def _is_name(name: str) -> bool:
    """Return whether the word right before an @ is a name; "RT" only precedes a handle."""
    if name.casefold() in _BEFORE_HANDLE or not any(map(str.isalnum, name)):
        return False
    return _SIGN_END.search(name) is not None


def _loose(text: str, at: int, done: int, first: int) -> Span | None:
    """Return an address with spaces around its @: "jane @ example.org"."""
    match = _LOOSE_AT.match(text, at) or _ANY_DOMAIN.match(text, at) or _SPOILT.match(text, at)
    least = max(done, first - 2)
    name_end = least + len(text[least:first].rstrip(" "))
    if match is None or _NUMBERS.fullmatch(match.group().replace(" ", "")):
        return None
    start = _local_start(text, max(done, name_end - _MOST_LOCAL), name_end)
    return Span(start, match.end(), "EMAIL") if start < name_end else None


def _local_start(text: str, least: int, at: int) -> int:
    """Return where the name before an @ begins."""
    if text[at - 1 : at] == '"' and (quote := text.rfind('"', least, at - 1)) >= 0:
        return quote
    letters = False
    while at > least and (
        (char := text[at - 1]) in _LOCAL_ASCII or _is_local(char, letters=letters)
    ):
        at -= 1
        letters = letters or (char < "\u0530" and char.isalpha())
    return at


def _is_local(char: str, *, letters: bool) -> bool:
    """Return whether a character belongs to the name.

    A name in European letters ends at a script without spaces.
    """
    if char < "\u0530" and char.isalnum():
        return True
    return _LOCAL_SIGN.match(char) is not None and not (letters and _UNSPACED.match(char))


def _trimmed(text: str, start: int, end: int, kind: str) -> Span:
    """Return the span of a link without the punctuation that follows it."""
    while end > start + 1 and text[end - 1] in _TRAILING:
        end -= 1
    return Span(start, end, kind)
