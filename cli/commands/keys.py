"""`echostream keys show`, `new`, `next`, `rotate`: where the keys are, and new ones. No command shows a key."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.context import settings_of
from foundation.errors import EchoStreamError, UsageError

if TYPE_CHECKING:
    from batch.rotate_keys import Rekeyed

keys = typer.Typer(
    no_args_is_help=True,
    help="The pseudonym key and the payload key: where they are, and new ones.",
)


@keys.command()
def show(context: typer.Context) -> None:
    """Say of each key where it is and which one it is; ends with 1 where one that is needed cannot be had."""
    from foundation.key_sources import payload_source, pseudonym_source, receipt_source  # noqa: PLC0415

    settings = settings_of(context)
    missing = False
    for name, source_of, is_needed, why_not in (
        ("pseudonym", pseudonym_source, True, ""),
        ("payload", payload_source, settings.payloads.encrypt, "none, and payloads.encrypt is off"),
        (
            "receipt",
            receipt_source,
            settings.erasure.key.source != "file",
            "none; the first erasure makes it",
        ),
    ):
        try:
            source = source_of(settings)
            print(f"{name}: {source.load().key_id}, {source.where}")
        except EchoStreamError as error:
            missing = missing or is_needed
            print(f"{name}: {error if is_needed else why_not}")
    if missing:
        raise typer.Exit(1)


@keys.command()
def new(
    file: Annotated[Path, typer.Argument(help="where to put it; its fingerprint goes beside it")],
) -> None:
    """Make a key in a file that nobody else can read; one that exists is never overwritten."""
    from foundation.keys import create_key  # noqa: PLC0415

    try:
        key = create_key(file)
    except FileExistsError:
        raise UsageError(
            f"{file} exists", remedy="Name another file: a key is never overwritten"
        ) from None
    print(f"{key.key_id}, {file}")


@keys.command(name="next")
def next_version(
    file: Annotated[Path, typer.Argument(help="a file with the key's versions, as `new` makes it")],
) -> None:
    """Put a key of the next version behind those in a file, for a rotation where the keys are at AWS."""
    from foundation.keys import PSEUDONYM_KEY, add_key  # noqa: PLC0415

    print(f"{add_key(file, PSEUDONYM_KEY).key_id}, {file}")


@keys.command()
def rotate(context: typer.Context) -> None:
    """Bring the lake to a new pseudonym key, or end what was begun; the streams must be stopped, producers need not."""
    settings = settings_of(context)
    from batch.run import rotate_keys  # noqa: PLC0415  # with Spark's libraries, which are slow to load
    from foundation.key_sources import pseudonym_source  # noqa: PLC0415

    def say(done: "Rekeyed") -> None:
        print(
            f"{done.table}: {'done before' if done.rows is None else f'{done.rows:,} rows'}",
            flush=True,
        )

    done = rotate_keys(settings, say)
    if pseudonym_source(settings).key_id() == done.key_id:
        print(
            f"{done.key_id} is in use; producers take it when they are started again, older records are brought forward"
        )
    else:
        print(f"set keys.id to {done.key_id}; until then nothing else starts on this lake")
