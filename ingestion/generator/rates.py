"""Define how often each event happens in a made feed; conf/generator.toml replaces defaults."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from foundation.conf_files import conf_dir, read_toml
from foundation.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """The rates of a feed; each is a share of the first posts, unless its comment says otherwise.

    The first seven are kinds of histories. A post has at most one of them, so they add up to at
    most 1. Other histories have edits and deletes too, so the feed has slightly more of these than
    their rates say.
    """

    edits: float = 0.03
    edits_back: float = 0.005  # two edits; the second restores the first text
    deletes: float = 0.03
    resurrections: float = 0.003  # deleted, then seen again with a higher version
    author_deletes: float = 0.002
    # out of order: an edit before its create, an old version, a create after its delete, …
    late: float = 0.02
    score_only: float = 0.02  # observed again with only its metrics changed

    duplicates: float = 0.03  # of all good records sent: the same record again
    bad: float = 0.01  # extra records with a fault
    unmappable: float = 0.002  # extra records that the producer could not map

    pii: float = 0.20
    null_authors: float = 0.02
    profile_channels: float = 0.02
    null_channels: float = 0.02
    other_languages: float = 0.08
    emoji_only: float = 0.01
    wordless: float = 0.003  # pictures without text
    replies: float = 0.15
    odd_times: float = 0.004  # created_at in the near future, or before the platform existed

    def __post_init__(self) -> None:
        """Check the rates.

        Raises:
            SettingsError: a rate is not a share, or the histories add up to more than 1.
        """
        for name, rate in asdict(self).items():
            if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 <= rate <= 1:
                raise SettingsError(
                    f"generator rate {name} is {rate!r}", remedy="Give a number from 0 to 1"
                )
        if (total := sum(rate for _, rate in self.histories())) > 1:
            raise SettingsError(
                f"generator rates of histories add up to {total:.3f}",
                remedy="Let them add up to at most 1, since a post has one history",
            )

    def histories(self) -> list[tuple[str, float]]:
        """Return each kind of history with its rate."""
        return [
            ("edits", self.edits),
            ("edits_back", self.edits_back),
            ("deletes", self.deletes),
            ("resurrections", self.resurrections),
            ("author_deletes", self.author_deletes),
            ("late", self.late),
            ("score_only", self.score_only),
        ]


def load_rates(file: Path | None = None, **overrides: float | None) -> Rates:
    """Read the rates of a file, conf/generator.toml by default; `overrides` replace them.

    An override of None replaces nothing.

    Raises:
        SettingsError: a rate is unknown or is not a share.
    """
    source = file or conf_dir() / "generator.toml"
    given: dict[str, Any] = read_toml(source).get("rates", {})
    given |= {name: rate for name, rate in overrides.items() if rate is not None}
    if unknown := sorted(given.keys() - Rates.__dataclass_fields__.keys()):
        raise SettingsError(
            f"unknown generator rate {unknown[0]}",
            remedy="Name one of: " + ", ".join(Rates.__dataclass_fields__),
        )
    return Rates(**given)
