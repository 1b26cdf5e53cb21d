"""The runbook has an entry for each class of error, and none for a class that is not there."""

import inspect
import re
from functools import cache
from pathlib import Path

import pytest

from foundation import errors
from foundation.errors import EchoStreamError

ROOT = Path(__file__).resolve().parents[3]
(RUNBOOK,) = (ROOT / "docs").rglob("runbook.md")
ENTRY = re.compile(r"^(#{2,3}) `(\w+)`\n+(.*?)(?=^#{2,3} |\Z)", re.MULTILINE | re.DOTALL)
ENTRIES = [(level, name, text) for level, name, text in ENTRY.findall(RUNBOOK.read_text("utf-8"))]
SEEN = re.compile(r"\*\*You see:\*\*.*?(?=^- )", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`]+)`")
SPLIT = re.compile(r'"\s*\n\s*f?"')
SHORTEST = 3
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


@cache
def messages():
    """Return the text of all modules, with multi-line strings joined."""
    folders = sorted({path.parent for path in ROOT.glob("*/__init__.py")} - {ROOT / "tests"})
    files = [path for folder in folders for path in folder.rglob("*.py")]
    return SPLIT.sub("", "\n".join(path.read_text(encoding="utf-8") for path in files))


@pytest.mark.parametrize(("name", "text"), [entry[1:] for entry in ENTRIES])
def test_what_one_sees_is_what_the_code_says(name, text):
    quoted = CODE.findall(SEEN.search(text)[0]) if SEEN.search(text) else []
    pieces = [
        " ".join(piece.split())
        for quote in quoted
        for piece in re.split(r"…|\bv\d\S*|\b\d+\b", quote)
    ]
    words = [piece.strip(" ,.:") for piece in pieces if len(piece.strip(" ,.:")) > SHORTEST]
    assert [piece for piece in words if piece not in messages()] == []


def test_the_modules_own_list_names_each_class():
    assert [name for name in CLASSES if name not in (errors.__doc__ or "")] == []
