"""`echostream keys show`, `new`, `next`: where the keys are, and new ones.

No command shows a key.
"""

from pathlib import Path
from typing import Annotated

import typer

from cli.context import settings_of
from foundation.errors import EchoStreamError, UsageError
from foundation.key_sources import payload_source, pseudonym_source, receipt_source
from foundation.keys import PSEUDONYM_KEY, add_key, create_key


def show(context: typer.Context) -> None:
    """Show the fingerprint of each key, and where the key is.

    The exit code is 1 if a key that is needed cannot be read.
    """
    settings = settings_of(context)
    signs_by_file = settings.erasure.key.source == "file"
    missing = False
    for name, source_of, is_needed, why_not in (
        ("pseudonym", pseudonym_source, True, ""),
        ("payload", payload_source, settings.payloads.encrypt, "none, and payloads.encrypt is off"),
        ("receipt", receipt_source, not signs_by_file, "none; the first erasure makes it"),
    ):
        try:
            source = source_of(settings)
            print(f"{name}: {source.load().key_id}, {source.where}")
        except EchoStreamError as error:
            missing = missing or is_needed
            print(f"{name}: {error if is_needed else why_not}")
    if missing:
        raise typer.Exit(1)


def new(
    file: Annotated[Path, typer.Argument(help="the new file; its fingerprint goes beside it")],
) -> None:
    """Make a key in a new file that only you can read; an old file is never overwritten."""
    try:
        key = create_key(file)
    except FileExistsError:
        raise UsageError(
            f"{file} exists", remedy="Name another file: a key is never overwritten"
        ) from None
    print(f"{key.key_id}, {file}")


def next_version(
    file: Annotated[Path, typer.Argument(help="a file with the key's versions, as `new` makes it")],
) -> None:
    """Add a key of the next version to a file, to rotate a key that is kept at AWS."""
    print(f"{add_key(file, PSEUDONYM_KEY).key_id}, {file}")
