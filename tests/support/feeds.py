"""Make feeds of the generator in memory."""

from functools import cache
from typing import Any

from foundation.keys import PseudonymKey
from foundation.policies import policies
from ingestion.generator import Rates, RenderedRecord, generate
from ingestion.kafka.records import RecordMaker
from tests.support.clock import BASE

KEY = PseudonymKey(version=1, secret=b"k" * 32)
MAX_TEXT = 2000
N = 5000


def make(n: int = N, seed: int = 1, **changes: Any) -> list[RenderedRecord]:
    """Return a feed of so many posts, always the same for the same seed."""
    makers = {name: RecordMaker(platform=name, owner="public", key=KEY) for name in policies()}
    named = {
        "seed": seed,
        "base": BASE,
        "rates": Rates(),
        "makers": makers,
        "max_text_chars": MAX_TEXT,
    }
    return list(generate(n, **(named | changes)))


@cache
def large_feed() -> tuple[RenderedRecord, ...]:
    """Return a feed of N posts whose ledger also tells the personal data.

    It is made once, for tests that only read it.
    """
    return tuple(make(with_canaries=True))
