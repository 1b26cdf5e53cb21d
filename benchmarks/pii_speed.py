"""Measure CPU time per tweet on one core, also in comparison with Presidio's recognisers."""

import time
from collections.abc import Callable, Sequence

from benchmarks.persons.corpora import TRAIN, conll
from benchmarks.pii_scores import Table
from transforms.pii.detect import find
from transforms.pii.options import Options
from transforms.pii.sanitizer import Sanitizer

_TEXTS = 3000
_RUNS = 3
_TYPES = (
    "CREDIT_CARD",
    "EMAIL_ADDRESS",
    "IBAN_CODE",
    "IP_ADDRESS",
    "PHONE_NUMBER",
    "URL",
    "US_SSN",
)


def ours() -> Table:
    """Measure the rules alone, the rules with the time limit, and both with names, as Silver."""
    texts = [marked.text for marked in conll(TRAIN[1])[:_TEXTS]]
    rules = Sanitizer(Options(persons="off"))
    whole = Sanitizer()
    pieces = [(text, ()) for text in texts]
    table: Table = {
        "characters": sum(map(len, texts)) / len(texts),
        "rules": _median(lambda: [find(text) for text in texts], texts),
        "rules, guarded": _median(lambda: rules.spans(pieces), texts),
        "with names": _median(lambda: whole.spans(pieces), texts),
    }
    print(
        f"\nµs of CPU time per tweet of {table['characters']:.0f} characters, median of {_RUNS},"
        f" one core"
    )
    for name in ("rules", "rules, guarded", "with names"):
        print(f"  {name:24} {table[name]:8.1f}")
    return table


def against_presidio() -> Table:
    """Measure Presidio too, on the same texts, for the types that both know."""
    import presidio_analyzer.predefined_recognizers as known  # noqa: PLC0415  # it may be missing
    import tldextract  # noqa: PLC0415  # as above

    # Presidio's e-mail recogniser would download the list of suffixes.
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())
    recognisers = [
        known.CreditCardRecognizer(),
        known.EmailRecognizer(),
        known.IbanRecognizer(),
        known.IpRecognizer(),
        known.PhoneRecognizer(),
        known.UrlRecognizer(),
        known.UsSsnRecognizer(),
    ]
    texts = [one.text for one in conll(TRAIN[1])[:_TEXTS]]
    table = ours()
    table["presidio"] = _median(
        lambda: [
            each.analyze(text, each.supported_entities, None)
            for text in texts
            for each in recognisers
        ],
        texts,
    )
    print(f"  {'Presidio, patterns':24} {table['presidio']:8.1f}  ({', '.join(_TYPES)})")
    for name in ("rules", "rules, guarded", "with names"):
        print(f"  {name:24} {table['presidio'] / table[name]:8.1f} times as fast")
    return table


def _median(work: Callable[[], object], texts: Sequence[str]) -> float:
    times = []
    work()  # the first batch of a worker is slower than the many after it
    for _ in range(_RUNS):
        begun = time.process_time()
        work()
        times.append((time.process_time() - begun) / len(texts) * 1e6)
    return sorted(times)[_RUNS // 2]
