"""Compare the speed of EchoStream's VADER with that of the package, by medians of CPU time.

    python -m benchmarks.scorer [--rounds 7] [--texts 4000]

The first column is the package's texts/s, and the others are ratios to it. "new worker" is a
scorer that was just loaded and has seen no text. "running" has seen similar texts. "4 figures"
also returns all figures as tuples. "one by one" calls `polarity_scores` per text. Texts of more
than 2,000 characters are left out, because the package takes quadratic time for them.
"""

import argparse
import gzip
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from benchmarks.vader_parity import DATA
from transforms.scoring.registry import load_scorer
from transforms.scoring.score import ScorerOptions
from transforms.scoring.vader import VaderScorer
from transforms.scoring.vader_rules.rules import FastVader

_LONGEST = 2_000
_CAP = 100_000  # characters: sanitizer.max_text_chars
_BOUNDED = ("vader", "vader-plus", "linear")
_HOSTILE = {
    "4,000 emoji": "\U0001f602" * 4_000,
    "100,000 '!'": "good" + "!" * 100_000,
    "at the cap: 'a good '": ("a good " * _CAP)[:_CAP],
    "at the cap: '! '": ("! " * _CAP)[:_CAP],
    "at the cap: 'Hi. '": ("Hi. " * _CAP)[:_CAP],
    "at the cap: 'I like it. '": ("I like it. " * _CAP)[:_CAP],
    "at the cap: new words": " ".join(f"x{number}n't good" for number in range(_CAP // 12))[:_CAP],
    "at the cap: emoji": "\U0001f602" * _CAP,
    "at the cap: no spaces": "\u597d" * _CAP,
    "at the cap: '@a &amp; '": ("@a &amp; " * _CAP)[:_CAP],
}


def made(count: int, words: int) -> list[str]:
    """Generate texts of invented words, frequent as in a language, and 1 in 12 of the lexicon."""
    chance = random.Random(1)  # noqa: S311  # no secret
    lexicon: list[str] = [word for word in SentimentIntensityAnalyzer().lexicon if word.isalpha()]
    common = [
        "".join(chance.choices("etaoinshrdlu", k=chance.randint(2, 8))) for _ in range(20_000)
    ]
    marks = ["", "", "", "", "", "", ".", ",", "!", "?"]

    def word() -> str:
        if chance.random() < 1 / 12:
            return chance.choice(lexicon)
        index = min(int(chance.paretovariate(0.6)) - 1, len(common) - 1)
        return common[index]

    def text() -> str:
        return " ".join(
            word() + chance.choice(marks) for _ in range(chance.randint(words // 2, words * 3 // 2))
        )

    return [text() for _ in range(count)]


def recorded() -> dict[str, list[str]]:
    """Return the tweets and Reddit comments of the data folder."""

    def lines(path: str) -> list[str]:
        return gzip.decompress((DATA / path).read_bytes()).decode().split("\n")

    tweets = [
        line.split("\t")[2]
        for line in lines("sentiment/icwsm2014/tweets_GroundTruth.tsv.gz")
        if line
    ]
    comments = [
        json.loads(line)["data"].get("body") or ""
        for line in lines("platforms/reddit/comments.jsonl.gz")
        if line
    ]
    return {
        "tweets (TweetEval)": (DATA / "sentiment/tweeteval/val_text.txt")
        .read_text("utf-8")
        .split("\n"),
        "tweets (ICWSM 2014)": tweets,
        "Reddit comments (recorded)": comments,
        "Reddit comments (GoEmotions)": [
            line.split("\t")[0] for line in lines("sentiment/goemotions/group_test.tsv.gz")
        ],
    }


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def quickest(work: Callable[[], object]) -> float:
    """Return the CPU time of the quicker of two runs, since other programs may disturb one."""
    times = []
    for _ in range(2):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def compare(texts: Sequence[str], rounds: int) -> list[float]:
    """Return the package's texts/s and the ratios to it. Rounds share no caches."""
    package = SentimentIntensityAnalyzer().polarity_scores
    other = texts[::2]
    mine = texts[1::2]
    vader = FastVader()
    vader.figures_of(other)
    rows = []
    for _ in range(rounds):
        theirs = seconds(lambda: [package(text) for text in mine])
        new = VaderScorer()
        running = VaderScorer()
        running.score(other)
        ours = [
            seconds(lambda new=new: new.score(mine)),  # type: ignore[misc]  # a default binds the loop's value
            seconds(lambda running=running: running.score(mine)),  # type: ignore[misc]  # as above
            seconds(lambda: vader.figures_of(mine)),
            seconds(lambda: [vader.polarity_scores(text) for text in mine]),
        ]
        rows.append([len(mine) / theirs, *(theirs / one for one in ours)])
    return [statistics.median(column) for column in zip(*rows, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--texts", type=int, default=4_000)
    arguments = parser.parse_args()
    sets = {
        "made, 16 words": made(arguments.texts, 16),
        "made, 30 words": made(arguments.texts, 30),
    }
    sets |= recorded() if DATA.is_dir() else {}
    sys.stdout.write(
        f"{'':30} {'package/s':>10} {'new worker':>11} {'running':>8} {'4 figures':>10}"
        f" {'one by one':>11}\n"
    )
    for name, texts in sets.items():
        package, *ratios = compare(
            [text for text in texts if len(text) <= _LONGEST][: arguments.texts], arguments.rounds
        )
        new, running, figures, single = (f"{ratio:.1f} x" for ratio in ratios)
        sys.stdout.write(
            f"{name:30} {package:10,.0f} {new:>11} {running:>8} {figures:>10} {single:>11}\n"
        )
    sys.stdout.write(f"{'one text, ms':30}" + "".join(f"{name:>12}" for name in _BOUNDED) + "\n")
    scorers = [load_scorer(ScorerOptions(name)) for name in _BOUNDED]
    for name, text in _HOSTILE.items():
        times = [
            1000 * quickest(lambda scorer=scorer, text=text: scorer.score([text]))  # type: ignore[misc]  # as above
            for scorer in scorers
        ]
        sys.stdout.write(f"{name:30}" + "".join(f"{time:12.1f}" for time in times) + "\n")


if __name__ == "__main__":
    main()
