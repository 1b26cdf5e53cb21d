"""PIVOT without a list of values: DuckDB makes two statements of it, and serializes neither.

With a value behind each column it is one SELECT, whose tree shows all that the statement names.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

_PIVOT = {"PIVOT", "PIVOT_WIDER"}
_ENDS_THE_COLUMNS = {
    "EXCEPT",
    "GROUP",
    "INTERSECT",
    "LIMIT",
    "OFFSET",
    "ORDER",
    "UNION",
    "USING",
}
_TOKEN = re.compile(
    r"""(?P<skipped>\s+|--[^\n]*|/\*.*?\*/)
    |e'(?:[^'\\]|\\.|'')*'
    |'(?:[^']|'')*'
    |"(?:[^"]|"")*"
    |\$(?P<tag>\w*)\$.*?\$(?P=tag)\$
    |\w+
    |.""",
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int
    depth: int  # how many brackets it is in; a bracket itself is outside of its own


@dataclass(frozen=True, slots=True)
class StaticPivot:
    """A statement whose columns of PIVOT have a list of values.

    Attributes:
        sql: the statement.
        value: the one in the lists; no other part of the statement has it.
        lists: how many there are.
    """

    sql: str
    value: str
    lists: int


def with_values(sql: str) -> StaticPivot:
    """Return a statement with a list of one value for each column of PIVOT that has none."""
    tokens = list(_tokens(sql))
    columns = {
        column
        for at, token in enumerate(tokens)
        if token.text in _PIVOT
        for column in _columns_without_lists(tokens, at)
    }
    value = "value"
    while value in sql:
        value += "_"
    for start, end in sorted(columns, reverse=True):  # none is within another
        sql = f"{sql[:start]}({sql[start:end]}\n) IN ('{value}')\n{sql[end:]}"
    return StaticPivot(sql, value, len(columns))


def _tokens(sql: str) -> Iterator[_Token]:
    depth = 0
    for found in _TOKEN.finditer(sql):
        if found["skipped"]:
            continue
        text = found[0].upper()
        depth -= text == ")"
        yield _Token(text, found.start(), found.end(), depth)
        depth += text == "("


def _columns_without_lists(tokens: list[_Token], pivot: int) -> Iterator[tuple[int, int]]:
    """Yield where each column of the PIVOT at that place begins and ends that has no list."""
    depth = tokens[pivot].depth
    rest = takewhile(lambda token: token.depth >= depth, tokens[pivot + 1 :])
    own = [token for token in rest if token.depth == depth]
    texts = [token.text for token in own]
    if "ON" not in texts:
        return
    last_on = len(texts) - texts[::-1].index("ON")  # earlier ones are of joins
    column: list[_Token] = []
    for token in takewhile(lambda token: token.text not in _ENDS_THE_COLUMNS, own[last_on:]):
        if token.text in {",", ";"}:
            yield from _without_list(column)
            column = []
        else:
            column.append(token)
    yield from _without_list(column)


def _without_list(column: list[_Token]) -> Iterator[tuple[int, int]]:
    if column and all(token.text != "IN" for token in column):
        yield column[0].start, column[-1].end
