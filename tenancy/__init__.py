"""The control plane: tenants, API keys, jobs and usage, in SQLite or PostgreSQL."""
