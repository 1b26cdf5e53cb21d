"""Check that EchoStream's VADER gives exactly the package's figures.

    python -m benchmarks.vader_parity [--fuzzed 200000] [--seed 1]

The texts are fuzzed ones and all texts of ../shared/data. The script prints numbers, never a text.
"""

import argparse
import gzip
import json
import random
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from vaderSentiment import vaderSentiment as package  # noqa: N813  # the package's own name

from transforms.scoring.vader_rules.rules import FastVader

DATA = Path(__file__).parents[2] / "shared" / "data"
_LONGEST = 10_000  # characters; the package takes minutes for some longer texts

_SPACES = [char for char in map(chr, range(0x3001)) if char.isspace()]
_PLAIN = (
    "a the it he was movie i they can x 3 2026 to for right train people said today :) <3"
    " http://t.co/x @you #tag"
)
# Letters with unusual case, words in other scripts, joiners, half a surrogate pair, and a curly
# apostrophe.
_ODD = [
    "\u212a",
    "\u0130",
    "\u017fo",
    "\xdf",
    "\u01c5",
    "\u0391\u03a3",
    "\u2177",
    "no\u0364",
    "\u200d",
    "\ufe0f",
]
_ODD += ["\ud83d", "\0", "\U0001d420\U0001d428", "\u597d", "isn\u2019t"]
_RULES = (
    "but But BUT no NO No nor or not NOT never without doubt least at very so so this this kind"
    " of kind of sort of just"
    " enough can't CAN'T n't xn't n't' 'N'T without_doubt kind-of kinda"
)
_MARKS = [
    "!",
    "?",
    ".",
    ",",
    "...",
    "'",
    '"',
    "(",
    ")",
    "*",
    "_",
    "#",
    "@",
    "-",
    ":",
    ";",
    "!!!",
    "??",
    "?!",
]


def left_to_right(values: Iterable[float]) -> float:
    """Sum as Python did before 3.12, whose compensated sum changes the package's figures."""
    total = 0.0
    for value in values:
        total += value
    return total


@cache
def reference() -> Callable[[str], dict[str, float]]:
    """Return the package's function, with the same figures on every version of Python."""
    package.sum = left_to_right
    return package.SentimentIntensityAnalyzer().polarity_scores  # type: ignore[no-any-return]  # it ships no types


def differing(vader: FastVader, texts: Sequence[str]) -> list[int]:
    """Return the indexes of texts for which our figures, one by one or in a batch, differ."""
    expected = reference()
    rows = zip(texts, vader.figures_of(texts), strict=True)
    return [
        index
        for index, (text, row) in enumerate(rows)
        if not repr(expected(text)) == repr(vader.polarity_scores(text)) == repr(row._asdict())
    ]


def fuzzed(count: int, seed: int) -> Iterator[str]:
    """Generate texts that are rich in words and signs for which VADER has rules."""
    chance = random.Random(seed)  # noqa: S311  # no secret
    analyzer = package.SentimentIntensityAnalyzer()
    phrases = [*package.SPECIAL_CASES, *package.BOOSTER_DICT, *package.SENTIMENT_LADEN_IDIOMS]
    emoji = list(analyzer.emojis)
    # Few different valences, because VADER's rule for "but" looks words up by valence.
    few = [
        word
        for word, valence in analyzer.lexicon.items()
        if valence in (1.0, 2.0, 1.5, 3.0, -1.0, -1.5, -2.0, -3.0)
    ]
    pools = [
        list(analyzer.lexicon),
        few,
        list(package.BOOSTER_DICT),
        package.NEGATE,
        phrases,
        emoji,
    ]
    pools += [_PLAIN.split(), _RULES.split(), _RULES.split(), _ODD, _MARKS]
    singles = [key for key in emoji if len(key) == 1]
    for number in range(count):
        length = (
            chance.randint(150, 400)
            if number % 2_000 == 0
            else chance.choice((0, 1, 2, 3, 4, 5, 8, 12, 20))
        )
        mine = chance.sample(pools, chance.randint(1, 5))
        words = [
            _changed(chance.choice(chance.choice(mine)), chance, singles) for _ in range(length)
        ]
        if number % 19 == 0:
            words = [word.upper() for word in words]
        odd_spaces = number % 11 == 0
        yield "".join(word + (chance.choice(_SPACES) if odd_spaces else " ") for word in words)[
            number % 2 :
        ]


def _changed(word: str, chance: random.Random, emoji: Sequence[str]) -> str:
    mark = chance.choice(_MARKS)
    emoticon = chance.choice(emoji)
    ways = (
        word,
        word.upper(),
        word.title(),
        f"{mark}{word}",
        f"{word}{mark * chance.randint(1, 3)}",
    )
    return chance.choices(
        (*ways, f"{word}{emoticon}", f"{emoticon}{word}", word * 9),
        (660, 100, 50, 50, 100, 20, 20, 2),
    )[0]


def recorded() -> list[str]:
    """Return all distinct texts of the data folder: strings in JSON, fields of tables, lines."""
    files = sorted(
        path for path in DATA.rglob("*") if path.is_file() and not path.name.startswith("LICENSE")
    )
    texts = dict.fromkeys(text for path in files for text in _texts(path))
    return [text for text in texts if len(text) <= _LONGEST]


def _texts(path: Path) -> Iterator[str]:
    content = (
        gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    ).decode()
    if ".json" in path.name:
        lines = content.splitlines() if ".jsonl" in path.name else [content]
        for line in lines:
            yield from _strings(json.loads(line))
    elif "conll" in path.name or path.parent.name == "btc":
        sentences = content.replace("\r", "").split("\n\n")
        yield from (
            " ".join(line.split("\t")[0] for line in sentence.split("\n")) for sentence in sentences
        )
    else:
        yield from (field for line in content.split("\n") for field in line.split("\t"))


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fuzzed", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    vader = FastVader()
    sets = {f"fuzzed, seed {arguments.seed}": list(fuzzed(arguments.fuzzed, arguments.seed))}
    if DATA.is_dir():
        sets["../shared/data"] = recorded()
    worst = 0
    for name, texts in sets.items():
        wrong = differing(vader, texts)
        worst += len(wrong)
        sys.stdout.write(f"{name}: {len(texts):,} texts, {len(wrong)} differ {wrong[:5] or ''}\n")
    return int(worst > 0)


if __name__ == "__main__":
    sys.exit(main())
