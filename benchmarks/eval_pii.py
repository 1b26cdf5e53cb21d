"""How much personal data is found: precision, recall and leaks, on the licensed sets and on made posts.

`python -m benchmarks.eval_pii`; scored as facts/pii.md §6 says. The texts of the licensed sets are never printed.
"""

import argparse
import gzip
import json
import math
import random
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.pii_posts import Post, make_posts
from transforms.pii.detect import SANITIZER_VERSION, find
from transforms.pii.spans import Span

_DATA = Path(__file__).parents[2] / "shared/data/pii"
_RESULTS = Path(__file__).parent / "results"
_SEED = 20261121
_SPEED_TEXTS = 3000
_STRUCTURED = {
    "EMAIL_ADDRESS": "EMAIL", "PHONE_NUMBER": "PHONE", "CREDIT_CARD": "CARD", "IBAN_CODE": "IBAN", "IP_ADDRESS": "IP",
    "US_SSN": "SSN", "DOMAIN_NAME": "URL", "STREET_ADDRESS": "ADDRESS",
}  # fmt: skip
_TWEETS = ("wnut17/wnut17train.conll.gz", "btc/btc.train.gz", "btc/btc.dev.gz")
Table = dict[str, Any]  # what goes into the JSON file


def wilson(hits: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share."""
    if not total:
        return 0.0, 1.0
    z, share = 1.96, hits / total
    middle, spread = share + z * z / (2 * total), z * math.sqrt(share * (1 - share) / total + z * z / (4 * total**2))
    return max(0.0, (middle - spread) / (1 + z * z / total)), min(1.0, (middle + spread) / (1 + z * z / total))


def score(name: str, posts: list[Post]) -> Table:
    """Recall and precision per type, leak rate and share of posts without a leak."""
    gold, hit, said, right = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    leaks: list[tuple[int, int]] = []
    for post in posts:
        spans = find(post.text)
        masked = {at for span in spans for at in range(span.start, span.end)}
        for start, end, kind in post.gold:
            gold[kind] += 1
            hit[kind] += all(at in masked for at in range(start, end))
        for span in spans:
            said[span.type] += 1
            right[span.type] += any(start < span.end and span.start < end for start, end, _ in post.gold)
        personal = {at for start, end, _ in post.gold for at in range(start, end)}
        if personal:
            leaks.append((len(personal - masked), len(personal)))
    table = {
        "recall": {kind: (hit[kind], gold[kind]) for kind in sorted(gold)},
        "precision": {kind: (right[kind], said[kind]) for kind in sorted(said)},
        "leak_rate": _bootstrap(leaks, lambda rows: sum(a for a, _ in rows) / sum(b for _, b in rows)),
        "zero_leak": _bootstrap(leaks, lambda rows: sum(not a for a, _ in rows) / len(rows)),
    }
    _show(name, table)
    return table


def _bootstrap(rows: list[tuple[int, int]], rate: Any) -> tuple[float, float, float]:
    """The rate and its 95 % interval over texts; `rate` is a function of rows."""
    chance = random.Random(_SEED)  # noqa: S311  # resampling
    tries = sorted(rate(chance.choices(rows, k=len(rows))) for _ in range(200))
    return rate(rows), tries[5], tries[194]


def _show(name: str, table: Table) -> None:
    print(f"\n{name}")  # noqa: T201
    for measure in ("recall", "precision"):
        for kind, (hits, total) in table[measure].items():
            low, high = wilson(hits, total)
            print(f"  {measure:9} {kind:12} {hits:5}/{total:<5} {hits / total:.3f} [{low:.3f}, {high:.3f}]")  # noqa: T201
    for measure in ("leak_rate", "zero_leak"):
        print("  {:22} {:.4f} [{:.4f}, {:.4f}]".format(measure, *table[measure]))  # noqa: T201


def synthetic(*, held_out: bool) -> list[Post]:
    """The synthetic set's structured types; every third template is held out, though rules were seen with all."""
    path = _DATA / "presidio_synth/synth_dataset_v2_first1000.json.gz"
    texts = json.loads(gzip.decompress(path.read_bytes()))
    return [
        Post(text["full_text"], [
            (span["start_position"], span["end_position"], _STRUCTURED[span["entity_type"]])
            for span in text["spans"] if span["entity_type"] in _STRUCTURED
        ])
        for text in texts if (text["template_id"] % 3 == 0) == held_out
    ]  # fmt: skip


def tweets(path: str) -> list[tuple[str, list[Span]]]:
    """Texts rebuilt from tokens, @ glued to what follows, with their handles."""
    posts: list[tuple[str, list[Span]]] = []
    for block in (
        gzip.decompress((_DATA / path).read_bytes()).decode().replace("\r", "").replace("\n\t", "\n").split("\n\n")
    ):
        text, glued, handles = "", False, list[Span]()
        for word in (line.split("\t")[0] for line in block.split("\n")):
            if not word:
                continue
            start = len(text) if glued or not text else len(text) + 1
            text += word if start == len(text) else f" {word}"
            if glued or (word[0] == "@" and len(word) > 1):
                handles.append(Span(start - glued, len(text), "HANDLE"))
            glued = word == "@"
        if text:
            posts.append((text, handles))
    return posts


def false_hits() -> Table:
    """What is found in tweets, as counts, and how many handles."""
    counts, texts, named, masked = Counter[str](), 0, 0, 0
    for path in _TWEETS:
        for text, handles in tweets(path):
            spans = find(text)
            texts += 1
            counts.update(span.type for span in spans)
            if path.startswith("btc"):
                named += len(handles)
                masked += sum(any(s.start <= h.start and h.end <= s.end for s in spans) for h in handles)
    table: Table = {
        "texts": texts,
        "handles": (masked, named),
        "per_1000": {k: n / texts * 1000 for k, n in counts.items()},
    }
    print(f"\n{texts} tweets: handles of Broad Twitter {masked}/{named}; found per 1,000:")  # noqa: T201
    print("  " + ", ".join(f"{kind} {rate:.2f}" for kind, rate in sorted(table["per_1000"].items())))  # noqa: T201
    return table


def speed() -> Table:
    """Microseconds per tweet, the median of three runs; compare only within one run of one machine."""
    texts = [text for text, _ in tweets(_TWEETS[0])[:_SPEED_TEXTS]]
    runs = []
    for _ in range(3):
        start = time.process_time()
        for text in texts:
            find(text)
        runs.append((time.process_time() - start) / len(texts) * 1e6)
    table = {"us_per_text": sorted(runs)[1], "characters": sum(map(len, texts)) / len(texts)}
    print(f"\n{table['us_per_text']:.1f} µs per tweet of {table['characters']:.0f} characters")  # noqa: T201
    return table


def main() -> None:
    """Print the tables and write them to benchmarks/results/."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=5000)
    count = parser.parse_args().posts
    code = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    result: Table = {"seed": _SEED, "code": code.stdout.strip(), "sanitizer": SANITIZER_VERSION, "posts": count}
    result["made, plain"] = score("made posts, plain", make_posts(count, _SEED, obfuscated=False))
    result["made, obfuscated"] = score("made posts, obfuscated", make_posts(count, _SEED, obfuscated=True))
    if _DATA.exists():
        result["synthetic"] = score("synthetic set, templates seen in tuning", synthetic(held_out=False))
        result["synthetic, rest"] = score("synthetic set, every third template", synthetic(held_out=True))
        result["tweets"] = false_hits()
        result["speed"] = speed()
    else:
        print(f"skipped for lack of {_DATA}")  # noqa: T201
    _RESULTS.mkdir(exist_ok=True)
    (_RESULTS / "pii.json").write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
