"""Create the tables of tenants, API keys, signing keys, idempotency and usage."""

import sqlalchemy as sa
from alembic import op

from foundation import clock
from tenancy.models import UtcTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and the tenant `default`."""
    tenants = op.create_table(
        "tenants",
        sa.Column("tenant_id", sa.String(63), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("deleted_at", UtcTime()),
    )
    op.create_table(
        "api_keys",
        _tenant(),
        sa.Column("key_id", sa.String(40), primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("prefix", sa.String(8), nullable=False, unique=True),
        sa.Column("sha256", sa.LargeBinary(32), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
        sa.Column("expires_at", UtcTime()),
        sa.Column("last_used_at", UtcTime()),
        sa.Column("revoked_at", UtcTime()),
    )
    op.create_table(
        "signing_keys",
        _tenant(),
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("secret", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", UtcTime(), nullable=False),
    )
    op.create_table(
        "idempotency",
        _tenant(),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("route", sa.String(100), primary_key=True),
        sa.Column("body_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("headers", sa.JSON()),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("expires_at", UtcTime(), nullable=False),
    )
    op.create_index("ix_idempotency_expires_at", "idempotency", ["expires_at"])
    op.create_table(
        "usage",
        _tenant(),
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("name", sa.String(60), primary_key=True),
        sa.Column("used", sa.BigInteger(), nullable=False),
    )
    op.bulk_insert(
        tenants, [{"tenant_id": "default", "name": "default", "created_at": clock.now()}]
    )


def _tenant() -> "sa.Column[str]":
    return sa.Column(
        "tenant_id", sa.String(63), sa.ForeignKey("tenants.tenant_id"), primary_key=True
    )
