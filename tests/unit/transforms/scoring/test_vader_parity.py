"""Our VADER equals vaderSentiment 3.3.2 by repr; benchmarks/vader_parity.py tries 200,000 texts.

Failures print places, never recorded texts.
"""

from functools import cache

import pytest

from benchmarks.vader_parity import DATA, differing, fuzzed, recorded
from transforms.scoring.vader_rules.rules import FastVader


@cache
def vader() -> FastVader:
    return FastVader()


@pytest.mark.parametrize("seed", range(4))
def test_fuzzed_texts(seed):
    assert differing(vader(), list(fuzzed(2_500, seed))) == []


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the recorded texts in ../shared/data")
def test_recorded_texts():
    texts = recorded()[::8]  # all of them take half a minute
    assert len(texts) > 25_000
    assert differing(vader(), texts) == []


def test_fuzzed_texts_differ_where_a_rule_does(monkeypatch):
    """Otherwise the comparison could not fail."""
    monkeypatch.setattr("transforms.scoring.vader_rules.words.NEGATION", -0.75)
    assert differing(FastVader(), list(fuzzed(500, 0)))
