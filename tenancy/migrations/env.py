"""Run Alembic's steps on the connection that `tenancy.database` holds."""

from alembic import context

from tenancy.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite changes no column in place
    transaction_per_migration=False,
)
context.run_migrations()
