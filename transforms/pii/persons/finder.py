"""Load the named-entity step: our model, none, or Presidio if the user has installed it."""

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
        """Return the version, which changes if the same text may give other names."""

    def find(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Return the names in each text, as start and end in characters."""


_SPACY_MODEL = "en_core_web_lg"  # the model of Presidio's default configuration


class PresidioPersons:
    """Finds names with Presidio's analyzer and its default spaCy model, which must be installed.

    Presidio would download a missing model.
    """

    name = "presidio"

    def __init__(self) -> None:
        analyzer: Any = import_module("presidio_analyzer")  # optional, and without types
        import_module(_SPACY_MODEL)
        self._engine: Any = analyzer.AnalyzerEngine()
        self.version = str(import_module("importlib.metadata").version("presidio-analyzer"))

    def find(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Return the names in each text, as start and end in characters."""
        return [
            [
                (person.start, person.end)
                for person in self._engine.analyze(text, language="en", entities=["PERSON"])
            ]
            for text in texts
        ]


@cache
def load_person_finder(name: PersonFinderName) -> PersonFinder | None:
    """Return the finder of this name; None for "off".

    Raises:
        SettingsError: Presidio is not installed.
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
