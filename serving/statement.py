"""Refuse a statement of a user that names files: the lake's own hold rows that tables hide."""

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb

from foundation.errors import QueryError

# Functions that give rows and read no file; those that describe DuckDB itself follow by prefix.
_HARMLESS = {"generate_series", "json_each", "json_tree", "range", "repeat", "repeat_row", "unnest"}
_OF_ITSELF = ("duckdb_", "pragma_")
_OF_A_PATH = re.compile(r"[/\\.*?:\[]")
_PARQUET = "parquet"  # "x".parquet is the file x.parquet
_COMMENT = r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*"
_EXPLAIN = re.compile(
    rf"{_COMMENT}EXPLAIN\b{_COMMENT}(?:ANALYZE\b)?{_COMMENT}(?:\([^)]*\))?",
    re.IGNORECASE | re.DOTALL,
)


def demand_no_files(connection: duckdb.DuckDBPyConnection, sql: str) -> None:
    """Refuse a reading statement that names anything but tables.

    Args:
        connection: parses it, and does not run it.
        sql: one statement that reads.

    Raises:
        QueryError: it names a file, or a function that may read one.
    """
    explained = _EXPLAIN.match(sql)
    tree = _tree(connection, sql[explained.end() :] if explained else sql)
    ctes = {name.lower() for node in _nodes(tree) for name in _ctes(node)}
    for node in _nodes(tree):
        match node.get("type"):
            case "TABLE_FUNCTION" if not _is_harmless(node["function"]["function_name"]):
                raise only_tables()
            case "BASE_TABLE" if _is_a_file(node["qualified_name"]["path"], ctes):
                raise only_tables()
            case _:
                pass


def only_tables() -> QueryError:
    """Return the error for a statement that would read something else."""
    return QueryError(
        "a query reads the lake's tables and nothing else", remedy="Name tables, not files"
    )


def _tree(connection: duckdb.DuckDBPyConnection, sql: str) -> Any:
    ((text,),) = connection.execute("SELECT json_serialize_sql($sql)", {"sql": sql}).fetchall()
    tree = json.loads(text)
    if tree["error"]:
        raise QueryError(tree["error_message"].splitlines()[0], remedy="Mend the query")
    return tree


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of the tree, without recursion: a statement may be deep."""
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
    # A name may stand for a file outside the brackets in which it is a CTE's.
    if len(path) == 1 and name in ctes and "/" not in name and _PARQUET not in name:
        return False
    return any(_OF_A_PATH.search(name) for name in path) or (len(path) > 1 and name == _PARQUET)
