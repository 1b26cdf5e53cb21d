"""Models that several answers share."""

from datetime import datetime
from typing import Annotated

import orjson
from pydantic import BaseModel, WithJsonSchema

in_utc = orjson.OPT_UTC_Z
Time = Annotated[datetime, WithJsonSchema({"type": "string", "format": "date-time"})]


class AsOf(BaseModel):
    """The versions of the tables that an answer comes from. A table without a commit has null."""

    gold_version: int | None
    silver_version: int | None
    committed_at: Time | None


class Completeness(BaseModel):
    """The share of the records of the last 24 hours that reached Silver, and what waits."""

    share: float | None
    lag_records: int | None
    quarantined: int
    last_batch_at: Time | None
