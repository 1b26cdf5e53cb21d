"""Write the parts of Markdown that the generated pages share."""

from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MADE = "<!-- Made by `make reference`; change the code it is made from instead. -->"


def page(title: str, intro: str, lines: Iterable[str]) -> str:
    """Return a whole page."""
    return "\n".join([MADE, "", f"# {title}", "", intro, "", *lines]).rstrip() + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table. A pipe inside a cell is escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in lines]


def sentence(comment: str) -> str:
    """Return a comment as a sentence.

    >>> sentence("when Kafka received the record")
    'When Kafka received the record.'
    """
    if not comment:
        return ""
    ended = comment if comment.endswith((".", "!", "?")) else f"{comment}."
    return ended[0].upper() + ended[1:]
