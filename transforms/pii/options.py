"""Define the sanitizer's options: the types that it looks for, and its limits."""

from dataclasses import dataclass
from typing import Self

from foundation.errors import SettingsError
from foundation.sections import PersonFinderName, SanitizerSettings
from transforms.pii.regions import SHAPES


@dataclass(frozen=True, slots=True)
class Options:
    """The sanitizer's options; Spark sends them to the workers."""

    # Regions whose national telephone numbers are looked for; empty for all known regions.
    regions: tuple[str, ...] = ()
    # Whether to look for all links, since a person's own site looks like any other.
    urls: bool = True
    persons: PersonFinderName = "model"
    max_seconds: float = 10.0  # CPU time per text
    max_chars: int = 100_000  # per text

    @classmethod
    def of(cls, settings: SanitizerSettings) -> Self:
        """Return the options of the settings.

        Raises:
            SettingsError: a region is not known.
        """
        if unknown := sorted(set(settings.phone_regions) - set(SHAPES)):
            raise SettingsError(
                "setting sanitizer.phone_regions: telephone numbers are not known of"
                f" {', '.join(unknown)}",
                remedy=f"Known are {', '.join(sorted(SHAPES))}",
            )
        return cls(
            regions=settings.phone_regions,
            persons=settings.persons,
            max_seconds=settings.max_seconds,
            max_chars=settings.max_text_chars,
        )

    @property
    def phone_regions(self) -> frozenset[str]:
        """Return the regions whose telephone numbers are looked for."""
        return frozenset(self.regions or SHAPES)


DEFAULT = Options()
