"""Read the labelled texts of ../shared/data/sentiment.

No file of the repository repeats a text of them, neither results nor models.
"""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

DATA = Path(__file__).parents[2] / "shared" / "data" / "sentiment"
LABELS = ("negative", "neutral", "positive")
_POLAR_FROM = 0.5  # on the raters' scale of -4 to +4; lower means count as neutral
_GROUPS = {"1": "negative", "2": "neutral", "3": "positive"}  # 0 is ambiguous

GoldLabel = Literal["negative", "neutral", "positive", "mixed"]


@dataclass(frozen=True)
class LabelledSet:
    """Texts with one label each. `intensities` are raters' means, -4 to +4, if the set has them."""

    name: str
    platform: str
    texts: tuple[str, ...]
    labels: tuple[str, ...]
    intensities: tuple[float, ...] = ()
    language: str = "en"

    def part(self, step: int) -> "LabelledSet":
        """Return every `step`th row."""
        picked = (self.texts[::step], self.labels[::step], self.intensities[::step])
        return LabelledSet(f"{self.name}, each {step}th", self.platform, *picked, self.language)


@cache
def tweeteval() -> LabelledSet:
    """Return TweetEval's validation rows, which come from SemEval-2017 task 4A."""
    texts = (DATA / "tweeteval/val_text.txt").read_text("utf-8").split("\n")
    labels = (DATA / "tweeteval/val_labels.txt").read_text("utf-8").split()
    decoded = tuple(map(unescaped, texts[: len(labels)]))
    return LabelledSet(
        "TweetEval validation", "x", decoded, tuple(LABELS[int(label)] for label in labels)
    )


@cache
def goemotions(split: Literal["train", "dev", "test"], *, mixed: bool = False) -> LabelledSet:
    """Return Reddit comments with emotions of one group, and with `mixed` also of both poles."""
    rows = [(text, label) for text, label in _goemotions(split) if label != "mixed" or mixed]
    name = f"GoEmotions {split}{' with mixed' if mixed else ''}"
    return LabelledSet(name, "reddit", *map(tuple, zip(*rows, strict=True)))  # type: ignore[arg-type]  # two columns, which mypy cannot tell


def _goemotions(split: str) -> Iterator[tuple[str, str]]:
    for text, groups, _ in _rows(f"goemotions/group_{split}.tsv.gz"):
        labels = {_GROUPS.get(group, "ambiguous") for group in groups.split(",")}
        if {"negative", "positive"} <= labels:
            yield text, "mixed"
        elif len(labels) == 1 and "ambiguous" not in labels:
            yield text, labels.pop()


@cache
def icwsm(kind: Literal["tweets", "amazon"]) -> LabelledSet:
    """Return a set of the VADER paper. A mean intensity between -0.5 and 0.5 is neutral."""
    file = {"tweets": "tweets_GroundTruth", "amazon": "amazonReviewSnippets_GroundTruth"}[kind]
    rows = [(text, float(mean)) for _, mean, text in _rows(f"icwsm2014/{file}.tsv.gz")]
    texts, means = zip(*rows, strict=True)
    labels = tuple(
        "positive" if mean >= _POLAR_FROM else "negative" if mean <= -_POLAR_FROM else "neutral"
        for mean in means
    )
    return LabelledSet(
        f"ICWSM {kind}", {"tweets": "x", "amazon": "reviews"}[kind], texts, labels, means
    )


def all_sets() -> list[LabelledSet]:
    """Return all sets for evaluation, without GoEmotions train, which is for fitting."""
    return [tweeteval(), goemotions("dev"), goemotions("test"), icwsm("tweets"), icwsm("amazon")]


def _rows(path: str) -> Iterator[Sequence[str]]:
    for line in gzip.decompress((DATA / path).read_bytes()).decode().split("\n"):
        if line:
            yield line.rstrip("\r").split("\t")


def unescaped(text: str) -> str:
    r"""Replace escapes such as \u2019, which one row in ten of the set contains literally."""
    parts = text.split("\\u")
    decoded = parts[0]
    for part in parts[1:]:
        digits = part[:4]
        is_code = len(digits) == 4 and all(char in "0123456789abcdefABCDEF" for char in digits)  # noqa: PLR2004  # \uXXXX
        decoded += chr(int(digits, 16)) + part[4:] if is_code else f"\\u{part}"
    return decoded.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
