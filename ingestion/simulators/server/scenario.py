"""Plan the events on a simulated platform: posts, edits, deletes, and faults of its answers."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from foundation.conf_files import read_toml
from foundation.errors import SettingsError
from ingestion.generator.sentences import FEATURES, PRODUCTS, SENTENCES, TIMES

SECOND = 1_000_000
_PAST_S = 60.0  # a scenario without a length happens in so many seconds before its start
_AUTHORS = 40
_SUBJECT_EVERY = 3
_ODD = (" Tom & Jerry <3", " \N{SMILING FACE WITH SMILING EYES}", '\n\nP.S. "it\'s" fine > ok', "")

FaultKind = Literal[
    "status", "html", "not_json", "half", "silence", "empty", "schema", "close", "null"
]
Defect = Literal["no_id", "time_as_text", "huge"]


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of answers or of a stream's frames.

    Attributes:
        kind: status, html, not_json, half (broken off), silence (no answer), empty, schema (another
            form), close (of a stream), null.
        after: the number of good answers or frames before it.
        times: the number of faults in a row.
        status: the HTTP status, for the kind `status`.
        seconds: the length, for the kind `silence`.
    """

    kind: FaultKind
    after: int = 0
    times: int = 1
    status: int = 503
    seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """The content of a simulation; `load_scenario` reads it from a file.

    Attributes:
        posts: the number of posts.
        seed: the same seed makes the same posts.
        seconds: the time from the start over which the events happen; 0: just before the start.
        edits: the share of posts that are edited once.
        deletes: the share of posts that are deleted.
        author_deletes: the number of authors that leave at the end, if the platform reports it.
        spoiled: a post with each of these defects is added.
        window_s: how far back the platform can be read.
        depth: the number of items that a limited listing shows.
        limit: the number of requests within `limit_window_s`.
        faults: the faults of its answers, in order.
        subjects: the subjects of one post in three; the others are about made-up products.
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
    number: int  # the post's number, from 1; for `leave` the author's
    kind: Literal["create", "edit", "delete", "leave"]
    author: int
    text: str
    defect: Defect | None = None


def timeline(scenario: Scenario, start: int) -> list[ScenarioEvent]:
    """Return all events of a scenario in the order of time; no two have the same time.

    `start` is in microseconds since 1970.
    """
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
    """Return the texts that remain at the end, by number, without posts that have a defect."""
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
        raise SettingsError(
            f"{file}: faults is not a list", remedy="Write [[faults]] with kind = …"
        )
    return Scenario(
        **_checked(file, Scenario, values),
        faults=tuple(Fault(**_checked(file, Fault, fault)) for fault in faults),
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
