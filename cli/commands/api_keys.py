"""`echostream api-keys`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Annotated

import typer

from cli.context import settings_of
from foundation import clock
from foundation.errors import UsageError
from tenancy.api_keys import KeyRecord, Scope, create_key, list_keys, revoke_key
from tenancy.database import Database
from tenancy.tenants import DEFAULT_TENANT


def create(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="what the key is for")],
    scope: Annotated[list[str], typer.Option(help=f"one of {', '.join(Scope)}; may be repeated")],
    expires_days: Annotated[
        int | None, typer.Option(min=1, help="days until the key expires; default: never")
    ] = None,
) -> None:
    """Make an API key; it is shown once."""
    days = timedelta(days=expires_days) if expires_days else None
    with _database(context) as database:
        record, key = create_key(database, DEFAULT_TENANT, name=name, scopes=scope, expires_in=days)
    print(f"id      {record.key_id}")
    print(f"scopes  {' '.join(record.scopes)}")
    print(f"key     {key}")
    print("It is shown this once; only its hash is kept.")


def list_(context: typer.Context) -> None:
    """Show all API keys, without their secrets."""
    with _database(context) as database:
        records = list_keys(database, DEFAULT_TENANT)
    for record in records:
        print(_line(record))
    if not records:
        print("none; `echostream api-keys create` makes one", file=sys.stderr)


def revoke(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="the key's id or prefix, as `list` shows them")],
) -> None:
    """Revoke an API key; a running API refuses it within a minute."""
    with _database(context) as database:
        is_known = revoke_key(database, DEFAULT_TENANT, key)
    if not is_known:
        raise UsageError("no such key", remedy="`echostream api-keys list` shows them")
    print("revoked")


@contextmanager
def _database(context: typer.Context) -> Iterator[Database]:
    database = Database(settings_of(context).control_database)
    try:
        yield database
    finally:
        database.close()


def _line(record: KeyRecord) -> str:
    state = "valid"
    if record.revoked_at:
        state = f"revoked {record.revoked_at:%Y-%m-%d}"
    elif record.expires_at:
        state = "until" if record.expires_at > clock.now() else "expired"
        state += f" {record.expires_at:%Y-%m-%d}"
    used = f"{record.last_used_at:%Y-%m-%d}" if record.last_used_at else "never"
    scopes = " ".join(record.scopes)
    return f"{record.key_id}  es_{record.prefix}_…  {state}  used {used}  {scopes}  {record.name}"
