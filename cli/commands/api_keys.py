"""`echostream api-keys`."""

from datetime import timedelta
from typing import Annotated

import typer

from cli.context import settings_of
from foundation.errors import UsageError
from tenancy.api_keys import KeyRecord, Scope, create_key, list_keys, revoke_key
from tenancy.database import Database
from tenancy.tenants import DEFAULT_TENANT


def create(
    context: typer.Context,
    name: Annotated[str, typer.Option(help="what the key is for")],
    scope: Annotated[list[str], typer.Option(help=f"one or more of {', '.join(Scope)}")],
    expires_days: Annotated[
        int | None, typer.Option(min=1, help="the key ends by itself; default: never")
    ] = None,
) -> None:
    """Make an API key; it is shown once."""
    days = timedelta(days=expires_days) if expires_days else None
    record, key = create_key(
        _database(context), DEFAULT_TENANT, name=name, scopes=scope, expires_in=days
    )
    print(f"id      {record.key_id}")
    print(f"scopes  {' '.join(record.scopes)}")
    print(f"key     {key}")
    print("It is shown this once; only its hash is kept.")


def list_(context: typer.Context) -> None:
    """Show all API keys, without their secrets."""
    for record in list_keys(_database(context), DEFAULT_TENANT):
        print(_line(record))


def revoke(
    context: typer.Context,
    key: Annotated[str, typer.Argument(help="the key's id or prefix, as `list` shows them")],
) -> None:
    """Revoke an API key; a running API refuses it within a minute."""
    if not revoke_key(_database(context), DEFAULT_TENANT, key):
        raise UsageError("no such key", remedy="`echostream api-keys list` shows them")
    print("revoked")


def _database(context: typer.Context) -> Database:
    return Database(settings_of(context).control_database)


def _line(record: KeyRecord) -> str:
    state = "valid"
    if record.revoked_at:
        state = f"revoked {record.revoked_at:%Y-%m-%d}"
    elif record.expires_at:
        state = f"until {record.expires_at:%Y-%m-%d}"
    used = f"{record.last_used_at:%Y-%m-%d}" if record.last_used_at else "never"
    scopes = " ".join(record.scopes)
    return f"{record.key_id}  es_{record.prefix}_…  {state}  used {used}  {scopes}  {record.name}"
