"""Generate docs/reference/tables.md from schemas/tables.py."""

from collections.abc import Iterator
from pathlib import Path

from pyspark.sql.types import DataType, StructType

from foundation.folder_modes import READERS
from foundation.policies import policies
from schemas import tables
from schemas.tables import Table
from serving.views import views
from tools.docs.markdown import page, sentence, table
from tools.docs.meanings import comments_of_members

_INTRO = """\
This page lists every table with its columns, and who may read it.

All tables are Delta tables. `echostream sql` reads them with DuckDB's SQL, under the names on \
this page. The columns `at`, `offset` and `table` are words of SQL: write them in double quotes. \
Times are UTC. A [pseudonym](../concepts/glossary.md#pseudonym) is `v1:` and 26 letters and \
digits; nobody can tell without the [key](../operate/keys.md) whose it is.

Mean sentiment of a group in Gold is `sum(compound_sum) / 1e4 / sum(posts - unscored)`. Distinct \
authors do not add up over groups: an author who writes in two hours is one in each."""
_TITLES = {
    "bronze.posts": ("BRONZE_POSTS", "One row is a record of Kafka as it was received."),
    "silver.posts": ("SILVER_POSTS", "One row is a live post in its current version."),
    "silver.tombstones": ("SILVER_TOMBSTONES", "One row is a delete that blocks a post or author."),
    "quarantine.posts": ("QUARANTINE_POSTS", "One row is a record that a job could not use."),
    "gold.sentiment_hourly": (
        "GOLD_SENTIMENT_HOURLY",
        "One row is an hour of a channel of a platform. Every commit names the version of Silver"
        " that it equals.",
    ),
    "ops.batches": (
        "ops_batches",
        "One row is a batch of a job. `consumed` is the sum of the seven fates `new` to"
        " `quarantined` in every batch of bronze_to_silver. The name is a view over one table per"
        " job, `ops.batches.<job>`.",
    ),
    "ops.erasures": (
        "ops_erasures",
        "One row is a signed step of an erasure; `echostream receipts` folds them. The name is a"
        " view over one table per job, `ops.erasures.<job>`.",
    ),
}


def tables_page() -> str:
    """Return the page of all tables and views as Markdown."""
    comments = comments_of_members(Path(str(tables.__file__)))
    lines: list[str] = []
    for name, (source, intro) in _TITLES.items():
        lines += _table(name, _table_of(name), intro, comments[source])
    lines += ["## The structure `sentiment`", ""]
    fields = [
        (f"`{field}`", sentence(comments["SENTIMENT"][field])) for field in tables.SENTIMENT.names
    ]
    lines += [*table(("field", "meaning"), fields), ""]
    lines += ["## Views", "", "`echostream sql` and restricted readers have these as well.", ""]
    rows = [
        (f"`{name}`", f"`{view.base}`", f"`{view.where}`")
        for name, view in views(policies(), 5).items()
    ]
    lines += table(("view", "of", "rows (with the settings and policies that ship)"), rows)
    return page("Tables", _INTRO, lines)


def uncommented() -> list[str]:
    """Return the columns without a comment, for a test."""
    comments = comments_of_members(Path(str(tables.__file__)))
    return [
        f"{name}.{column}"
        for name, (source, _) in _TITLES.items()
        for column in _table_of(name).columns
        if not comments[source].get(column)
    ]


def described() -> set[str]:
    """Return the names of the tables that have a section, for a test."""
    return {_table_of(name).name for name in _TITLES}


def _table_of(name: str) -> Table:
    by_name = {known.name: known for known in tables.TABLES}
    return by_name.get(name) or by_name[f"{name}.{tables.JOBS[0]}"]


def _table(name: str, known: Table, intro: str, comments: dict[str, str]) -> Iterator[str]:
    yield f"## `{name}`"
    yield ""
    yield intro
    yield ""
    yield f"Key: {_listed(known.key)}. Partitions: {_listed(known.partition_by)}. Read by: " + (
        f"{READERS[name.partition('.')[0]]}."
    )
    yield ""
    rows = [
        (f"`{field.name}`", f"`{_type(field.dataType)}`", sentence(comments[field.name]))
        for field in known.schema.fields
    ]
    yield from table(("column", "type", "meaning"), rows)
    yield ""


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _type(kind: DataType) -> str:
    """Return the SQL type, with spaces between the fields of a structure, so that it wraps."""
    if isinstance(kind, StructType):
        return "struct<" + ", ".join(kind.names) + ">"
    return kind.simpleString().replace(",", ", ")
