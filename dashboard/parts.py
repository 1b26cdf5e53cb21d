"""Make the parts of a page as HTML. All values from the API are escaped and shown as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import urlsplit

from dashboard.figures import Change, count, percent
from dashboard.look import SIGNS
from dashboard.names import platform_name
from dashboard.periods import moment, read

_ARROWS = {1: "▲", -1: "▼"}
_WORDS = {1: "up", -1: "down"}
_WITHHELD = '<p class="es-withheld">This post may not be shown: its platform does not allow it.</p>'
# Other control characters would be lost or break the page.
_SPACES = "\t\n"


def text(value: Any) -> str:
    """Return a value as text, escaped for HTML."""
    shown = "".join(sign for sign in str(value) if sign >= " " or sign in _SPACES)
    return escape(shown, quote=True)


@dataclass(frozen=True, slots=True)
class Tile:
    """A key figure: its name and value, and either its change or a note."""

    name: str
    value: str
    change: Change | None = None
    note: str = ""


def tiles(shown: Sequence[Tile], *, compared_with: str = "") -> str:
    """Return key figures side by side, and below them the period that changes compare with."""
    below = line(compared_with) if compared_with else ""
    return f'<dl class="es-tiles">{"".join(map(_tile, shown))}</dl>{below}'


def _tile(tile: Tile) -> str:
    return (
        f'<div class="es-tile"><dt>{text(tile.name)}</dt>'
        f'<dd class="es-value">{text(tile.value)}</dd>'
        f'<dd class="es-change">{_change(tile.change) or text(tile.note) or "&nbsp;"}</dd></div>'
    )


def _change(change: Change | None) -> str:
    if change is None:
        return ""
    if change.direction == 0:
        return "unchanged"
    way = change.direction
    return f'<span aria-hidden="true">{_ARROWS[way]}</span> {_WORDS[way]} {text(change.text)}'


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: its heading, the key of its values, and whether they are numbers."""

    name: str
    key: str
    is_number: bool = False


def table(columns: Sequence[Column], rows: Sequence[Mapping[str, str]], *, name: str) -> str:
    """Return a table of formatted values. A long one can be scrolled by keyboard."""
    head = "".join(f'<th scope="col"{_side(column)}>{text(column.name)}</th>' for column in columns)
    body = "".join(
        "<tr>"
        + "".join(f"<td{_side(column)}>{text(row.get(column.key, ''))}</td>" for column in columns)
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="es-table-box" tabindex="0" role="region" aria-label="{text(name)}">'
        f'<table class="es-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _side(column: Column) -> str:
    return ' class="es-number"' if column.is_number else ""


def heading(title: str, below: str = "") -> str:
    """Return a page's title and the line below it."""
    line = f'<p class="es-muted">{text(below)}</p>' if below else ""
    return f'<h1 class="es-title">{text(title)}</h1>{line}'


def panel_heading(title: str, below: str = "") -> str:
    """Return the title of a part of a page."""
    line = f'<p class="es-muted">{text(below)}</p>' if below else ""
    return f'<h2 class="es-panel">{text(title)}</h2>{line}'


def line(words: str) -> str:
    """Return one line in a muted colour."""
    return f'<p class="es-muted">{text(words)}</p>'


def state(title: str, words: str, commands: Sequence[str] = (), after: str = "") -> str:
    """Return a message in place of figures: a title, the cause, and commands to run."""
    lines = "".join(f"<p><code>{text(command)}</code></p>" for command in commands)
    end = f'<p class="es-muted">{text(after)}</p>' if after else ""
    first = f"<h2>{text(title)}</h2><p>{text(words)}</p>"
    return f'<section class="es-state">{first}{lines}{end}</section>'


def posts(shown: Sequence[Mapping[str, Any]]) -> str:
    """Return posts, one below the other."""
    return "".join(map(_post, shown))


def _post(post: Mapping[str, Any]) -> str:
    parts = [f'<span class="es-name">{text(platform_name(post.get("platform") or ""))}</span>']
    if post.get("channel"):
        parts.append(f"<bdi>{text(post['channel'])}</bdi>")
    parts.append(f"<span>{text(_when(post))}</span>")
    parts.append(_chip(post))
    if address := safe_link(post.get("link")):
        parts.append(
            f'<a href="{text(address)}" target="_blank" rel="noopener noreferrer nofollow">'
            "open the post</a>"
        )
    return f'<article class="es-post"><header>{"".join(parts)}</header>{_words(post)}</article>'


def _words(post: Mapping[str, Any]) -> str:
    if not post.get("may_display"):
        return _WITHHELD
    title = (
        f'<p class="es-post-title" dir="auto">{text(post["title"])}</p>'
        if post.get("title")
        else ""
    )
    body = f'<p dir="auto">{text(post["text"])}</p>' if post.get("text") else ""
    return title + body or '<p class="es-withheld">A post without text.</p>'


def _chip(post: Mapping[str, Any]) -> str:
    label = post.get("label")
    if label not in SIGNS:
        return '<span class="es-chip">no label</span>'
    sure = post.get("confidence")
    how_sure = f", {percent(sure, digits=0)} sure" if sure is not None else ""
    return (
        f'<span class="es-chip es-{label}"><b aria-hidden="true">{SIGNS[label]}</b>'
        f" {label}{how_sure}</span>"
    )


def _when(post: Mapping[str, Any]) -> str:
    try:
        return f"{moment(read(post['posted_at']))} UTC"
    except (KeyError, TypeError, ValueError):
        return ""


def safe_link(address: Any) -> str:
    """Return the address if it is a plain http or https link, otherwise an empty text."""
    if not isinstance(address, str):
        return ""
    try:
        parts = urlsplit(address)
        is_safe = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return ""
    return address if is_safe and "@" not in parts.netloc else ""


def spent_bar(spent: float, limit: float) -> str:
    """Return the used share of a limit as a bar, with words for readers who cannot see it."""
    share = min(1.0, spent / limit) if limit else 0.0
    words = f"{percent(share)} used"
    return (
        f'<div class="es-bar" role="img" aria-label="{text(words)}">'
        f'<i style="width:{share * 100:.1f}%"></i></div>'
    )


def number(value: Any) -> str:
    """Write a count that may be missing."""
    return count(value) if isinstance(value, int | float) else count(None)
