"""The events on a simulated platform: posts over time, their edits and deletes, and faults."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from foundation.conf_files import read_toml
from foundation.errors import SettingsError
from ingestion.generator.sentences import FEATURES, PRODUCTS, SENTENCES, TIMES

SECOND = 1_000_000
_PAST_S = 60.0  # a scenario without a length has happened in the seconds before its start
_AUTHORS = 40
_SUBJECT_EVERY = 3
_ODD = (" Tom & Jerry <3", " \N{SMILING FACE WITH SMILING EYES}", '\n\nP.S. "it\'s" fine > ok', "")

FaultKind = Literal[
    "status", "html", "not_json", "half", "silence", "empty", "schema", "close", "null"
]
Defect = Literal["no_id", "time_as_text", "huge"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something goes wrong with answers or frames.

    Attributes:
        kind: status, html, not_json, half (broken off), silence (no answer), empty, schema (another
            form), close (of a stream), null.
        after: good answers or frames before the first.
        times: how many in a row.
        status: of the kind `status`.
        seconds: of the kind `silence`.
    """

    kind: FaultKind
    after: int = 0
    times: int = 1
    status: int = 503
    seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """The plot.

    Attributes:
        posts: how many are made.
        seed: the same seed makes the same posts.
        seconds: over which it happens from the start on; 0: all of it has happened just before.
        edits: share of the posts that are edited once.
        deletes: share of the posts that are deleted.
        author_deletes: authors whose account is deleted at the end, where the platform tells.
        spoiled: what is wrong with how many posts, each created once more than `posts` says.
        window_s: how far back the platform can be asked.
        depth: how many items a listing shows, where that is limited.
        limit: requests within `limit_window_s`.
        faults: what goes wrong, in order.
        subjects: what one post in three is about; the others are about made-up products.
    """

    posts: int = 200
    seed: int = 1
    seconds: float = 0.0
    edits: float = 0.03
    deletes: float = 0.03
    author_deletes: int = 0
    spoiled: tuple[Defect, ...] = ()
    window_s: float = 36 * 3600.0
    depth: int = 1000
    limit: int = 300
    limit_window_s: float = 300.0
    faults: tuple[Fault, ...] = ()
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class ScenarioEvent:
    """A post is created, edited or deleted, or an author leaves; `at` is µs since 1970."""

    at: int
    number: int  # the post's, from 1; where an author leaves, the author's
    kind: Literal["create", "edit", "delete", "leave"]
    author: int
    text: str
    defect: Defect | None = None


def timeline(scenario: Scenario, start: int) -> list[ScenarioEvent]:
    """Return everything that happens, in order; no two events have the same time."""
    rng = random.Random(scenario.seed)  # noqa: S311  # made posts, no secrets
    span = int((scenario.seconds or _PAST_S) * SECOND)
    first = start if scenario.seconds else start - span
    step = max(2, span // (2 * max(1, scenario.posts)))
    events = []
    for number in range(1, scenario.posts + 1):
        author = rng.randrange(_AUTHORS)
        at = first + (number - 1) * step
        text = _text(rng, number, scenario.subjects)
        events.append(ScenarioEvent(at, number, "create", author, text))
        sooner, later = sorted(
            first + span - SECOND // 10 - rng.randrange(max(1, span // 2)) for _ in range(2)
        )
        edited_at = max(sooner, at + 1)
        deleted_at = max(later, at + 2)
        if rng.random() < scenario.edits:
            events.append(ScenarioEvent(edited_at, number, "edit", author, f"{text} Edited once."))
        if rng.random() < scenario.deletes:
            events.append(ScenarioEvent(deleted_at, number, "delete", author, ""))
    for index, defect in enumerate(scenario.spoiled):
        number = scenario.posts + 1 + index
        events.append(
            ScenarioEvent(
                first + step // 2 + index, number, "create", 0, _text(rng, number), defect
            )
        )
    for author in range(min(scenario.author_deletes, _AUTHORS)):
        events.append(ScenarioEvent(first + span - 10 + author, author, "leave", author, ""))
    return sorted(events)


def final_texts(events: list[ScenarioEvent]) -> dict[int, str]:
    """Return the texts that remain at the end, by number; posts with a defect do not count."""
    posts: dict[int, ScenarioEvent] = {}
    for event in events:
        if event.kind == "leave":
            posts = {number: post for number, post in posts.items() if post.author != event.author}
        elif event.kind == "delete":
            posts.pop(event.number, None)
        elif event.defect is None:
            posts[event.number] = event
    return {number: post.text for number, post in posts.items()}


def load_scenario(file: Path) -> Scenario:
    """Load a scenario from a TOML file, with `[[faults]]`.

    Raises:
        SettingsError: a name is unknown or a value is of another type.
    """
    values = read_toml(file)
    faults = values.pop("faults", [])
    if not isinstance(faults, list):
        raise SettingsError(f"{file}: faults is no list", remedy="Write [[faults]] with kind = …")
    return Scenario(
        **_checked(file, Scenario, values),
        faults=tuple(Fault(**_checked(file, Fault, f)) for f in faults),
    )


def _checked(file: Path, kind: type[Scenario | Fault], values: Mapping[str, Any]) -> dict[str, Any]:
    known = {field.name for field in fields(kind)}
    if wrong := sorted(set(values) - known):
        raise SettingsError(
            f"{file}: {wrong[0]} is unknown", remedy="Known: " + ", ".join(sorted(known))
        )
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items()
    }


def _text(rng: random.Random, number: int, subjects: tuple[str, ...] = ()) -> str:
    mood = rng.choice(tuple(SENTENCES))
    products = subjects if subjects and number % _SUBJECT_EVERY == 0 else PRODUCTS
    sentence = rng.choice(SENTENCES[mood]).format(
        p=rng.choice(products), f=rng.choice(FEATURES), w=rng.choice(TIMES)
    )
    return f"{sentence} No. {number}.{rng.choice(_ODD)}"
