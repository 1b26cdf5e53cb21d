"""Only two files read the wall clock: the product's clock and the tests' clock."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from foundation import clock
from ingestion.generator.run import last_full_hour
from tests.support.clock import BASE, going_on_from

ROOT = Path(__file__).parents[3]
MAY = (
    Path("foundation/clock.py"),
    Path("tests/support/clock.py"),
    Path("dashboard/clock.py"),
)
NO_SOURCES = ("build", "dist", "jars")
# These names suffice, whatever the name of their class.
METHODS = {"now", "utcnow", "today"}
FUNCTIONS = {
    f"time.{name}"
    for name in ("time", "time_ns", "localtime", "gmtime", "ctime", "strftime", "asctime")
}
# A test replaces these and never calls them.
OURS = {f"foundation.clock.{name}" for name in ("now", "micros", "file_s")}
MAY_ASK = re.compile(r"\b(now|utcnow|today|time|clock)\b")  # other files need no parsing
MODULES = {"datetime", "time", "foundation.clock"}


class Names(dict[str, str]):
    """The meaning of a file's names, by its imports and plain assignments."""

    def __init__(self, tree: ast.AST) -> None:
        super().__init__()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for each in node.names:
                    whole = each.name if each.asname else each.name.partition(".")[0]
                    self[each.asname or whole] = whole
            elif isinstance(node, ast.ImportFrom) and node.module:
                for each in node.names:
                    self[each.asname or each.name] = f"{node.module}.{each.name}"
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                found = self.of(node.value)
                if found.partition(".")[0] in MODULES:
                    self[node.targets[0].id] = found

    def of(self, node: ast.AST) -> str:
        """Return the dotted name of an expression."""
        if isinstance(node, ast.Name):
            return self.get(node.id, "")
        if isinstance(node, ast.Attribute):
            return f"{self.of(node.value)}.{node.attr}"
        if _is_getattr(node):
            return f"{self.of(node.args[0])}.{node.args[1].value}"
        return ""


def _is_getattr(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "getattr"
        and len(node.args) > 1
        and isinstance(node.args[1], ast.Constant)
    )


def asked(source: str, *, is_test: bool) -> Iterator[int]:
    """Yield the lines that read the wall clock."""
    tree = ast.parse(source)
    names = Names(tree)
    refused = FUNCTIONS | OURS if is_test else FUNCTIONS
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in MODULES:
            if any(
                each.name == "*" or f"{node.module}.{each.name}" in refused for each in node.names
            ):
                yield node.lineno
        elif isinstance(node, ast.Attribute) or _is_getattr(node):
            found = names.of(node)
            is_ours = found in OURS
            if found in refused or (found.rpartition(".")[2] in METHODS and not is_ours):
                yield node.lineno


def sources(is_test: bool) -> list[Path]:
    """Return our files of tests, or all others."""
    folders = [each for each in ROOT.iterdir() if each.is_dir() and not each.name.startswith(".")]
    mine = [
        each
        for each in folders
        if (each.name == "tests") is is_test and each.name not in NO_SOURCES
    ]
    files = (file.relative_to(ROOT) for folder in mine for file in folder.rglob("*.py"))
    return sorted(file for file in files if file not in MAY)


@pytest.mark.parametrize("is_test", [True, False], ids=["tests", "product"])
def test_no_other_file_asks(is_test):
    files = sources(is_test)
    assert len(files) > 100
    found = [f"{file}:{line}" for file in files for line in lines_of(file, is_test=is_test)]
    assert not found, (
        "take the time from the data, a parameter, foundation/clock.py or tests/support/clock.py:"
        f" {found}"
    )


def lines_of(file: Path, *, is_test: bool) -> list[int]:
    source = (ROOT / file).read_text(encoding="utf-8")
    return sorted(set(asked(source, is_test=is_test))) if MAY_ASK.search(source) else []


FORMS = {
    "datetime": "from datetime import UTC, datetime\nx = datetime.now(UTC)",
    "its default factory": "from datetime import datetime\nx = field(default_factory=datetime.now)",
    "without a zone": "import datetime\nx = datetime.datetime.now()",
    "module by another name": "import datetime as dt\nx = dt.datetime.utcnow()",
    "class by another name": "from datetime import datetime as moment\nx = moment.today()",
    "date": "from datetime import date\nx = date.today()",
    "date by another name": "from datetime import date as day\nx = day.today()",
    "module's date": "import datetime as d\nx = d.date.today()",
    "assigned": "import datetime\nD = datetime.datetime\nx = D.now()",
    "by way of another module": "from tests.support import feeds\nx = feeds.datetime.now(UTC)",
    "of an instance's class": "x = type(moment).now(UTC)",
    "getattr": "from datetime import datetime\nx = getattr(datetime, 'now')()",
    "time": "import time\nx = time.time()",
    "time by another name": "import time as t\nx = t.time()",
    "time assigned": "import time\nt = time\nx = t.time()",
    "the function": "from time import time\nx = time()",
    "the function by another name": "from time import time as wall\nx = wall()",
    "nanoseconds": "import time\nx = time.time_ns() // 1000",
    "the function of nanoseconds": "from time import time_ns as ns\nx = ns()",
    "all of a module": "from time import *\nx = time()",
    "within a function": "def now():\n    import time\n    return time.time()",
    "the zone's": "import time\nx = time.localtime()",
    "Spark's": "import pandas as pd\nx = pd.Timestamp.now()",
}
INNOCENT = {
    "of the data": "from datetime import UTC, datetime\nx = datetime(2026, 1, 2, tzinfo=UTC)",
    "from numbers": "from datetime import UTC, datetime\nx = datetime.fromtimestamp(0, UTC)",
    "durations": "import time\nx = time.monotonic() - time.perf_counter()\ntime.sleep(0)",
    "a time of day": "from datetime import UTC, datetime, time\n"
    "x = datetime(2026, 1, 2, tzinfo=UTC).time(), time(3)",
    "another clock in its stead": "from foundation import clock\n"
    "patch.setattr(clock, 'now', lambda: x)",
}


@pytest.mark.parametrize("source", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("is_test", [True, False], ids=["tests", "product"])
def test_each_form_is_found(source, is_test):
    assert MAY_ASK.search(source)
    assert list(asked(source, is_test=is_test))


@pytest.mark.parametrize("source", INNOCENT.values(), ids=INNOCENT)
def test_what_asks_no_clock_may_stay(source):
    assert not list(asked(source, is_test=True))


@pytest.mark.parametrize("name", ["now", "micros", "file_s"])
def test_only_the_product_asks_the_products_clock(name):
    source = f"from foundation import clock\nx = clock.{name}()"
    assert list(asked(source, is_test=True)) == [2]
    assert not list(asked(source, is_test=False))
    assert list(asked(f"from foundation.clock import {name}\nx = {name}()", is_test=True)) == [1]


def test_the_clock_can_be_put(monkeypatch):
    monkeypatch.setattr(clock, "now", going_on_from(BASE.replace(minute=59)))
    assert last_full_hour() == BASE


def test_the_present_moves_in_commands_too():
    asks = (
        "from foundation import clock; "
        "print(int(clock.now().timestamp()), clock.micros() // 10**6, clock.file_s())"
    )
    path = os.pathsep.join([str(ROOT / "tests" / "calendar"), str(ROOT)])
    env = os.environ | {"PYTHONPATH": path}

    def told(shift_s: int) -> list[float]:
        command = [sys.executable, "-c", asks]
        env["TEST_CLOCK_SHIFT_S"] = str(shift_s)
        done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
        return [float(each) for each in done.stdout.split()]

    day_s = 86_400
    late_s = 3_600  # the machine may be slow
    before = told(0)
    after = told(400 * day_s)
    moved = [there - here for here, there in zip(before, after, strict=True)]
    assert moved == pytest.approx([400 * day_s, 400 * day_s, 0], abs=late_s)
