"""`echostream keys show`, `new`: where the keys are, and new ones. No command shows a key."""

from pathlib import Path
from typing import Annotated

import typer

from cli.options import settings_of
from foundation.errors import EchoStreamError, UsageError

keys = typer.Typer(no_args_is_help=True, help="The pseudonym key and the payload key: where they are, and new ones.")


@keys.command()
def show(context: typer.Context) -> None:
    """Say of each key where it is and which one it is; ends with 1 where one that is needed cannot be had."""
    from foundation.key_sources import payload_place, pseudonym_place  # noqa: PLC0415

    settings = settings_of(context)
    missing = False
    for name, place_of, is_needed in (
        ("pseudonym", pseudonym_place, True),
        ("payload", payload_place, settings.payloads.encrypt),
    ):
        try:
            place = place_of(settings)
            print(f"{name}: {place.load().key_id}, {place.where}")
        except EchoStreamError as error:
            missing = missing or is_needed
            print(f"{name}: {error if is_needed else 'none, and payloads.encrypt is off'}")
    if missing:
        raise typer.Exit(1)


@keys.command()
def new(file: Annotated[Path, typer.Argument(help="where to put it; its fingerprint goes beside it")]) -> None:
    """Make a key in a file that nobody else can read; one that exists is never overwritten."""
    from foundation.keys import create_key  # noqa: PLC0415

    try:
        key = create_key(file)
    except FileExistsError:
        raise UsageError(f"{file} exists", remedy="Name another file: a key is never overwritten") from None
    print(f"{key.key_id}, {file}")
