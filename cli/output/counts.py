"""Lines of a command's summary."""

from collections import Counter


def print_counts(title: str, counts: "Counter[str]") -> None:
    """Print a total, and the parts that it is made of."""
    parts = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    print(f"{title:<9} {counts.total()}{f': {parts}' if parts else ''}")
