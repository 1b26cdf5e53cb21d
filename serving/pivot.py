"""Give a PIVOT without a list of values one, so that `serving.statement` can check it.

DuckDB turns a PIVOT without a list into two statements and serializes neither. With a list of
values for each column it is one SELECT, whose tree has everything that the statement names.
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
    depth: int  # the number of brackets around it


@dataclass(frozen=True, slots=True)
class StaticPivot:
    """A statement in which each column of PIVOT has a list of values.

    Attributes:
        sql: the statement.
        value: the only value in the added lists. No other part of the statement has it.
        lists: the number of added lists.
    """

    sql: str
    value: str
    lists: int


def with_values(sql: str) -> StaticPivot:
    """Add a list of one value to each column of PIVOT that has no list."""
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
    for start, end in sorted(columns, reverse=True):  # they do not overlap
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
    """Yield start and end of each column without a list, of the PIVOT at this token."""
    depth = tokens[pivot].depth
    rest = takewhile(lambda token: token.depth >= depth, tokens[pivot + 1 :])
    own = [token for token in rest if token.depth == depth]
    texts = [token.text for token in own]
    if "ON" not in texts:
        return
    last_on = len(texts) - texts[::-1].index("ON")  # earlier ones belong to joins
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
