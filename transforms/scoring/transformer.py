"""Score with a sequence-classification model, on ONNX Runtime (CPU) or torch (GPU).

The model is a folder or a name on the hub. The folder has `config.json`, `tokenizer.json`, and
`model.onnx` (or `onnx/model.onnx`); on torch, weights that `transformers` loads. Batches have texts
of similar length, so that little is padding.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from foundation.errors import SettingsError
from foundation.sections import TransformerSettings
from transforms.scoring.score import Label, Score, ScorerOptions

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_BATCH = 32  # texts
_HUB_FILES = ("config.json", "tokenizer.json")
_ONNX = ("model.onnx", "onnx/model.onnx")
_WEIGHTS = ("*.safetensors", "*.onnx", "*.bin")
_WORDS: dict[str, Label] = {"neg": "negative", "neu": "neutral", "pos": "positive", "mix": "mixed"}
_EXTRA = {"cpu": "transformer", "cuda": "transformer-gpu"}


class Backend(Protocol):
    """Maps token ids and mask, [texts, tokens], to logits, [texts, classes]."""

    def __call__(self, ids: Ints, mask: Ints) -> Floats: ...


class TransformerScorer:
    """Scores texts: `compound` is P(positive) - P(negative), `confidence` is P(label)."""

    name = "transformer"

    def __init__(self, folder: Path, backend: Backend, settings: TransformerSettings) -> None:
        from tokenizers import Tokenizer  # noqa: PLC0415  # of an extra

        config = json.loads((folder / "config.json").read_text("utf-8"))
        self.version = f"{Path(settings.model).name}-{_fingerprint(folder)}"
        self.languages = frozenset(settings.languages)
        self._labels = _labels(config, settings)
        self.backend = backend
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(settings.max_tokens)
        self._pad_id = int(config.get("pad_token_id") or 0)

    def score(self, texts: Sequence[str]) -> list[Score]:
        """Return the scores, in the order of the texts."""
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        scores: dict[int, Score] = {}
        by_length = sorted(range(len(texts)), key=lambda place: len(tokens[place]))
        for start in range(0, len(by_length), _BATCH):
            group = by_length[start : start + _BATCH]
            logits = self.backend(*self._padded([tokens[place] for place in group]))
            scores |= dict(zip(group, self._scores(logits), strict=True))
        return [scores[place] for place in range(len(texts))]

    def _padded(self, tokens: list[list[int]]) -> tuple[Ints, Ints]:
        longest = max(1, *map(len, tokens))
        ids = np.full((len(tokens), longest), self._pad_id, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, token_ids in enumerate(tokens):
            ids[row, : len(token_ids)] = token_ids
            mask[row, : len(token_ids)] = 1
        return ids, mask

    def _scores(self, logits: Floats) -> Iterator[Score]:
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        for row in powers / powers.sum(axis=1, keepdims=True):
            chances: dict[Label, float] = {}
            for label, chance in zip(self._labels, row.tolist(), strict=True):
                chances[label] = chances.get(label, 0.0) + chance
            best = max(chances, key=chances.__getitem__)
            compound = chances.get("positive", 0.0) - chances.get("negative", 0.0)
            yield Score(best, round(compound, 4), round(chances[best], 4))


def load(options: ScorerOptions) -> TransformerScorer:
    """Return the scorer.

    Raises:
        SettingsError: no model is set, the model does not exist, its classes have no known names,
            or an extra is not installed.
    """
    settings = options.transformer
    if not settings.model:
        raise SettingsError(
            "the transformer scorer has no model",
            remedy="Set scorer.transformer.model to a folder or a hub name",
        )
    try:
        folder = _folder(settings)
        backend = on_torch(folder) if settings.device == "cuda" else _on_onnx(folder)
        return TransformerScorer(folder, backend, settings)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"the transformer scorer needs the package {error.name}",
            remedy=f'pip install "echostream[{_EXTRA[settings.device]}]"',
        ) from None


def _folder(settings: TransformerSettings) -> Path:
    """Return the model's folder; a model of the hub is downloaded once, into the hub's cache."""
    folder = Path(settings.model).expanduser()
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download  # noqa: PLC0415  # of an extra
    from huggingface_hub.errors import HFValidationError  # noqa: PLC0415  # of an extra

    wanted = [*_HUB_FILES, *(_ONNX if settings.device == "cpu" else _WEIGHTS)]
    try:
        return Path(
            snapshot_download(
                settings.model, revision=settings.revision or None, allow_patterns=wanted
            )
        )
    except (OSError, HFValidationError) as error:
        raise SettingsError(
            f"model {settings.model} is no folder here, and the hub does not have it"
            f" ({type(error).__name__})",
            remedy="Set scorer.transformer.model to a folder or a hub name",
        ) from None


def _on_onnx(folder: Path) -> Backend:
    import onnxruntime  # noqa: PLC0415  # of an extra

    file = next((folder / name for name in _ONNX if (folder / name).is_file()), None)
    if file is None:
        raise SettingsError(
            f"there is no model.onnx in {folder}",
            remedy="Export it (optimum-cli export onnx), or set scorer.transformer.device to cuda",
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # Spark has a worker for each core
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    names = {node.name for node in session.get_inputs()}

    def logits(ids: Ints, mask: Ints) -> Floats:
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        scores: Floats = session.run(None, {name: given[name] for name in names})[0].astype(
            np.float64
        )
        return scores

    return logits


def on_torch(folder: Path, device: str = "cuda") -> Backend:
    """Return the model of a folder on torch.

    Raises:
        SettingsError: torch sees no GPU.
    """
    import torch  # noqa: PLC0415  # of an extra
    from transformers import AutoModelForSequenceClassification  # noqa: PLC0415  # of an extra

    if device == "cuda" and not torch.cuda.is_available():
        raise SettingsError("torch sees no GPU here", remedy="Set scorer.transformer.device to cpu")
    model: Any = AutoModelForSequenceClassification.from_pretrained(folder).to(device).eval()

    def logits(ids: Ints, mask: Ints) -> Floats:
        with torch.inference_mode():
            inputs = {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}
            answer = model(**{name: tensor.to(device) for name, tensor in inputs.items()})
            scores: Floats = answer.logits.float().cpu().numpy().astype(np.float64)
            return scores

    return logits


def _labels(config: dict[str, Any], settings: TransformerSettings) -> tuple[Label, ...]:
    """Return the label of each class, in the model's order."""
    names = [
        name
        for _, name in sorted(
            (int(number), str(name)) for number, name in config["id2label"].items()
        )
    ]
    choices = settings.labels or [_label(name) for name in names]
    labels = tuple(label for label in choices if label)
    if len(labels) != len(names):
        raise SettingsError(
            f"the class names of model {settings.model} tell no sentiment: {', '.join(names)}",
            remedy='Set scorer.transformer.labels in this order, e.g. ["negative", "neutral",'
            ' "positive"]',
        )
    return labels


def _label(name: str) -> Label | None:
    return next((label for word, label in _WORDS.items() if word in name.lower()), None)


def _fingerprint(folder: Path) -> str:
    """Return a hash of all files that determine a score."""
    digest = hashlib.sha256()
    weights = [file for pattern in _WEIGHTS for file in folder.rglob(pattern)]
    for file in sorted({*weights, *(folder / name for name in _HUB_FILES)}):
        with file.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()[:8]
