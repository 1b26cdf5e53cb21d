"""`echostream export`, `ropa`: what is held about a person, and the record of what is done with personal data."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.context import landing_of, settings_of
from foundation import clock
from foundation.errors import UsageError
from foundation.keys import PseudonymKey, canonical
from foundation.policies import policy_of
from foundation.settings import Settings

if TYPE_CHECKING:
    from serving.person_export import Account

_LEFT_OUT = (
    "Kafka, which holds for at most four days, and no longer than Bronze, what Bronze has seconds later",
    "posts of others that mention the person: they are theirs",
    "gold, which holds sums by hour and channel; a profile's channel has a pseudonym",
)


def export(
    context: typer.Context,
    platform: Annotated[str | None, typer.Option(help="reddit, x, …")] = None,
    author: Annotated[
        str | None, typer.Option(help="the account's id, as the platform's payloads give it")
    ] = None,
    subject: Annotated[
        Path | None,
        typer.Option(help="a person's accounts: a line each, platform and id, - for stdin"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="a new file that its owner alone can read; default: stdout")
    ] = None,
) -> None:
    """Write all that is held about a person as JSON, raw records included; for who may read the keys."""
    from foundation.key_sources import pseudonym_key  # noqa: PLC0415

    settings = settings_of(context)
    accounts = _accounts(platform, author, subject)
    key = pseudonym_key(settings)
    document = {
        "made_at": clock.now().isoformat(),
        "accounts": [_said(_about(settings, account, key)) for account in accounts],
        "left_out": _LEFT_OUT,
    }
    _write(json.dumps(document, ensure_ascii=False, indent=1) + "\n", out)


def ropa(
    context: typer.Context,
    format_: Annotated[Literal["markdown", "json"], typer.Option("--format")] = "markdown",
) -> None:
    """Write the record of processing (GDPR Art. 30), from the tables, the policies and the settings as they are."""
    from serving.ropa import as_markdown, record  # noqa: PLC0415  # with Spark's types, which are slow to load

    found = record(settings_of(context))
    print(
        json.dumps(found, ensure_ascii=False, indent=1) if format_ == "json" else as_markdown(found)
    )


def _accounts(platform: str | None, author: str | None, subject: Path | None) -> "list[Account]":
    from serving.person_export import Account  # noqa: PLC0415  # with Arrow, which is slow to load

    if (subject is None) == (platform is None and author is None) or (platform is None) != (
        author is None
    ):
        raise UsageError(
            "nobody is named", remedy="Give --platform and --author, or --subject FILE"
        )
    if subject is None:
        named = [(platform or "", author or "")]
    else:
        lines = [line.split(maxsplit=1) for line in _text(subject).splitlines() if line.strip()]
        if not lines or any(len(line) != 2 for line in lines):  # noqa: PLR2004  # platform and id
            raise UsageError(
                f"{subject} names no accounts", remedy="A line each: the platform, a space, the id"
            )
        named = [(name, account.strip()) for name, account in lines]
    return [Account(policy_of(name).platform, account) for name, account in named]


def _about(settings: Settings, account: "Account", key: PseudonymKey) -> dict[str, Any]:
    from ingestion.privacy.export import landed, seen  # noqa: PLC0415
    from ingestion.producer.build import store_place  # noqa: PLC0415
    from ingestion.state.store import IngestStore  # noqa: PLC0415
    from serving.person_export import find_person_data  # noqa: PLC0415

    held = find_person_data(settings, account, key)
    with IngestStore(
        store_place(settings), owner=settings.owner, platform=account.platform
    ) as store:
        sightings = seen(
            store,
            account.author_id,
            held.post_keys,
            key=key,
            owner=settings.owner,
            platform=account.platform,
        )
    policy = policy_of(account.platform)
    return {
        "platform": account.platform,
        "id": account.author_id,
        "pseudonym": key.pseudonym(
            settings.owner, account.platform, "author", canonical(account.author_id)
        ),
        "used_for": policy.uses,
        "kept": {field: asdict(keep) for field, keep in policy.keep.items()},
        "tables": held.rows,
        "producers": {
            "sightings": sightings,
            "landing": landed(landing_of(settings, account.platform), account.author_id),
        },
    }


def _said(about: dict[str, Any]) -> dict[str, Any]:
    """The same; what was found goes to the terminal in numbers, for a name in place of an id finds nothing."""
    found = {
        name: len(rows)
        for part in (about["tables"], about["producers"])
        for name, rows in part.items()
    }
    counts = ", ".join(f"{name} {count:,}" for name, count in found.items() if count)
    nothing = (
        "nothing is held under this id; the name that is shown is often another (docs/retention.md)"
    )
    print(f"{about['platform']}: {counts or nothing}", file=sys.stderr)
    return about


def _text(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"{file} cannot be read", remedy="It must be text in UTF-8") from None


def _write(text: str, out: Path | None) -> None:
    if out is None:
        sys.stdout.write(text)
        return
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UsageError(
            f"{out} cannot be made: {error.strerror}", remedy="Name a new file"
        ) from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
