"""Refuse a user's statement that does more than read tables.

A statement may not name files either, since the lake's files hold rows that are deleted.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import duckdb

from foundation.errors import QueryError
from serving.pivot import with_values
from serving.reader.parts import one_line

_SELECT = duckdb.StatementType.SELECT
_EXPLAIN = duckdb.StatementType.EXPLAIN
_MULTI = duckdb.StatementType.MULTI
# Functions that return rows and read no file. Those that describe DuckDB itself have a prefix.
_HARMLESS = {"generate_series", "json_each", "json_tree", "range", "repeat", "repeat_row", "unnest"}
_OF_ITSELF = ("duckdb_", "pragma_")
_OF_A_PATH = re.compile(r"[/\\.*?:\[]")
_PARQUET = "parquet"  # "x".parquet is the file x.parquet
# A comment inside a comment does not match, because parsers disagree where the outer one ends.
_COMMENT = r"(?:\s|--[^\n\r]*(?:\r?\n|$)|/\*(?:(?!/\*|\*/).)*\*/)*"
_EXPLAINS = re.compile(
    rf"{_COMMENT}EXPLAIN\b{_COMMENT}(?:ANALYZE\b)?{_COMMENT}(?:\([^)]*\))?",
    re.IGNORECASE | re.DOTALL,
)
_SHOW_TABLES = re.compile(
    rf"{_COMMENT}SHOW\b{_COMMENT}(?:ALL\b{_COMMENT})?TABLES\b{_COMMENT};?{_COMMENT}",
    re.IGNORECASE | re.DOTALL,
)


def asks_for_tables(sql: str) -> bool:
    """Tell whether a statement is SHOW TABLES."""
    return _SHOW_TABLES.fullmatch(sql) is not None


def demand_one_read(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Refuse all but one statement that reads tables and nothing else.

    Args:
        connection: parses the statement without running it.
        sql: the statement.

    Raises:
        QueryError: it does not read, is several statements, or names a file or a function that may
            read one.
    """
    if _kinds(connection, sql) == [_MULTI]:
        tree = _tree_of_pivot(connection, sql)
    else:
        tree = _tree_of_read(connection, sql)
    _demand_no_files(tree)


def only_tables() -> QueryError:
    """Return the error for a statement that would read anything but tables."""
    return QueryError(
        "a query reads the lake's tables and nothing else", remedy="Name tables, not files"
    )


def _kinds(connection: duckdb.DuckDBPyConnection, sql: str) -> list[duckdb.StatementType]:
    try:
        return [statement.type for statement in connection.extract_statements(sql)]
    except duckdb.Error as error:
        raise QueryError(one_line(error), remedy="Mend the query") from None


def _demand_no_files(tree: Any) -> None:
    ctes = {name.lower() for node in _nodes(tree) for name in _ctes(node)}
    for node in _nodes(tree):
        match node.get("type"):
            case "TABLE_FUNCTION" if not _is_harmless(node["function"]["function_name"]):
                raise only_tables()
            case "BASE_TABLE" if _is_a_file(node["qualified_name"]["path"], ctes):
                raise only_tables()
            case _:
                pass


def _tree_of_read(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    kinds = _kinds(connection, sql)
    if kinds == [_SELECT]:
        return _tree(connection, sql)
    if kinds == [_EXPLAIN] and (explains := _EXPLAINS.match(sql)):
        return _tree(connection, sql[explains.end() :])
    raise QueryError(
        "only one statement that reads is answered",
        remedy="Begin with SELECT, WITH, FROM, PIVOT, DESCRIBE, SUMMARIZE, EXPLAIN or SHOW TABLES",
    )


def _tree_of_pivot(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """Return the tree of a PIVOT that takes its values from the data.

    DuckDB runs it as two statements and cannot serialize it. With a list of values it is one
    SELECT, which can be serialized.
    """
    pivot = with_values(sql)
    with suppress(QueryError):
        tree = _tree_of_read(connection, pivot.sql)
        if _uses(tree, pivot.value) == pivot.lists > 0:  # one list per column
            return tree
    raise QueryError(
        "this statement cannot be checked",
        remedy="List the values of a PIVOT, as in PIVOT … ON column IN ('a', 'b')",
    )


def _uses(tree: Any, value: str) -> int:
    """Return how often a text occurs in PIVOT's lists of values."""
    lists = [pivot["entries"] for node in _nodes(tree) for pivot in node.get("pivots") or []]
    return sum(node.get("text") == value for node in _nodes(lists))


def _tree(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    ((text,),) = connection.execute("SELECT json_serialize_sql($sql)", {"sql": sql}).fetchall()
    tree = json.loads(text)
    if tree["error"]:
        raise QueryError(tree["error_message"].splitlines()[0], remedy="Mend the query")
    return tree


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of the tree, without recursion, because a statement may be deep."""
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            yield node
            left.extend(node.values())
        elif isinstance(node, list):
            left.extend(node)


def _ctes(node: dict[str, Any]) -> list[str]:
    held = node.get("cte_map")
    return [entry["key"] for entry in held["map"]] if held else []


def _is_harmless(function: str) -> bool:
    return function.lower() in _HARMLESS or function.lower().startswith(_OF_ITSELF)


def _is_a_file(path: list[str], ctes: set[str]) -> bool:
    name = path[-1].lower()
    # Outside the brackets in which it is a CTE, the same name may mean a file.
    if len(path) == 1 and name in ctes and "/" not in name and _PARQUET not in name:
        return False
    return any(_OF_A_PATH.search(name) for name in path) or (len(path) > 1 and name == _PARQUET)
