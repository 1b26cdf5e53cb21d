"""The named-entity step as an interface: our model, nothing, or Presidio where a user has it."""

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from typing import Any, Protocol

from foundation.errors import SettingsError
from foundation.sections import PersonFinderName
from transforms.pii.persons.model import NameModel


class PersonFinder(Protocol):
    """Finds names of persons in free text."""

    @property
    def name(self) -> str:
        """Return the finder's part of Silver's sanitizer_version."""

    @property
    def version(self) -> str:
        """Return the version; it changes when the same text may give other names."""

    def find(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Return where names are in each text, in characters."""


_SPACY_MODEL = "en_core_web_lg"  # the model of Presidio's default configuration


class PresidioPersons:
    """Presidio's analyzer with its default spaCy model, which must be installed.

    Presidio would fetch a missing one over the network.
    """

    name = "presidio"

    def __init__(self) -> None:
        analyzer: Any = import_module("presidio_analyzer")  # no types, and only where a user has it
        import_module(_SPACY_MODEL)
        self._engine: Any = analyzer.AnalyzerEngine()
        self.version = str(import_module("importlib.metadata").version("presidio-analyzer"))

    def find(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Return where names are in each text, in characters."""
        return [
            [
                (person.start, person.end)
                for person in self._engine.analyze(text, language="en", entities=["PERSON"])
            ]
            for text in texts
        ]


@cache
def load_person_finder(name: PersonFinderName) -> PersonFinder | None:
    """Return the finder of that name; None for "off".

    Raises:
        SettingsError: it is not installed.
    """
    match name:
        case "off":
            return None
        case "model":
            return NameModel()
        case "presidio":
            try:
                return PresidioPersons()
            except ImportError:
                raise SettingsError(
                    "setting sanitizer.persons: presidio, or its spaCy model, is not installed",
                    remedy=f"Install 'echostream[presidio]' and spaCy's {_SPACY_MODEL}, or set it"
                    f" to model",
                ) from None
