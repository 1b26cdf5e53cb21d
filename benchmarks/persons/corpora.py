"""Read the licensed training sets, with the positions of persons' names in their texts."""

import gzip
import re
from dataclasses import dataclass, field
from pathlib import Path

_SHARED = Path(__file__).parents[3] / "shared/data"
DATA = _SHARED / "pii"
_COMMENTS = _SHARED / "sentiment/goemotions/group_train.tsv.gz"
NAME = "[NAME]"  # replaces a person's name in a comment
_OTHER = re.compile(r"\[[A-Z]+\]")
TRAIN = ("btc/btc.train.gz", "wnut17/wnut17train.conll.gz")
DEV = ("btc/btc.dev.gz", "wnut17/emerging.dev.conll.gz")


@dataclass(slots=True)
class Marked:
    """A text with the positions (start, end) of persons' names, account names and words."""

    text: str
    persons: list[tuple[int, int]] = field(default_factory=list)
    handles: list[tuple[int, int]] = field(default_factory=list)
    words: list[tuple[int, int]] = field(default_factory=list)


def conll(path: str) -> list[Marked]:
    """Return the texts of a CoNLL file, joined by spaces. An @ is joined to the next token."""
    lines = gzip.decompress((DATA / path).read_bytes()).decode().replace("\r", "").split("\n")
    texts: list[list[tuple[str, str]]] = [[]]
    for line in lines:
        word, _, tag = line.partition("\t")
        if word:
            texts[-1].append((word, tag))
        elif texts[-1]:
            texts.append([])
    return [_joined(tokens) for tokens in texts if tokens]


def comments() -> list[str]:
    """Return GoEmotions' training comments, with `NAME` in place of persons' names."""
    lines = gzip.decompress(_COMMENTS.read_bytes()).decode().splitlines()
    texts = [line.split("\t")[0] for line in lines]
    return [text for text in texts if not _OTHER.search(text.replace(NAME, ""))]


def _joined(tokens: list[tuple[str, str]]) -> Marked:
    marked = Marked("")
    glued = False
    for word, tag in tokens:
        start = len(marked.text) + (0 if glued or not marked.text else 1)
        marked.text += word if start == len(marked.text) else f" {word}"
        end = len(marked.text)
        marked.words.append((start, end))
        if glued or (word[0] == "@" and len(word) > 1):
            marked.handles.append((start - glued, end))
        elif tag[-3:] in {"PER", "son"} and word != "@":
            if tag[0] == "I" and marked.persons:
                marked.persons[-1] = (marked.persons[-1][0], end)
            else:
                marked.persons.append((start, end))
        glued = word == "@"
    return marked
