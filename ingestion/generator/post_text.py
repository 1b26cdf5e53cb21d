"""Write the text of a post, both as posted and as Silver should hold it."""

from dataclasses import dataclass, replace
from random import Random

from ingestion.generator.authors import Author
from ingestion.generator.planted_pii import KINDS, OWN_KINDS, SENTENCES, PlantedPii, planted_pii
from ingestion.generator.rates import Rates
from ingestion.generator.seeded_random import pick
from ingestion.generator.sentences import (
    AFTERTHOUGHTS,
    EMOJI,
    FEATURES,
    HASHTAGS,
    OTHER_LANGUAGES,
    PRODUCTS,
    TIMES,
    TITLES,
    Mood,
)
from ingestion.generator.sentences import SENTENCES as TALK

_SENTENCES_MAX = 4
_TITLE_ONLY = 0.15  # of the posts with a title


@dataclass(frozen=True, slots=True)
class PostText:
    """Title and text with their contents; `clean_…` are as the sanitizer should leave them."""

    title: str | None
    text: str | None
    clean_title: str | None
    clean_text: str | None
    lang: str | None = "en"
    hashtags: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    planted: tuple[PlantedPii, ...] = ()


@dataclass(frozen=True, slots=True)
class TextWriter:
    """Writes the texts of posts."""

    rng: Random
    rates: Rates

    def write(
        self, number: int, *, platform: str, author: Author | None, mood: Mood, titled: bool
    ) -> PostText:
        """Write the text of a first post; `number` makes the personal data in it unique."""
        rng = self.rng
        rates = self.rates
        roll = rng.random()
        if roll < rates.wordless:
            return _plain(None, None, lang=None)
        if (roll := roll - rates.wordless) < rates.emoji_only:
            return _plain(
                None,
                "".join(pick(rng, EMOJI[mood]) for _ in range(1 + int(rng.random() * 3))),
                lang=None,
            )
        title = self._fill(pick(rng, TITLES[mood])) if titled else None
        if roll - rates.emoji_only < rates.other_languages:
            lang = pick(rng, tuple(OTHER_LANGUAGES))
            return _plain(title, self._fill(pick(rng, OTHER_LANGUAGES[lang][mood])), lang=lang)
        return self._english(title, mood, self._canary(number, platform, author))

    def amend(self, post_text: PostText, mood: Mood) -> PostText:
        """Append an afterthought in the post's own language."""
        thought = self._afterthought(post_text.lang, mood)
        return replace(
            post_text,
            lang=post_text.lang or "en",
            text=f"{post_text.text} {thought}" if post_text.text else thought,
            clean_text=f"{post_text.clean_text} {thought}" if post_text.clean_text else thought,
        )

    def _afterthought(self, lang: str | None, mood: Mood) -> str:
        if lang in OTHER_LANGUAGES:
            return pick(self.rng, OTHER_LANGUAGES[lang][mood]).format(p=pick(self.rng, PRODUCTS))
        return pick(self.rng, AFTERTHOUGHTS[mood]) + f" ({pick(self.rng, TIMES)})"

    def _english(self, title: str | None, mood: Mood, planted: PlantedPii | None) -> PostText:
        rng = self.rng
        tags = (pick(rng, HASHTAGS),) if rng.random() < 0.2 else ()  # noqa: PLR2004  # one post in five
        if title and not planted and rng.random() < _TITLE_ONLY:
            return _plain(title, None, hashtags=tags)
        count = 1 + int(rng.random() * _SENTENCES_MAX)
        sentences = [self._fill(pick(rng, TALK[mood])) for _ in range(count)]
        if tags:
            sentences.append(f"#{tags[0]}")
        if planted is None:
            return _plain(title, " ".join(sentences), hashtags=tags)
        at = int(rng.random() * (len(sentences) + 1))
        sentences.insert(at, pick(rng, SENTENCES[planted.kind]))
        # The personal data come last, since the other templates are filled and have no braces.
        slotted = " ".join(sentences)
        return PostText(
            title,
            slotted.format(planted.value),
            title,
            slotted.format(planted.clean),
            "en",
            tags,
            self._mentions(planted),
            (planted,),
        )

    def _mentions(self, planted: PlantedPii) -> tuple[str, ...]:
        """Return the mentions that the platform would list: names, and every second @handle."""
        if planted.kind == "mention" or (planted.kind == "handle" and self.rng.random() < 0.5):  # noqa: PLR2004  # a coin
            return (planted.value.lstrip("@"),)
        return ()

    def _canary(self, number: int, platform: str, author: Author | None) -> PlantedPii | None:
        if self.rng.random() >= self.rates.pii:
            return None
        kind = pick(self.rng, KINDS)
        if author is None and kind in OWN_KINDS:
            kind = "email"
        return planted_pii(kind, number, platform, author)

    def _fill(self, template: str) -> str:
        rng = self.rng
        filled = template.format(p=pick(rng, PRODUCTS), f=pick(rng, FEATURES), w=pick(rng, TIMES))
        return filled[0].upper() + filled[1:]


def _plain(
    title: str | None, text: str | None, *, lang: str | None = "en", hashtags: tuple[str, ...] = ()
) -> PostText:
    return PostText(title, text, title, text, lang, hashtags)
