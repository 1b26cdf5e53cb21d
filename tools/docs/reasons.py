"""Generate docs/reference/reasons.md from schemas/reasons.py."""

import re
from pathlib import Path

from schemas import reasons
from schemas.reasons import Fate, Reason, Unscored
from tools.docs.markdown import page, sentence, table
from tools.docs.meanings import comments_of_members

_INTRO = """\
This page explains the codes in the tables: why a record is in \
[quarantine](../concepts/glossary.md#quarantine), why a post has no label, and what became of each \
record.

These lists are closed: a job uses no other code. A record that cannot be used never stops a \
query. It goes to [`quarantine.posts`](tables.md#quarantineposts) with the stage that failed and a \
reason, and the records around it are processed normally. After an upgrade that corrects a rule, \
`echostream replay-quarantine` applies today's rules to it."""


def reasons_page() -> str:
    """Return the page of reasons and fates as Markdown."""
    source = Path(str(reasons.__file__))
    comments = comments_of_members(source)
    lines = [
        "## Why a record is in quarantine",
        "",
        f"Version of the rules: {reasons.RULE_VERSION}.",
        "",
    ]
    stages = _stages(source)
    rows = [
        (f"`{code.value}`", stages[code.name], sentence(comments["Reason"][code.name]))
        for code in Reason
    ]
    lines += [*table(("reason", "stage", "meaning"), rows), ""]
    lines += ["## Why a post has no label", "", "`sentiment.reason` in `silver.posts`:", ""]
    rows = [(f"`{code.value}`", "", sentence(comments["Unscored"][code.name])) for code in Unscored]
    lines += [*table(("reason", "meaning"), [(code, text) for code, _, text in rows]), ""]
    lines += [
        "## What became of a record",
        "",
        "Each record has exactly one [fate](../concepts/glossary.md#fate).",
        "",
    ]
    fates = [(f"`{code.value}`", sentence(comments["Fate"][code.name])) for code in Fate]
    lines += table(("fate", "meaning"), fates)
    return page("Reasons and fates", _INTRO, lines)


def unexplained() -> list[str]:
    """Return the codes without a comment, for a test."""
    comments = comments_of_members(Path(str(reasons.__file__)))
    return [
        f"{kind.__name__}.{code.name}"
        for kind in (Reason, Unscored, Fate)
        for code in kind
        if not comments[kind.__name__].get(code.name)
    ]


def _stages(source: Path) -> dict[str, str]:
    """Return each reason's stage. A comment above the first reason of a stage names it."""
    stages: dict[str, str] = {}
    stage = ""
    for line in source.read_text(encoding="utf-8").splitlines():
        if found := re.search(r'# stage "(\w+)"', line):
            stage = found[1]
        if member := re.match(r"\s+([A-Z0-9_]+) = ", line):
            stages[member[1]] = stage
    return stages
