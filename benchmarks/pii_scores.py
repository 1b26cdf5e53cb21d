"""Compute precision and recall per type and leaks, each with a 95 % interval."""

import math
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.pii_posts import Post
from transforms.pii.sanitizer import Sanitizer
from transforms.pii.spans import Span

Table = dict[str, Any]  # the content of the JSON file
Shares = list[tuple[int, int]]  # per text: a count and the number that it is a part of
WORD = re.compile(r"\S*\w\S*")
_SEED = 20261121
_DRAWS = 200


def found(sanitizer: Sanitizer, texts: Sequence[str]) -> list[list[Span]]:
    """Return the spans that Silver would remove; a failure counts as the whole text."""
    answers = sanitizer.spans([(text, ()) for text in texts])
    return [
        [Span(0, len(text), "FAILED")] if spans is None else spans
        for text, spans in zip(texts, answers, strict=True)
    ]


def scores(sanitizer: Sanitizer, posts: Sequence[Post]) -> Table:
    """Return recall and precision per type, the leak rate and the share of posts without leak."""
    gold = Counter[str]()
    hit = Counter[str]()
    cut = Counter[str]()
    right = Counter[str]()
    leaks: Shares = []
    vain: Shares = []
    for post, spans in zip(posts, found(sanitizer, [post.text for post in posts]), strict=True):
        masked = {at for span in spans for at in range(span.start, span.end)}
        for start, end, kind in post.gold:
            gold[kind] += 1
            hit[kind] += masked.issuperset(range(start, end))
        for span in spans:
            cut[span.type] += 1
            right[span.type] += any(
                start < span.end and span.start < end
                for start, end, _ in (*post.gold, *post.besides)
            )
        vain.append(_in_vain(post, spans))
        personal = {at for start, end, _ in post.gold for at in range(start, end)}
        if personal:
            leaks.append((len(personal - masked), len(personal)))
    return {
        "texts": len(posts),
        "recall": {kind: (hit[kind], gold[kind]) for kind in sorted(gold)},
        "precision": {kind: (right[kind], cut[kind]) for kind in sorted(cut)},
        "words_in_vain": tuple(map(sum, zip(*vain, strict=True))),
        "leak_rate": bootstrap(leaks, share),
        "zero_leak": bootstrap(leaks, lambda rows: sum(not a for a, _ in rows) / len(rows)),
    }


def _in_vain(post: Post, spans: list[Span]) -> tuple[int, int]:
    """Return how many words without personal data are masked, and how many there are."""
    personal = [(start, end) for start, end, _ in (*post.gold, *post.besides)]
    words = [word.span() for word in WORD.finditer(post.text)]
    others = [(a, b) for a, b in words if not any(start < b and a < end for start, end in personal)]
    return sum(any(span.start < b and a < span.end for span in spans) for a, b in others), len(
        others
    )


def show(name: str, table: Table) -> None:
    """Print the table on the terminal."""
    print(f"\n{name} ({table['texts']} texts)")
    print(f"  {'type':12} {'recall':36} precision")
    recall = table["recall"]
    precision = table["precision"]
    for kind in sorted({*recall, *precision}):
        both = [
            counted(*measure[kind]) if kind in measure else "-" for measure in (recall, precision)
        ]
        print(f"  {kind:12} {both[0]:36} {both[1]}")
    print(f"  {'words masked in vain':22} {counted(*table['words_in_vain'])}")
    for measure in ("leak_rate", "zero_leak"):
        print("  {:22} {:.4f} [{:.4f}, {:.4f}]".format(measure, *table[measure]))


def counted(hits: int, total: int) -> str:
    """Return a share with its counts and interval."""
    low, high = wilson(hits, total)
    return f"{hits:5}/{total:<5} {hits / max(total, 1):.3f} [{low:.3f}, {high:.3f}]"


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Return the 95 % Wilson interval of a share."""
    if not total:
        return 0.0, 1.0
    z = 1.96
    part = hits / total
    middle = part + z * z / (2 * total)
    spread = z * math.sqrt(part * (1 - part) / total + z * z / (4 * total**2))
    return max(0.0, (middle - spread) / (1 + z * z / total)), min(
        1.0, (middle + spread) / (1 + z * z / total)
    )


def share(rows: Shares) -> float:
    """Return the sum of the counts divided by the sum of the totals."""
    return sum(a for a, _ in rows) / max(sum(b for _, b in rows), 1)


def bootstrap(rows: Shares, rate: Callable[[Shares], float]) -> tuple[float, float, float]:
    """Return the rate and its 95 % bootstrap interval over texts."""
    chance = random.Random(_SEED)  # noqa: S311  # resampling
    tries = sorted(rate(chance.choices(rows, k=len(rows))) for _ in range(_DRAWS))
    return rate(rows), tries[int(_DRAWS * 0.025)], tries[int(_DRAWS * 0.975) - 1]
