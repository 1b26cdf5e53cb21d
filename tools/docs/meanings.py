"""Read the meanings of fields from their source: the docstring below or the comment beside."""

import ast
import io
import itertools
import tokenize
from pathlib import Path


def docstrings_of_fields(source: Path) -> dict[str, dict[str, str]]:
    """Return the strings below fields, by class and field.

    >>> docstrings_of_fields(Path("foundation/sections.py"))["KafkaSettings"]["timeout_s"]
    'Seconds to wait for an answer of a broker.'
    """
    tree = ast.parse(source.read_text(encoding="utf-8"))
    return {
        node.name: _docstrings(node.body) for node in tree.body if isinstance(node, ast.ClassDef)
    }


def comments_of_members(source: Path) -> dict[str, dict[str, str]]:
    """Return the comments beside or above members, by class, table or structure, and member."""
    text = source.read_text(encoding="utf-8")
    comments = _comments(text)
    found: dict[str, dict[str, str]] = {}
    for node in ast.parse(text).body:
        members = _members(node)
        if members:
            found[_name_of(node)] = {
                name: _comment_of(first, last, comments) for name, first, last in members
            }
    return found


def _docstrings(body: list[ast.stmt]) -> dict[str, str]:
    found: dict[str, str] = {}
    for field, below in itertools.pairwise(body):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            found[field.target.id] = " ".join(str(below.value.value).split())
    return found


def _name_of(node: ast.stmt) -> str:
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return node.targets[0].id
    return str(getattr(node, "name", ""))


def _members(node: ast.stmt) -> list[tuple[str, int, int]]:
    """Return name, first line and last line of each field of a class or column of a `_struct`."""
    if isinstance(node, ast.ClassDef):
        return [
            (target.id, field.lineno, field.end_lineno or field.lineno)
            for field in node.body
            if isinstance(field, (ast.Assign, ast.AnnAssign))
            for target in (field.targets if isinstance(field, ast.Assign) else [field.target])
            if isinstance(target, ast.Name)
        ]
    structures = [
        call
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "_struct"
    ]
    return [
        (column.arg, column.lineno, column.value.end_lineno or column.lineno)
        for call in structures
        for column in call.keywords
        if column.arg
    ]


def _comments(text: str) -> dict[int, tuple[str, bool]]:
    """Return the comment of each line, and whether the line has nothing else."""
    return {
        token.start[0]: (token.string.lstrip("# "), token.line.lstrip().startswith("#"))
        for token in tokenize.generate_tokens(io.StringIO(text).readline)
        if token.type == tokenize.COMMENT
    }


def _comment_of(first: int, last: int, comments: dict[int, tuple[str, bool]]) -> str:
    for line in range(first, last + 1):
        if line in comments:
            return comments[line][0]
    above: list[str] = []
    line = first - 1
    while line in comments and comments[line][1]:
        above.insert(0, comments[line][0])
        line -= 1
    return " ".join(above)
