"""`echostream export`."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.context import settings_of
from cli.input.plain_text import read_text
from cli.lake import landing_of
from foundation import clock
from foundation.errors import UsageError
from foundation.key_sources import pseudonym_key
from foundation.keys import PseudonymKey
from foundation.policies import policy_of
from foundation.settings import Settings
from ingestion.privacy.export import landed_answers_of, seen_posts_of
from ingestion.producer.build import store_location
from ingestion.state.store import IngestStore
from serving.person_export import Account, find_person_data

_LEFT_OUT = (
    "Kafka, which holds records for at most four days, and no longer than Bronze;"
    " Bronze has each of them seconds later",
    "posts of others that mention the person: they are theirs",
    "gold, which holds sums by hour and channel; a profile's channel has a pseudonym",
)
_NOTHING = (
    "nothing is held under this id; the name that is shown is often another"
    " (docs/privacy/retention.md)"
)


def export(
    context: typer.Context,
    platform: Annotated[str | None, typer.Option(help="of the author")] = None,
    author: Annotated[
        str | None, typer.Option(help="the account's id, as the platform's payloads give it")
    ] = None,
    subject: Annotated[
        Path | None,
        typer.Option(help="a file with an account per line: platform, space, id; - reads stdin"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="a new file that only you can read; default: standard output"),
    ] = None,
) -> None:
    """Write all stored data about a person as JSON, raw records included.

    The command needs the pseudonym key, and the payload key if payloads are encrypted. On
    standard error it says how much it found.
    """
    settings = settings_of(context)
    accounts = _accounts(platform, author, subject)
    key = pseudonym_key(settings)
    document = {
        "made_at": clock.now().isoformat(),
        "accounts": [_counted(_about(settings, account, key)) for account in accounts],
        "left_out": _LEFT_OUT,
    }
    _write(json.dumps(document, ensure_ascii=False, indent=1) + "\n", out)


def _accounts(platform: str | None, author: str | None, subject: Path | None) -> list[Account]:
    has_one = platform is not None and author is not None
    has_half = (platform is None) != (author is None)
    if has_half or has_one == (subject is not None):
        raise UsageError(
            "nobody is named", remedy="Give --platform and --author, or --subject FILE"
        )
    if subject is None:
        named = [(platform or "", author or "")]
    else:
        lines = [line.split(maxsplit=1) for line in read_text(subject).splitlines() if line.strip()]
        if not lines or any(len(line) != len(("platform", "id")) for line in lines):
            raise UsageError(
                f"{subject} names no accounts", remedy="A line each: the platform, a space, the id"
            )
        named = [(name, account.strip()) for name, account in lines]
    return [Account(policy_of(name).platform, account) for name, account in named]


def _about(settings: Settings, account: Account, key: PseudonymKey) -> dict[str, Any]:
    held = find_person_data(settings, account, key)
    with IngestStore(
        store_location(settings), owner=settings.owner, platform=account.platform
    ) as store:
        sightings = seen_posts_of(
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
        "pseudonym": key.author_key(settings.owner, account.platform, account.author_id),
        "used_for": policy.uses,
        "kept": {field: asdict(keep) for field, keep in policy.keep.items()},
        "tables": held.rows,
        "producers": {
            "sightings": sightings,
            "landing": landed_answers_of(landing_of(settings, account.platform), account.author_id),
        },
    }


def _counted(export: dict[str, Any]) -> dict[str, Any]:
    """Print the counts to the terminal, and return the export itself.

    A display name in place of an id finds nothing, which the counts show.
    """
    counts = {
        name: len(rows)
        for part in (export["tables"], export["producers"])
        for name, rows in part.items()
    }
    summary = ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)
    print(f"{export['platform']}: {summary or _NOTHING}", file=sys.stderr)
    return export


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
