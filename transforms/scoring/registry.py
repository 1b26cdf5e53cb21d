"""Load scorers by name; each has a file of its own, imported when the scorer is used."""

from collections.abc import Callable
from functools import cache
from importlib import import_module

from foundation.errors import SettingsError
from transforms.scoring.calibration import Calibrated, calibrated
from transforms.scoring.score import Scorer, ScorerOptions


def _from(module: str) -> Callable[[ScorerOptions], Scorer]:
    """Return a function that imports the module and calls its `load`."""

    def load(options: ScorerOptions) -> Scorer:
        scorer: Scorer = import_module(f"transforms.scoring.{module}").load(options)
        return scorer

    return load


SCORERS: dict[str, Callable[[ScorerOptions], Scorer]] = {
    "vader": _from("vader"),
    "vader-plus": _from("vader_plus"),
    "textblob": _from("textblob"),
    "linear": _from("linear"),
    "comprehend": _from("comprehend"),
    "transformer": _from("transformer"),
}


@cache
def load_scorer(options: ScorerOptions) -> Calibrated:
    """Return the scorer that the options name, calibrated, loaded once per process.

    Raises:
        SettingsError: no scorer has this name, or the scorer cannot abstain as it should.

    >>> load_scorer(ScorerOptions("vader")).score(["What a great day!"])[0].label
    'positive'
    """
    if options.name not in SCORERS:
        raise SettingsError(
            f"scorer {options.name} is unknown",
            remedy=f"Set scorer.name to one of: {', '.join(SCORERS)}",
        )
    return calibrated(
        SCORERS[options.name](options),
        abstain_below=options.abstain_below,
        mixed=options.mixed,
        folder=options.calibrations,
    )
