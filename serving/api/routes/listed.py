"""All resources, in the order of the documentation. A new one is a file and a line here."""

from fastapi import APIRouter

from serving.api.routes import keys, moved, operation, sentiment

ROUTERS: tuple[APIRouter, ...] = (
    sentiment.router,
    keys.router,
    operation.router,
    moved.router,
)
