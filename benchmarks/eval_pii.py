"""Measure how well the sanitizer works: precision, recall, leaks, lost words and speed.

Run it by `make eval-pii`. It calls the same function as Silver, with the same settings. Generated
posts need no data. The licensed sets are read from ../shared/data and never printed. If the extra
`bench` is installed, speed is compared with Presidio's pattern recognisers.
"""

import argparse
import json
import platform
import subprocess
from importlib.util import find_spec
from pathlib import Path

from benchmarks.persons.corpora import DATA
from benchmarks.pii_posts import make_posts
from benchmarks.pii_scores import Table, scores, show
from benchmarks.pii_sets import NAMED, other_names, pattern_hits, synthetic
from benchmarks.pii_speed import against_presidio, ours
from benchmarks.pii_utility import labels_kept, words_masked
from transforms.pii.sanitizer import Sanitizer

RESULTS = Path(__file__).parent / "results"
SEED = 20261121


def main() -> None:
    """Print the tables and write them to benchmarks/results/pii.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=5000)
    count = parser.parse_args().posts
    sanitizer = Sanitizer()
    code = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    result: Table = {
        "seed": SEED,
        "code": code.stdout.strip(),
        "sanitizer": sanitizer.version,
        "posts": count,
        "machine": f"{platform.processor() or platform.machine()}, Python"
        f" {platform.python_version()}",
    }
    print(f"sanitizer {sanitizer.version}, code {result['code']}, seed {SEED}; intervals of 95 %")
    for kind, obfuscated in (("plain", False), ("obfuscated", True)):
        posts = make_posts(count, SEED, obfuscated=obfuscated)
        result[f"made, {kind}"] = scores(sanitizer, posts)
        show(f"{count} made posts, {kind}", result[f"made, {kind}"])
    if DATA.exists():
        result |= licensed(sanitizer)
    else:
        print(f"\nno licensed sets: {DATA} is missing")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "pii.json").write_text(json.dumps(result, indent=1))


def licensed(sanitizer: Sanitizer) -> Table:
    """Measure on the licensed sets."""
    result: Table = {}
    for name, held_out in (
        ("templates seen while the rules were written", False),
        ("every third template", True),
    ):
        result[f"synthetic, {name}"] = scores(sanitizer, synthetic(held_out=held_out))
        show(f"synthetic set, {name}; no text of it was trained on", result[f"synthetic, {name}"])
    for name in NAMED:
        result[name] = scores(sanitizer, other_names(name))
        show(f"{name}, not trained on: handles, and names that are none", result[name])
    result["tweets"] = pattern_hits(sanitizer)
    result["words masked"] = words_masked(sanitizer)
    result["labels kept"] = labels_kept(sanitizer)
    result["speed"] = against_presidio() if find_spec("presidio_analyzer") else ours()
    return result


if __name__ == "__main__":
    main()
