"""Alembic's migrations of the control plane's tables. `tenancy.database` runs them."""
