"""What Alembic runs: the migrations, in the transaction that `assistant.database.migrate` opened."""

from alembic import context

from assistant.database import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
