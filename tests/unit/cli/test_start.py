"""Commands load what they need: help and refusals wait for nothing that is slow."""

import json
import subprocess
import sys

import pyarrow as pa
import pytest
from deltalake import write_deltalake

# Modules that take a tenth of a second or more to load. typer itself takes pydantic where a command
# has options, and rich for help.
SLOW = {
    "boto3",
    "confluent_kafka",
    "deltalake",
    "duckdb",
    "foundation.settings",
    "numpy",
    "pandas",
    "psutil",
    "pyarrow",
    "pydantic",
    "pyspark",
    "rich",
    "sqlalchemy",
    "starlette",
    "transforms.pii.sanitizer",
}
# Of each, what it may load. They run in one process, so what one has loaded is there for the next.
COMMAND_LINES: list[tuple[list[str], set[str]]] = [
    (["nothing"], {"pydantic"}),
    (["--nothing"], {"pydantic"}),
    (["sql"], {"pydantic"}),
    (["sql", "SELECT 1", "--nothing"], {"pydantic"}),
    (["sql", "SELECT 1", "--format", "xml"], {"pydantic"}),
    (["run", "--jobs", "none"], {"pydantic"}),
    (["checkpoint", "reset", "none"], {"pydantic"}),
    (["replay-quarantine", "--reason", "none"], {"pydantic"}),
    (["rebuild", "bronze"], {"pydantic"}),
    (["compact", "--nothing"], {"pydantic"}),
    (["rescore", "--rows-per-commit", "0"], {"pydantic"}),
    (["erase", "--platform", "x"], {"pydantic"}),
    (["ingest", "none"], {"pydantic"}),
    (["load", "none"], {"pydantic"}),
    (["receipts", "--nothing"], {"pydantic"}),
    (["verify-erasure"], {"pydantic"}),
    (["serve", "--nothing"], {"pydantic"}),
    (["score", "--nothing"], {"pydantic"}),
    (["scrub", "--nothing"], {"pydantic"}),
    (["scrub", "--fields", "text"], {"pydantic", "rich"}),
    (["train", "--labels", "none.csv", "--language", "x"], {"pydantic", "rich"}),
    (["--help"], {"pydantic", "rich"}),
    *(
        ([command, "--help"], {"pydantic", "rich"})
        for command in ("run", "ingest", "score", "train", "calibrate", "scrub", "sql", "serve")
    ),
    (
        ["sql", "SELECT sum(posts) FROM gold.hourly"],
        {"deltalake", "duckdb", "foundation.settings", "pydantic", "rich"},
    ),
]
RUN = """
import json
import sys
from typer.testing import CliRunner
from cli.main import app
home, slow, lines = json.loads(sys.stdin.read())
for line in lines:
    done = CliRunner().invoke(app, ["--home", home, *line] if line[0] == "sql" else line)
    print(json.dumps([done.exit_code, sorted(set(slow) & set(sys.modules))]))
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    write_deltalake(str(home / "lake/gold/hourly"), pa.table({"posts": [1, 2]}))
    asked = [str(home), sorted(SLOW), [line for line, _ in COMMAND_LINES]]
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return list(map(json.loads, done.stdout.splitlines()))


@pytest.mark.parametrize(
    "number", range(len(COMMAND_LINES)), ids=lambda at: " ".join(COMMAND_LINES[at][0])
)
def test_a_command_loads_what_it_needs(loaded, number):
    line, may = COMMAND_LINES[number]
    exit_code, has = loaded[number]
    assert (exit_code == 0) == (line[-1] == "--help" or line[-1].startswith("SELECT sum"))
    assert set(has) <= may
