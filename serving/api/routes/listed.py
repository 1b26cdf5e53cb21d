"""List all routers, in the order of the OpenAPI document. Add a new resource here."""

from fastapi import APIRouter

from serving.api.routes import (
    ingest,
    jobs,
    keys,
    moved,
    operation,
    posts,
    quality,
    query,
    sentiment,
)

ROUTERS: tuple[APIRouter, ...] = (
    sentiment.router,
    jobs.router,
    ingest.router,
    query.router,
    posts.router,
    quality.router,
    keys.router,
    operation.router,
    moved.router,
)
