"""Make first posts: choose each one's author, channel, mood, text and time."""

import math
from dataclasses import dataclass, field
from random import Random

from ingestion.generator.authors import Author, author_at
from ingestion.generator.channels import DEFAULT_TRAITS, PlatformTraits, post_id, traits_of
from ingestion.generator.post_history import Kind, PostHistory, Step
from ingestion.generator.post_text import TextWriter
from ingestion.generator.rates import Rates
from ingestion.generator.seeded_random import pick
from ingestion.generator.sentences import Mood

SECOND = 1_000_000
HOUR = 3600 * SECOND
SPREAD = 48 * HOUR  # all posts are created within it
_QUIET_END = 600 * SECOND  # without new posts, for edits and deletes of the last ones
_SEEN_WITHIN = 90 * SECOND
_AUTHORS_PER_POST = 0.04
_INCIDENT_HOURS = 5
_INCIDENT_ANGER = 0.85
_OLD = 978_307_200 * SECOND  # 2001, before every platform began


@dataclass(slots=True)
class FirstPosts:
    """Makes first posts; `latest` has each platform's last post, which the next may reply to."""

    rng: Random
    rates: Rates
    writer: TextWriter
    n_posts: int
    seed: int
    base: int
    latest: dict[str, str] = field(default_factory=dict)

    def created_at(self, index: int) -> int:
        """Return a time within two days, later for a higher index; nights have fewer posts."""
        at = (index + self.rng.random()) / self.n_posts
        waved = at - 0.5 * math.sin(4 * math.pi * at) / (4 * math.pi)
        return self.base - SPREAD + int(waved * (SPREAD - _QUIET_END))

    def create(self, platform: str, share: float, created_at: int, kind: Kind = "create") -> Step:
        """Make a post and the step that sends it, some seconds after its creation.

        `share` is the platform's share of all posts; `created_at` is in microseconds since 1970.
        """
        rng = self.rng
        rates = self.rates
        traits = traits_of(platform)
        number = rng.getrandbits(58)
        author = None if rng.random() < rates.null_authors else self._author(platform, share)
        reply_to = self.latest.get(platform) if rng.random() < rates.replies else None
        titled = traits.titled and reply_to is None
        channel = (
            None
            if rng.random() < rates.null_channels
            else traits.channels[self._lean(len(traits.channels))]
        )
        history = PostHistory(
            platform=platform,
            number=number,
            post_id=post_id(platform, number, created_at, author, titled=titled),
            author=author,
            created_at=created_at,
            channel=channel,
            on_profile=author is not None and rng.random() < rates.profile_channels,
            reply_to=reply_to,
        )
        self.latest[platform] = history.post_id
        mood = self._mood(platform, traits, channel, created_at)
        post_text = self.writer.write(
            number, platform=platform, author=author, mood=mood, titled=titled
        )
        seen = created_at + 1 + int(rng.random() * _SEEN_WITHIN)
        return Step(history, kind, at=seen, observed_at=seen, post_text=post_text)

    def give_odd_time(self, create: Step) -> None:
        """Replace the post's own time by an implausible one, or by none."""
        create.history.created_at = pick(
            self.rng, (create.observed_at + HOUR + 7, _OLD + create.history.number % HOUR, None)
        )

    def _author(self, platform: str, share: float) -> Author:
        authors = max(2, round(self.n_posts * share * _AUTHORS_PER_POST))
        return author_at(self.seed, platform, self._lean(authors))

    def _lean(self, count: int) -> int:
        """Return a number below `count`; lower ones are likelier."""
        return int(self.rng.random() ** 1.6 * count)

    def _mood(
        self, platform: str, traits: PlatformTraits, channel: str | None, created_at: int
    ) -> Mood:
        """Choose a mood: better in the evening, very bad while a channel has its incident."""
        hour = created_at // HOUR
        wave = 0.12 * math.sin((hour % 24 + len(platform)) / 24 * 2 * math.pi)
        glad = traits.gladness + wave
        angry = traits.anger - wave
        if channel == traits.channels[self.seed % len(traits.channels)] and self._is_incident(
            hour, traits
        ):
            glad = 0.05
            angry = _INCIDENT_ANGER
        roll = self.rng.random()
        return "positive" if roll < glad else "negative" if roll < glad + angry else "neutral"

    def _is_incident(self, hour: int, traits: PlatformTraits) -> bool:
        begin = (self.base - SPREAD) // HOUR + (self.seed * 7 + traits.weight) % 40
        return traits is not DEFAULT_TRAITS and begin <= hour < begin + _INCIDENT_HOURS
