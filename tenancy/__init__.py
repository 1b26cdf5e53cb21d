"""The control plane: tenants, API keys, jobs, usage; SQLAlchemy on SQLite or PostgreSQL."""
