"""Run Alembic's migrations on the connection that `tenancy.database` has opened."""

from alembic import context

from tenancy.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite cannot change a column in place
    transaction_per_migration=False,
)
context.run_migrations()
