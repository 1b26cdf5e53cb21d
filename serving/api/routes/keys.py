"""`/v1/keys`: the tenant's API keys. Only the answer that creates a key shows its secret."""

import asyncio
import hashlib
from datetime import datetime, timedelta
from typing import Annotated

import orjson
from fastapi import Path, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from serving.api.once import once
from serving.api.problems import not_found
from serving.api.resource import resource
from serving.api.schemas import In
from serving.api.services import caller_of, services_of
from tenancy.api_keys import KeyRecord, Scope, create_key, list_keys, revoke_key

router = resource(Scope.ADMIN, tags=["keys"])
_MAX_DAYS = 3_650


class KeyIn(In):
    """A key to create."""

    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    expires_days: Annotated[int | None, Field(ge=1, le=_MAX_DAYS)] = None


class KeyOut(BaseModel):
    """A key without its secret."""

    id: str
    name: str
    prefix: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class KeyMade(KeyOut):
    """A new key. Its secret `key` is null if the request repeats an earlier one."""

    key: str | None


class KeysOut(BaseModel):
    """All keys of the tenant."""

    keys: list[KeyOut]


@router.get("/v1/keys")
async def all_keys(request: Request) -> KeysOut:
    """Return the tenant's keys, including revoked ones."""
    records = await asyncio.to_thread(
        list_keys, services_of(request).database, caller_of(request).tenant
    )
    return KeysOut(keys=[KeyOut(**_told(record)) for record in records])


@router.post("/v1/keys", status_code=201, response_model=KeyMade)
async def make(request: Request, body: KeyIn) -> Response:
    """Create a key. Only this answer contains its secret."""
    fingerprint = hashlib.sha256(body.model_dump_json().encode()).digest()

    async def work() -> Response:
        record, key = await asyncio.to_thread(
            create_key,
            services_of(request).database,
            caller_of(request).tenant,
            name=body.name,
            scopes=body.scopes,
            expires_in=timedelta(days=body.expires_days) if body.expires_days else None,
        )
        made = KeyMade(**_told(record), key=key)
        location = {"Location": f"/v1/keys/{record.key_id}"}
        return Response(
            made.model_dump_json(), 201, headers=location, media_type="application/json"
        )

    return await once(request, fingerprint, work, replayed=_without_secret)


@router.delete("/v1/keys/{key_id}", status_code=204)
async def revoke(request: Request, key_id: Annotated[str, Path(max_length=40)]) -> Response:
    """Revoke a key. Other processes refuse it within a minute."""
    services = services_of(request)
    found = await asyncio.to_thread(
        revoke_key, services.database, caller_of(request).tenant, key_id
    )
    if not found:
        raise not_found("There is no such key")
    services.authenticator.forget()
    return Response(status_code=204)


def _told(record: KeyRecord) -> dict[str, object]:
    return {
        "id": record.key_id,
        "name": record.name,
        "prefix": record.prefix,
        "scopes": [*record.scopes],
        "created_at": record.created_at,
        "expires_at": record.expires_at,
        "last_used_at": record.last_used_at,
        "revoked_at": record.revoked_at,
    }


def _without_secret(body: bytes) -> bytes:
    return orjson.dumps(orjson.loads(body) | {"key": None})
