"""Shapes that several answers have, as the document of all routes shows them."""

from datetime import datetime
from typing import Annotated

import orjson
from pydantic import BaseModel, WithJsonSchema

in_utc = orjson.OPT_UTC_Z
Time = Annotated[datetime, WithJsonSchema({"type": "string", "format": "date-time"})]


class AsOf(BaseModel):
    """The versions of tables that an answer reflects; null before there are any."""

    gold_version: int | None
    silver_version: int | None
    committed_at: Time | None


class Completeness(BaseModel):
    """How much of what came in a day is in the lake."""

    share: float | None
    lag_records: int | None
    quarantined: int
    last_batch_at: Time | None
