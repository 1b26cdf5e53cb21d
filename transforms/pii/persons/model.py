"""Find names of persons by a linear chain over a text's words: part of a name, or not.

The weights are small integers, so the same text has the same names on every machine. The
contributions of a word to its own score and to its neighbours' are summed once per word and cached.
Per text only pairs of neighbours are looked up.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from transforms.pii.persons.features import modes_of, pairs
from transforms.pii.persons.tokens import SPECIAL, bounds_of
from transforms.pii.persons.vocabulary import Read, Vocabulary

VERSION = "4"
WEIGHTS = "weights.npz"
_CHUNK = 512  # texts at a time
_LEAST = 3  # letters of a name that is searched for in the rest of its text
_DOUBT = 12  # subtracted for words such as joy, mark and rose in small letters
_INITIAL = 3  # letters that a full stop may follow within a name: J., Mr., Jun.
_WITHIN = frozenset("-'\u2019")
# Words with which no name begins, whatever stands around them.
_SMALL_WORDS = """
a about after all also am and any are as at be because been before but by can could did does down
each even every for from had has have he her here hers him his how i if into is it its just like
me mine more my never nor not now of off often on once only or other our ours out over she should
some such than that the their them then there these they this those though through to too under
until up us was we were what when where which while who whom whose why with would yes you your
yours
ah aww aw btw congrats edit fuck gonna gotta haha hello hey hi hmm imo jokes kinda lmao lol na nah
nope note oh ok okay omg oops ouch please poll poor pretty psa really shit sorry thank thanks tldr
ugh uh um update wanna well whoa wow ya yay yea yeah yep yup
"""
_NEVER = frozenset(_SMALL_WORDS.split())

Ints = npt.NDArray[np.int32]
Steps = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Weights:
    """The weights that training produces.

    Attributes:
        features: one weight per position of a feature, and a last one that is 0.
        steps: weights of the steps none → none, none → name, name → none and name → name.
        bias: is added to each word's score; the higher it is, the more names are found.
    """

    features: npt.NDArray[np.int8]
    steps: Steps
    bias: int


@cache
def shipped() -> Weights:
    """Return the package's weights; the file NOTICE names the data of their training."""
    with np.load(io.BytesIO((files("transforms.pii.persons") / WEIGHTS).read_bytes())) as stored:
        steps = stored["steps"].tolist()
        return Weights(
            stored["features"], (steps[0], steps[1], steps[2], steps[3]), int(stored["bias"])
        )


class NameModel:
    """Finds names of persons by their words, the form of these, and their neighbours.

    >>> NameModel().find(["Thanks to Emma Johnson for the notes."])
    [[(10, 22)]]
    """

    name = "model"
    version = VERSION

    def __init__(self, weights: Weights | None = None) -> None:
        self.weights = weights or shipped()
        self.vocabulary = Vocabulary(_summed(self.weights.features))

    def find(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Return the names in each text, as start and end in characters."""
        return [
            spans
            for at in range(0, len(texts), _CHUNK)
            for spans in self._find(texts[at : at + _CHUNK])
        ]

    def _find(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        read = self.vocabulary.read(texts)
        flags = decode(self._scores(read), self.weights.steps)
        names: list[list[tuple[int, int]]] = [[] for _ in texts]
        known = self.vocabulary.words
        for number, marked in _by_text(np.flatnonzero(flags), read.firsts):
            first = read.firsts[number]
            after = read.firsts[number + 1] - 2
            words = [known[row] for row in read.ids[first:after].tolist()]
            names[number] = _spans(words, [at - first for at in marked], texts[number])
        return names

    def _scores(self, read: Read) -> Ints:
        """Return each word's score as part of a name; an edge never is one."""
        vocabulary = self.vocabulary
        sums = vocabulary.summed[read.ids]
        scores = sums[:, 0] + self.weights.bias
        for column, offset in enumerate((-1, 1, -2, 2), start=1):
            scores += np.roll(sums[:, column], -offset)
        capital = vocabulary.capital[read.ids]
        low, shape, kind = vocabulary.hashes[:, read.ids]
        for where in pairs(low, shape, kind, modes_of(capital, read.firsts), read.echo):
            scores += self.weights.features[where]
        scores[vocabulary.is_everyday[read.ids]] -= _DOUBT
        scores[capital < 0] = -(1 << 20)
        return scores


def decode(scores: Ints, steps: Steps) -> npt.NDArray[np.bool_]:
    """Return the likeliest chain by Viterbi's algorithm: whether each word is part of a name.

    A score says by how much a name is likelier than none. Most words are so unlikely that no
    neighbour could make them a name. They split the chain into runs, and only runs with a word that
    could end a name are computed.
    """
    none_none, none_name, name_none, name_name = steps
    # the largest gain that the previous word can give
    most = max(none_name - none_none, name_name - name_none)
    ends_from = none_none - name_none
    goes_on_from = none_name - name_name
    flags = np.zeros(len(scores), dtype=bool)
    is_open = np.concatenate(([False], scores > min(ends_from, goes_on_from) - most, [False]))
    # Nothing follows the last word, so it may be a name more easily.
    is_open[-2:-1] = len(scores) > 0
    edges = np.flatnonzero(is_open[1:] != is_open[:-1])
    could_end = np.concatenate(([0], np.cumsum(scores > ends_from - most)))
    has_end = (could_end[edges[1::2]] > could_end[edges[::2]]) | (edges[1::2] == len(scores))
    runs = edges.reshape(-1, 2)[has_end]
    for start, stop in runs.tolist():
        flags[start:stop] = _run(
            scores[start:stop].tolist(), steps, 0 if stop == len(scores) else ends_from
        )
    return flags


def _run(scores: list[int], steps: Steps, ends_from: int) -> list[bool]:
    """Return the likeliest chain between two words that are not part of a name."""
    none_none, none_name, name_none, name_name = steps
    lead = -(1 << 20)
    backs: list[tuple[bool, bool]] = []
    for score in scores:
        ends = lead + name_none
        goes_on = lead + name_name
        backs.append((ends > none_none, goes_on > none_name))
        lead = (
            (goes_on if goes_on > none_name else none_name)
            - (ends if ends > none_none else none_none)
            + score
        )
    state = lead > ends_from
    flags = [state] * len(scores)
    for at in range(len(backs) - 1, 0, -1):
        flags[at - 1] = state = backs[at][state]
    return flags


def _summed(features: npt.NDArray[np.int8]) -> Callable[[npt.NDArray[np.int64]], Ints]:
    def per_word(slots: npt.NDArray[np.int64]) -> Ints:
        sums: Ints = features[slots].sum(axis=2, dtype=np.int32)
        return sums

    return per_word


def _by_text(marked: npt.NDArray[np.intp], firsts: list[int]) -> list[tuple[int, list[int]]]:
    """Return the marked words of each text that has any, with the text's number."""
    if not len(marked):
        return []
    numbers = np.searchsorted(np.array(firsts), marked, side="right") - 1
    cuts = np.flatnonzero(np.diff(numbers)) + 1
    return [
        (int(numbers[part[0]]), marked[part].tolist())
        for part in np.split(np.arange(len(marked)), cuts)
        if len(part)
    ]


def _spans(words: list[str], marked: list[int], text: str) -> list[tuple[int, int]]:
    """Return the spans of names; a word that is a name once is one in the whole text."""
    names = {
        word
        for at in marked
        if len(word := words[at]) >= _LEAST
        and word[0].isupper()
        and not word.isupper()
        and _may_begin(word)
    }
    if names:
        marked = sorted({*marked, *(at for at, word in enumerate(words) if word in names)})
    bounds = bounds_of(text, marked[-1] + 1)
    spans: list[tuple[int, int]] = []
    before = -2
    for at in marked:
        if words[at] in SPECIAL or not (
            _may_follow(words, at) if before == at - 1 else _may_begin(words[at])
        ):
            continue
        start, end = bounds[at]
        if before == at - 1:
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
        before = at
    return spans


def _may_begin(word: str) -> bool:
    """Return whether a name may begin with the word."""
    return word.lstrip("#")[:1].isalpha() and word.lower() not in _NEVER


def _may_follow(words: list[str], at: int) -> bool:
    """Return whether a name may continue with the word.

    Among signs it may with a hyphen, an apostrophe, and the full stop of an initial.
    """
    word = words[at]
    if word.lstrip("#")[:1].isalpha() or word in _WITHIN:
        return True
    return word == "." and len(words[at - 1]) <= _INITIAL
