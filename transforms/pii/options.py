"""The sanitizer's options: the types it searches for, and its time limit."""

from dataclasses import dataclass
from typing import Self

from foundation.errors import SettingsError
from foundation.sections import PersonFinderName, SanitizerSettings
from transforms.pii.regions import SHAPES


@dataclass(frozen=True, slots=True)
class Options:
    """The sanitizer's options; Spark sends them to the workers."""

    regions: tuple[
        str, ...
    ] = ()  # whose national telephone numbers are known; none named: all that we know
    urls: bool = True  # links that name nobody by their form: a personal site looks like any other
    persons: PersonFinderName = "model"
    max_seconds: float = 10.0  # of CPU time, per text
    max_chars: int = 100_000  # likewise

    @classmethod
    def of(cls, settings: SanitizerSettings) -> Self:
        """Return the options from the settings, checked.

        Raises:
            SettingsError: a region is not known.
        """
        if unknown := sorted(set(settings.phone_regions) - set(SHAPES)):
            raise SettingsError(
                f"setting sanitizer.phone_regions: no telephone numbers are known of"
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
        """The regions whose telephone numbers are looked for."""
        return frozenset(self.regions or SHAPES)


DEFAULT = Options()
