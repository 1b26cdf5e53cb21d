"""Map VADER's compound score to labels as obsei does, for comparison only.

The formula is that of obsei 0.0.15, obsei/analyzer/sentiment_analyzer.py, lines 43-55, at commit
cb61269ef91647e5334f0b67aaa0467802c5369a (2024-10-04). It has two shares that add up to 1, and no
neutral class. It is restated here, not copied.
"""


def shares(compound: float) -> tuple[float, float]:
    """Return the shares of positive and negative."""
    if compound >= 0:
        return compound, 1 - compound
    return 1 + compound, -compound


def label(compound: float) -> str:
    """Return the class with the larger share."""
    positive, negative = shares(compound)
    return "positive" if positive > negative else "negative"
