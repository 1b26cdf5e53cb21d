"""Return posts without personal data, or nothing: no other code lets a text pass to Silver.

The sanitizer applies rules, exact strings and the named-entity step to a batch of posts. If a
post's text raises an error, takes too long or is too long, the result is None, so it never passes.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from transforms.pii.detect import find_plain, in_original, redact
from transforms.pii.limits import TimeLimit
from transforms.pii.normalise import Plain, normalise
from transforms.pii.options import DEFAULT, Options
from transforms.pii.persons.finder import PersonFinder, load_person_finder
from transforms.pii.spans import Span

SANITIZER_VERSION = "6"
Piece = tuple[str, Sequence[str]]  # a text, and the strings that name a person in its post
Ruled = tuple[Plain, list[Span]]  # a text's plain form, and the spans that the rules found in it
_EMPTY: Ruled = (Plain(""), [])


@dataclass(frozen=True, slots=True)
class Content:
    """A post's texts, and the strings that name a person in it: author and mentions."""

    title: str | None
    text: str | None
    hashtags: Sequence[str]
    exact: Sequence[str]


@dataclass(frozen=True, slots=True)
class Clean:
    """The texts of a post without personal data, and how often each type was found."""

    title: str | None
    text: str | None
    hashtags: list[str]
    counts: dict[str, int]


class Sanitizer:
    """Removes personal data from batches of posts.

    >>> Sanitizer().clean([Content(None, "mail ada@example.org", (), ())])
    [Clean(title=None, text='mail <EMAIL>', hashtags=[], counts={'EMAIL': 1})]
    """

    def __init__(self, options: Options = DEFAULT, persons: PersonFinder | None = None) -> None:
        self.options = options
        self.persons = persons or load_person_finder(options.persons)

    @property
    def version(self) -> str:
        """Return the version of the rules and of the named-entity step."""
        return (
            f"{SANITIZER_VERSION}+{self.persons.name}-{self.persons.version}"
            if self.persons
            else SANITIZER_VERSION
        )

    def clean(self, posts: Sequence[Content]) -> list[Clean | None]:
        """Return each post without personal data; None if that failed."""
        pieces: list[Piece] = []
        for post in posts:
            pieces += [(text or "", post.exact) for text in (post.title, post.text)]
            pieces += [(f"#{tag}", post.exact) for tag in post.hashtags]
        spans = iter(self.spans(pieces))
        return [
            _cleaned(post, [next(spans) for _ in range(2 + len(post.hashtags))]) for post in posts
        ]

    def spans(self, pieces: Sequence[Piece]) -> list[list[Span] | None]:
        """Return each text's personal data, sorted and without overlaps; None if that failed."""
        with TimeLimit(self.options.max_seconds) as limit:
            # All texts at once, and one by one only if that fails: a timer costs as much as a text.
            ruled: Sequence[Ruled | None] | None = limit.attempt(self._all_ruled, pieces)
            if ruled is None:
                ruled = [
                    limit.attempt(self._ruled, *piece) if piece[0] else _EMPTY for piece in pieces
                ]
            named = self._named(ruled, limit)
            merged: list[list[Span] | None] | None = limit.attempt(_all_merged, ruled, named)
            if merged is None:
                pairs = zip(ruled, named, strict=True)
                merged = [
                    [] if rules is _EMPTY else limit.attempt(_merged, rules, names)
                    for rules, names in pairs
                ]
            return merged

    def _all_ruled(self, pieces: Sequence[Piece]) -> list[Ruled]:
        return [self._ruled(*piece) for piece in pieces]

    def _ruled(self, text: str, exact: Sequence[str]) -> Ruled:
        if not text:
            return _EMPTY
        if len(text) > self.options.max_chars:
            raise ValueError
        plain = normalise(text)
        return plain, find_plain(plain, exact, self.options)

    def _named(self, ruled: Sequence[Ruled | None], limit: TimeLimit) -> list[list[Span] | None]:
        """Return the persons in each text: of all at once, and one by one only if that fails."""
        if self.persons is None:
            return [[] for _ in ruled]
        named: list[list[Span] | None] = [[] for _ in ruled]
        numbers = [at for at, rules in enumerate(ruled) if rules and rules[0].text]
        texts = [rules[0].text for at in numbers if (rules := ruled[at])]
        persons: list[list[Span]] | None = limit.attempt(self._persons_in, texts)
        for at, text in zip(numbers, texts, strict=True) if persons is None else ():
            alone = limit.attempt(self._persons_in, [text])
            named[at] = alone[0] if alone else None
        for at, spans in zip(numbers, persons or (), strict=persons is not None):
            named[at] = spans
        return named

    def _persons_in(self, texts: Sequence[str]) -> list[list[Span]]:
        persons = self.persons.find(texts) if self.persons else []
        if len(persons) != len(texts):
            raise ValueError
        return [[Span(start, end, "PERSON") for start, end in spans] for spans in persons]


def _all_merged(
    ruled: Sequence[Ruled | None], named: Sequence[list[Span] | None]
) -> list[list[Span] | None]:
    return [_merged(*pair) for pair in zip(ruled, named, strict=True)]


def _merged(ruled: Ruled | None, named: list[Span] | None) -> list[Span] | None:
    """Return the spans of rules and names in the original text; None if one of them failed."""
    if ruled is None or named is None:
        return None
    plain, spans = ruled
    return in_original(plain, spans + named) if spans or named else []


@lru_cache(maxsize=4)
def load_sanitizer(options: Options) -> Sanitizer:
    """Return this process's sanitizer with these options, which is made once."""
    return Sanitizer(options)


def _cleaned(post: Content, spans_of_parts: list[list[Span] | None]) -> Clean | None:
    if None in spans_of_parts:
        return None
    if not any(spans_of_parts):
        return Clean(post.title, post.text, list(post.hashtags), {})
    in_title, in_text, *in_tags = [spans or [] for spans in spans_of_parts]
    title = post.title and redact(post.title, in_title)
    text = post.text and redact(post.text, in_text)
    # A hashtag that names a person is left out, since no placeholder makes sense in its place.
    left = [tag for tag, spans in zip(post.hashtags, in_tags, strict=True) if not spans]
    lost = _lost(post, left, f"{title}\n{text}".lower())
    counts = Counter(span.type for span in [*in_title, *in_text])
    return Clean(title, text, [tag for tag in left if tag not in lost], dict(counts))


def _lost(post: Content, tags: list[str], clean: str) -> set[str]:
    """Return the hashtags that the clean text has lost: they contain a name that was found."""
    if not tags:
        return set()
    before = f"{post.title}\n{post.text}".lower()
    return {tag for tag in tags if (mark := f"#{tag.lower()}") in before and mark not in clean}
