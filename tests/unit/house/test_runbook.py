"""The runbook has an entry for each class of error, and none for a class that is not there."""

import inspect
import re
from pathlib import Path

import pytest

from foundation import errors
from foundation.errors import EchoStreamError

ROOT = Path(__file__).resolve().parents[3]
(RUNBOOK,) = (ROOT / "docs").rglob("runbook.md")
ENTRY = re.compile(r"^(#{2,3}) `(\w+)`\n+(.*?)(?=^#{2,3} |\Z)", re.MULTILINE | re.DOTALL)
ENTRIES = [(level, name, text) for level, name, text in ENTRY.findall(RUNBOOK.read_text("utf-8"))]
CLASSES = {
    name: kind
    for name, kind in vars(errors).items()
    if inspect.isclass(kind) and issubclass(kind, EchoStreamError)
}


def test_each_class_has_one_entry_and_each_entry_its_class():
    assert sorted(name for _, name, _ in ENTRIES) == sorted(CLASSES)


@pytest.mark.parametrize(("name", "text"), [entry[1:] for entry in ENTRIES if entry[0] == "###"])
def test_an_entry_says_what_one_sees_why_what_is_safe_and_what_to_do(name, text):
    for part in ("**You see:**", "**Why:**", "**Safe:**", "**Do:**"):
        assert part in text, name


@pytest.mark.parametrize("name", [entry[1] for entry in ENTRIES if entry[0] == "###"])
def test_an_entry_stands_below_its_base(name):
    names = [(level, entry) for level, entry, _ in ENTRIES]
    above = [entry for level, entry in names[: names.index(("###", name))] if level == "##"]
    assert issubclass(CLASSES[name], CLASSES[above[-1]])


def test_the_modules_own_list_names_each_class():
    assert [name for name in CLASSES if name not in (errors.__doc__ or "")] == []
