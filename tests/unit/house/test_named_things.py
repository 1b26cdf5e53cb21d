"""A page names only commands, options, make targets, settings and metrics that exist."""

import re
from itertools import chain
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from pydantic import BaseModel
from typer.main import get_command

from cli.lazy import LazyCommand
from cli.main import app
from cli.table import API_KEYS, CHECKPOINT, COMMANDS, KEYS
from foundation.settings import Settings
from ingestion.metrics import Telemetry
from serving.api.metrics import Metrics

ROOT = Path(__file__).resolve().parents[3]
PAGES = [
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")),
    "README.md",
    "CONTRIBUTING.md",
]
GROUPS = {"keys": KEYS, "api-keys": API_KEYS, "checkpoint": CHECKPOINT}
FENCED = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
CALL = re.compile(r"(?:^|[\s/(;|])echostream(?: --[a-z-]+(?: [^\s-]\S*)?)*((?: [a-z][a-z-]*)+)(.*)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
TARGET = re.compile(r"(?:^|[\s;&])make ([a-z][a-z-]*)")
# Files, and Spark's own settings, whose names begin like one of our sections.
NOT_SETTINGS = re.compile(
    r"spark\.(sql|jars$|log|hadoop|databricks)|[a-z]+\.(log|py|toml|key|jsonl)$"
)


def listed():
    named = {command.name: command for command in chain(*COMMANDS.values())}
    for group, members in GROUPS.items():
        named |= {f"{group} {member.name}": member for member in members}
    return named


COMMANDS_BY_NAME = listed()
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
GLOBAL = {name for param in get_command(app).params for name in param.opts} | {"--help"}


def pieces(page):
    """Yield the lines of code blocks without comments, and code in sentences."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for block in FENCED.findall(text):
        yield from (re.sub(r"\s+#.*", "", line) for line in block.splitlines())
    yield from CODE.findall(FENCED.sub("", text))


def options_of(name):
    loaded = LazyCommand(COMMANDS_BY_NAME[name]).loaded()
    return {option for param in loaded.params for option in (*param.opts, *param.secondary_opts)}


def unknown_in(call):
    """Return the command or options in a call of echostream that do not exist."""
    words = call[1].split()
    name = " ".join(words[:2]) if words[0] in GROUPS else words[0]
    if name in GROUPS:  # a group alone, as in a sentence
        return []
    if name not in COMMANDS_BY_NAME:
        return [f"echostream {name}"]
    known = options_of(name) | GLOBAL
    return [f"{name} {option}" for option in OPTION.findall(call[2]) if option not in known]


@pytest.mark.parametrize("page", PAGES)
def test_each_command_and_option_that_a_page_names_exists(page):
    calls = (call for piece in pieces(page) for call in CALL.finditer(piece))
    assert [wrong for call in calls for wrong in unknown_in(call)] == []


@pytest.mark.parametrize("page", PAGES)
def test_each_target_of_make_that_a_page_names_exists(page):
    named = {name for piece in pieces(page) for name in TARGET.findall(piece)}
    assert sorted(named - TARGETS) == []


def is_setting(name):
    model = Settings
    for part in name.split("."):
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            return True  # an entry of a table
        if part not in model.model_fields:
            return False
        model = model.model_fields[part].annotation
    return True


def metrics():
    """Return the names of the metrics of the API and a producer, as Prometheus reads them."""
    registry = CollectorRegistry()
    registry.register(Telemetry("mastodon"))
    texts = (Metrics().text(), generate_latest(registry))
    return {name for text in texts for name in re.findall(r"^# TYPE (\S+)", text.decode(), re.M)}


@pytest.mark.parametrize("page", PAGES)
def test_each_metric_that_a_page_names_exists(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"\bechostream_(?:api|ingest)_\w+", text))
    assert sorted(named - metrics()) == []


@pytest.mark.parametrize("page", PAGES)
def test_each_setting_that_a_page_names_exists(page):
    text = FENCED.sub("", (ROOT / page).read_text(encoding="utf-8"))
    sections = "|".join(Settings.model_fields)
    names = [
        name
        for name in CODE.findall(text)
        if re.fullmatch(rf"({sections})(\.[a-z][a-z0-9_]*)+", name) and not NOT_SETTINGS.match(name)
    ]
    assert [name for name in names if not is_setting(name)] == []
