"""Score with a linear model over hashed n-grams and lexicon features, shipped or user-trained.

A model is a folder: `model.json` (its facts and calibration), `weights.npz` (16-bit numbers, no
pickle) and `CARD.md` (its figures, for people). Scoring needs only numpy;
`transforms/scoring/training.py` trains.
"""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from foundation.errors import SettingsError
from transforms.scoring.calibration import Fit
from transforms.scoring.ngrams import BUCKETS, LEXICON_FEATURES, Features, Hasher
from transforms.scoring.score import Label, Score, ScorerOptions

CLASSES: tuple[Label, ...] = ("negative", "neutral", "positive")
SHIPPED = resources.files("transforms.scoring") / "models" / "linear"

_FORMAT = 1
_AT_ONCE = 1_024
_NEGATIVE = 0
_POSITIVE = 2

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LinearModel:
    """Weights per class; the version is a hash of them and of the features' version."""

    ngrams: NDArray[np.float16]  # BUCKETS x classes
    lexicon: Floats  # LEXICON_FEATURES x classes
    intercepts: Floats
    features: str  # the version of the features: lexicon and normaliser
    fit: Fit | None = None
    language: str = "en"  # ISO 639-1 code of the training texts

    @property
    def version(self) -> str:
        """Return the version without the calibration, which has its own."""
        digest = hashlib.sha256(self.ngrams.tobytes())
        digest.update(
            repr((self.lexicon.tolist(), self.intercepts.tolist(), self.features)).encode()
        )
        return f"{_FORMAT}+{digest.hexdigest()[:8]}"

    def probabilities(self, features: Features) -> Floats:
        """Return probabilities, texts x classes; a text's own do not depend on the other texts."""
        texts = len(features.lexicon)
        logits = np.tile(self.intercepts, (texts, 1))
        for column, weights in zip(features.lexicon.T, self.lexicon, strict=True):
            logits += column[:, None] * weights
        scale = 1 / np.sqrt(np.maximum(1, np.bincount(features.owners, minlength=texts)))
        ngram_weights = self.ngrams[features.buckets].astype(np.float64)
        for number in range(len(CLASSES)):
            logits[:, number] += scale * np.bincount(
                features.owners, ngram_weights[:, number], texts
            )
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares: Floats = powers / powers.sum(axis=1, keepdims=True)
        return shares

    def save(self, folder: Path, about: dict[str, Any]) -> None:
        """Save the model into an existing folder; `about` is for people."""
        stored = {
            "format": _FORMAT,
            "classes": CLASSES,
            "language": self.language,
            "features": self.features,
            "lexicon_features": LEXICON_FEATURES,
            "fit": asdict(self.fit) if self.fit else None,
            "about": about,
        }
        np.savez_compressed(
            folder / "weights.npz",
            ngrams=self.ngrams,
            lexicon=self.lexicon,
            intercepts=self.intercepts,
        )
        (folder / "model.json").write_text(json.dumps(stored, indent=1) + "\n", "utf-8")

    @classmethod
    def load(cls, folder: Traversable) -> "LinearModel":
        """Load a model from a folder.

        Raises:
            SettingsError: the folder holds no model of this format.
        """
        try:
            stored = json.loads((folder / "model.json").read_text("utf-8"))
            arrays = np.load(io.BytesIO((folder / "weights.npz").read_bytes()), allow_pickle=False)
            fit = Fit.of(stored["fit"]) if stored["fit"] else None
            language = stored.get("language", "en")
            model = cls(
                arrays["ngrams"],
                arrays["lexicon"],
                arrays["intercepts"],
                stored["features"],
                fit,
                language,
            )
            is_ours = stored["format"] == _FORMAT and tuple(stored["classes"]) == CLASSES
            shapes = [model.ngrams.shape, model.lexicon.shape, model.intercepts.shape]
        except (OSError, ValueError, KeyError, TypeError, BadZipFile):
            is_ours = False
            shapes = []
        if not is_ours or shapes != [(BUCKETS, 3), (len(LEXICON_FEATURES), 3), (3,)]:
            raise SettingsError(
                f"{folder} holds no linear model", remedy="Make one: echostream train --labels FILE"
            )
        return model


class LinearScorer:
    """Scores texts with a linear model; `compound` is P(positive) - P(negative)."""

    name = "linear"

    def __init__(self, model: LinearModel) -> None:
        self._model = model
        self._hasher = Hasher()
        if model.features != self._hasher.version:
            raise SettingsError(
                f"the linear model is for features {model.features}, the program has"
                f" {self._hasher.version}",
                remedy="Train it anew: echostream train --labels FILE",
            )
        self.version = model.version
        self.languages = frozenset({model.language})
        self.fit = model.fit

    def score(self, texts: Sequence[str]) -> list[Score]:
        scores: list[Score] = []
        for start in range(0, len(texts), _AT_ONCE):
            shares = self._model.probabilities(
                self._hasher.features(texts[start : start + _AT_ONCE])
            )
            best = shares.argmax(axis=1)
            compounds = np.round(shares[:, _POSITIVE] - shares[:, _NEGATIVE], 4) + 0.0
            rows = zip(best.tolist(), compounds.tolist(), shares.max(axis=1).tolist(), strict=True)
            scores += [Score(CLASSES[label], compound, share) for label, compound, share in rows]
        return scores


def load(options: ScorerOptions) -> LinearScorer:
    """Return the scorer with the model in the folder of the options, or with the shipped one."""
    return LinearScorer(LinearModel.load(Path(options.model) if options.model else SHIPPED))
