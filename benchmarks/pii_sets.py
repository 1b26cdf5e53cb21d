"""Read the licensed sets as posts with the positions of their personal data."""

import gzip
import json
from collections import Counter
from typing import Literal

from benchmarks.persons.corpora import DATA, DEV, TRAIN, conll
from benchmarks.pii_posts import Post
from benchmarks.pii_scores import Table, counted, found
from transforms.pii.sanitizer import Sanitizer

_KINDS = {
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER": "PHONE",
    "CREDIT_CARD": "CARD",
    "IBAN_CODE": "IBAN",
    "IP_ADDRESS": "IP",
    "US_SSN": "SSN",
    "DOMAIN_NAME": "URL",
    "STREET_ADDRESS": "ADDRESS",
    "PERSON": "PERSON",
}
NamedSet = Literal["btc dev", "wnut17 dev"]
NAMED: tuple[NamedSet, ...] = ("btc dev", "wnut17 dev")
_BY_NAME = ("PERSON", "HANDLE")


def synthetic(*, held_out: bool | None = None) -> list[Post]:
    """Return the synthetic set: every third template, all other templates, or all of them.

    Labels for which the sanitizer has no type go to `besides`.
    """
    texts = json.loads(
        gzip.decompress((DATA / "presidio_synth/synth_dataset_v2_first1000.json.gz").read_bytes())
    )
    posts = []
    for text in texts:
        if held_out is not None and (text["template_id"] % 3 == 0) != held_out:
            continue
        spans = [(s["start_position"], s["end_position"], s["entity_type"]) for s in text["spans"]]
        ours = [(start, end, _KINDS[kind]) for start, end, kind in spans if kind in _KINDS]
        posts.append(
            Post(text["full_text"], ours, [span for span in spans if span[2] not in _KINDS])
        )
    return posts


def other_names(name: NamedSet) -> list[Post]:
    """Return texts with the positions of persons' names and of account names."""
    return [
        Post(
            marked.text,
            [(*span, "PERSON") for span in marked.persons]
            + [(*span, "HANDLE") for span in marked.handles],
        )
        for marked in conll(DEV[NAMED.index(name)])
    ]


def pattern_hits(sanitizer: Sanitizer) -> Table:
    """Return how often each type is found in tweets, and the share of account names masked."""
    counts = Counter[str]()
    texts = 0
    named = 0
    masked = 0
    for path in (*TRAIN, DEV[0]):
        marked = conll(path)
        texts += len(marked)
        for one, spans in zip(marked, found(sanitizer, [one.text for one in marked]), strict=True):
            counts.update(span.type for span in spans if span.type not in _BY_NAME)
            if path.startswith("btc"):
                named += len(one.handles)
                masked += sum(
                    any(s.start <= a and b <= s.end for s in spans) for a, b in one.handles
                )
    rates = {kind: count / texts * 1000 for kind, count in sorted(counts.items())}
    print(
        f"\n{texts} tweets: accounts of Broad Twitter masked {counted(masked, named)}; found per"
        f" 1,000 tweets:"
    )
    print("  " + ", ".join(f"{kind} {rate:.2f}" for kind, rate in rates.items()))
    return {"texts": texts, "handles": (masked, named), "per_1000": rates}
