"""Generate docs/reference/commands.md from the commands' options and docstrings."""

import inspect
import re
import typing
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

from typer.main import get_command

from cli.lazy import Command, LazyCommand
from cli.main import app
from cli.table import API_KEYS, CHECKPOINT, COMMANDS, KEYS
from tools.docs.markdown import page, table

_INTRO = """\
This page lists every command with its options. `echostream COMMAND --help` shows the same.

Exit codes: 0 done, 1 the work failed, 2 wrong use or settings. An error is one line that says \
what is wrong and what to do. It ends with the name of its entry in the \
[runbook](../operate/runbook.md)."""
_VALUES = {int: "NUMBER", float: "NUMBER", Path: "PATH"}
_GROUPS = {"keys": KEYS, "api-keys": API_KEYS, "checkpoint": CHECKPOINT}


def commands_page() -> str:
    """Return the page of all commands as Markdown."""
    lines = ["## Options of all commands", "", "They stand before the command's name.", ""]
    lines += [*_options(get_command(app).params), ""]
    for panel, listed in COMMANDS.items():
        lines += [f"## {panel}", ""]
        for command in listed:
            if not command.replaced_by:
                lines += _command(command, "echostream")
        for name, members in _GROUPS.items():
            if _panel_of(name) == panel:
                for command in members:
                    lines += _command(command, f"echostream {name}")
    return page("Commands", _INTRO, lines)


def _panel_of(group: str) -> str:
    shown = get_command(app).commands[group]  # type: ignore[attr-defined]  # the app is a group
    return str(shown.rich_help_panel)


def _command(command: Command, prefix: str) -> Iterator[str]:
    loaded = LazyCommand(command).loaded()
    arguments = [param for param in loaded.params if param.param_type_name == "argument"]
    options = [param for param in loaded.params if param.param_type_name == "option"]
    usage = [prefix, command.name, *(_usage(argument) for argument in arguments)]
    yield f"### `{prefix} {command.name}`"
    yield ""
    yield inspect.cleandoc(loaded.help or command.help)
    yield ""
    yield "```"
    yield " ".join([*usage, "[OPTIONS]"] if options else usage)
    yield "```"
    yield ""
    explained = [argument for argument in arguments if argument.help]
    if explained or options:
        yield from _options([*explained, *options])
        yield ""


def _usage(argument: Any) -> str:
    name = argument.name.upper() + ("…" if argument.nargs == -1 else "")
    return name if argument.required else f"[{name}]"


def _options(params: list[Any]) -> list[str]:
    rows = [
        (_names(param), "; ".join(filter(None, (_plain(param.help or ""), _default(param)))))
        for param in params
        if param.name not in ("help",)
    ]
    return table(("option", "meaning"), rows) if rows else []


def _names(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"`{param.name.upper()}`"
    names = ", ".join([*param.opts, *param.secondary_opts])
    if param.is_flag:
        return f"`{names}`"
    return f"`{names} {_value(param)}`"


def _value(param: Any) -> str:
    if param.metavar:
        return str(param.metavar)
    annotation = param.type_descriptor.annotation
    if typing.get_origin(annotation) is typing.Literal:
        return "|".join(typing.get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return "|".join(member.value for member in annotation)
    return _VALUES.get(annotation, "TEXT")


def _default(param: Any) -> str:
    if param.required:
        return "required"
    value = param.default
    if value in (None, False, (), [], "") or callable(value):
        return ""
    return f"default `{getattr(value, 'value', value)}`"


def _plain(text: str) -> str:
    """Return a help text as one line, with <…> as code, since Markdown would read it as HTML."""
    return re.sub(r"<([^>]*)>", r"`<\1>`", " ".join(text.split()))
