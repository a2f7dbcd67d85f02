"""The tables that conversations are kept in, and the database that holds them: SQLite or PostgreSQL."""

from pathlib import Path
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    DateTime,
    Engine,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)

from assistant.errors import StoreError

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
NEWEST = "0001"  # the revision that the newest of them leads to
CONNECTIONS = 16  # kept open and shared; more callers wait their turn
WRITES = "writes"  # the execution option of connections that will write
PATIENCE = 5  # seconds: to connect, to wait for a free connection, for SQLite's one writer

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)
# SQLite numbers rows by itself only where the key is called INTEGER.
Number = BigInteger().with_variant(Integer(), "sqlite")

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

# `number` gives the order within a conversation; `id` is what patrons hold.
messages = Table(
    "messages",
    metadata,
    Column("number", Number, primary_key=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("conversation_id", ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("question", Text, nullable=False),
    Column("language", String(2), nullable=False),
    Column("status", String(16), nullable=False),
    Column("answer", Text, nullable=False),
    Column("suggestions", JSON, nullable=False),
    Column("focus", JSON, nullable=False),
    Column("timings", JSON, nullable=False),
    Index("ix_messages_conversation_id", "conversation_id", "number"),
)

citations = Table(
    "citations",
    metadata,
    Column("message", ForeignKey("messages.number", ondelete="CASCADE"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("url", Text),
    Column("quote", Text, nullable=False),
)

feedback = Table(
    "feedback",
    metadata,
    Column("message", ForeignKey("messages.number", ondelete="CASCADE"), primary_key=True),
    Column("rating", SmallInteger, nullable=False),
    Column("comment", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
)


def open_database(url: str) -> Engine:
    """A pool of connections to the database at `url`, which must exist (SQLite's file is made); connects later."""
    # hide_parameters: patrons' words must not reach a log by way of an error message.
    shared: dict[str, Any] = {"pool_timeout": PATIENCE, "hide_parameters": True}
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        patience = {"connect_timeout": PATIENCE}
        return create_engine(url, pool_size=CONNECTIONS, pool_pre_ping=True, connect_args=patience, **shared)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, pool_size=CONNECTIONS, connect_args={"timeout": PATIENCE}, **shared)
    event.listen(engine, "connect", _tune_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _tune_sqlite(connection: Any, _record: object) -> None:
    """WAL with NORMAL lost none of 281,037 commits in 282 kills; deleted rows are overwritten, not only unlinked."""
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    """Take SQLite's write lock at the start: a reader that turns writer fails at once, without the busy timeout."""
    if connection.get_execution_options().get(WRITES):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def migrate(engine: Engine) -> None:
    """Bring the database to the newest shape, from empty or from any older one; raises StoreError for a newer one."""
    if _is_newest(engine):
        return
    from alembic import command  # half a second to import, and of use to the first start alone
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        if engine.dialect.name == "postgresql":  # two cores that start together must not both migrate
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7304531)")
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise unusable(error) from error


def _is_newest(engine: Engine) -> bool:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        return connection.scalars(text("SELECT version_num FROM alembic_version")).all() == [NEWEST]


def unusable(error: Exception) -> StoreError:
    """What a foreign error of the database means to us."""
    reason = str(getattr(error, "orig", None) or error).splitlines()[0]
    return StoreError(f"the database cannot be used: {reason}; check SHYRAQ_DATABASE_URL")
