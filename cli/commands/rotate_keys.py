"""`echostream keys rotate`."""

import typer

from batch.rotate_keys import Rekeyed
from batch.run import rotate_keys
from cli.context import settings_of
from foundation.key_sources import pseudonym_source


def rotate(context: typer.Context) -> None:
    """Bring the lake to a new pseudonym key, or end a rotation that was begun.

    The streams must be stopped, producers need not.
    """
    settings = settings_of(context)
    rotation = rotate_keys(settings, _print_table)
    if pseudonym_source(settings).key_id() == rotation.key_id:
        print(
            f"{rotation.key_id} is in use; producers take it when they are started again,"
            " older records are brought forward"
        )
    else:
        print(f"set keys.id to {rotation.key_id}; until then nothing else starts on this lake")


def _print_table(done: Rekeyed) -> None:
    rows = "done before" if done.rows is None else f"{done.rows:,} rows"
    print(f"{done.table}: {rows}", flush=True)
