"""Generate docs/reference/settings.md from the model of the settings."""

import typing
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union

import annotated_types
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from foundation import sections, settings
from tools.docs.markdown import page
from tools.docs.meanings import docstrings_of_fields

_INTRO = """\
This page lists every setting with its default and its name in the environment.

A setting comes from the first of these that names it: the command line, the environment, the \
file `conf/local.toml` or `--conf-file FILE`, the default. In the file, a section is a table: \
`[kafka]`. In the environment, two underscores stand between section and name. A list or a table \
is written there as JSON. EchoStream refuses a name that it does not know. A variable of your own \
deployment may begin with `ECHOSTREAM_X_`, which no setting reads.

Most people change few of them: `home`, `lake`, `kafka.bootstrap_servers`, `spark.master`, \
`spark.driver_memory`, `stream.trigger_s`, `scorer.name`, `keys.source`, `payloads.encrypt`, \
`api.host`."""
_HIDDEN = {"faults"}  # only fault tests use it
_NAMES = {
    int: "whole number",
    float: "number",
    bool: "`true` or `false`",
    str: "text",
    Path: "path",
    SecretStr: "text, never shown",
}
_BOUNDS = {
    annotated_types.Ge: ("ge", "at least"),
    annotated_types.Gt: ("gt", "more than"),
    annotated_types.Le: ("le", "at most"),
    annotated_types.Lt: ("lt", "less than"),
}


def settings_page() -> str:
    """Return the page of all settings as Markdown."""
    meanings = docstrings_of_fields(Path(str(sections.__file__)))
    meanings |= docstrings_of_fields(Path(str(settings.__file__)))
    lines = [*_section("General", "", settings.Settings, (), meanings)]
    for name, field in settings.Settings.model_fields.items():
        if name not in _HIDDEN and _is_section(field):
            lines += _sections(field.annotation, (name,), meanings)
    return page("Settings", _INTRO, lines)


def undocumented() -> list[str]:
    """Return the settings without a meaning, for a test."""
    meanings = docstrings_of_fields(Path(str(sections.__file__)))
    meanings |= docstrings_of_fields(Path(str(settings.__file__)))
    models = [getattr(sections, name, getattr(settings, name, None)) for name in meanings]
    return [
        f"{model.__name__}.{name}"
        for model in models
        if isinstance(model, type) and issubclass(model, BaseModel)
        for name, field in model.model_fields.items()
        if not _is_section(field) and not meanings[model.__name__].get(name)
    ]


def _sections(model: Any, path: tuple[str, ...], meanings: Any) -> Iterator[str]:
    yield from _section(".".join(path), model.__doc__, model, path, meanings)
    for name, field in model.model_fields.items():
        if not _is_section(field):
            continue
        if field.annotation is sections.KeySettings:
            yield from _key_section((*path, name))
        else:
            yield from _sections(field.annotation, (*path, name), meanings)


def _key_section(path: tuple[str, ...]) -> Iterator[str]:
    """Yield a section that refers to [keys](#keys), since all keys have the same settings."""
    name = ".".join(path)
    yield f"### `{name}.…`"
    yield ""
    yield f"Where this key is, by the same names as [`keys`](#keys): `{name}.source` and so on."
    yield ""


def _section(
    title: str, doc: str | None, model: type[BaseModel], path: tuple[str, ...], meanings: Any
) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    if doc:
        yield " ".join(doc.split())
        yield ""
    for name, field in model.model_fields.items():
        if _is_section(field):
            continue
        yield f"### `{'.'.join((*path, name))}`"
        yield ""
        yield meanings[model.__name__].get(name, "")
        yield ""
        variable = "ECHOSTREAM_" + "__".join(part.upper() for part in (*path, name))
        yield f"{_type(field)}; default {_default(field)}; `{variable}`"
        yield ""


def _is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is None or value in ("", (), {}):
        return "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, float):
        return f"`{value:g}`"
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{entry}"' for entry in value) + "]`"
    return f"`{value}`"


def _type(field: FieldInfo) -> str:
    kind = _kind(field.annotation)
    bounds = [
        f"{words} {getattr(bound, name):g}"
        for bound in field.metadata
        for class_, (name, words) in _BOUNDS.items()
        if isinstance(bound, class_)
    ]
    return f"{kind[0].upper()}{kind[1:]}" + (f", {', '.join(bounds)}" if bounds else "")


def _kind(annotation: Any) -> str:
    if annotation in _NAMES:
        return _NAMES[annotation]
    origin = typing.get_origin(annotation)
    inside = [argument for argument in typing.get_args(annotation) if argument is not NoneType]
    if origin is Literal:
        return "one of " + ", ".join(f"`{value}`" for value in inside)
    if origin in (Union, UnionType, typing.Annotated):
        return _kind(inside[0])
    if origin is tuple:
        return f"list of {_kind(inside[0])}"
    return "table of texts by name"
