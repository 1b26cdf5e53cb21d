"""The objects that all routes share. A route gets them by `services_of(request)`."""

import asyncio
from dataclasses import dataclass, field

from fastapi import Request

from foundation.settings import Settings
from serving.api.access_log import AccessLog
from serving.api.auth import Authenticator, Caller, Gatekeeper
from serving.api.children import Children
from serving.api.lake import Lake
from serving.api.limits import RateLimiter
from serving.api.metrics import Metrics
from serving.api.scoring import Scoring
from serving.api.sealed import Seals
from tenancy.database import Database
from tenancy.usage import UsageCounter


@dataclass
class Services:
    """The shared objects of one process, and its state."""

    settings: Settings
    database: Database
    gatekeeper: Gatekeeper
    authenticator: Authenticator
    limiter: RateLimiter
    metrics: Metrics
    scoring: Scoring
    lake: Lake
    seals: Seals
    usage: UsageCounter
    children: Children
    access_log: AccessLog
    in_flight: int = 0
    ingesting: int = 0  # requests of /v1/ingest among them
    is_stopping: bool = False
    failure: Exception | None = None  # of loading; it ends the server
    is_loaded: asyncio.Event = field(default_factory=asyncio.Event)


def services_of(request: Request) -> Services:
    """Return the shared objects of the application that handles a request."""
    found: Services = request.app.state.services
    return found


def caller_of(request: Request) -> Caller:
    """Return the caller of a request."""
    found: Caller = request.scope["state"]["caller"]
    return found
