"""The bot's own SQLite file: updates that wait for an answer, and what is remembered of the chats."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Engine, Float, Index, Integer, MetaData, String, Table, event
from sqlalchemy.exc import SQLAlchemyError

from assistant.database import WRITES, open_database
from assistant.errors import StoreError

metadata = MetaData()

# `body` and `reply` hold a patron's words, and are emptied as soon as the update is answered.
updates = Table(
    "updates",
    metadata,
    Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False),
    Column("chat", BigInteger, nullable=False),
    Column("received_at", Float, nullable=False),
    Column("body", JSON(none_as_null=True)),
    Column("reply", JSON(none_as_null=True)),
    Column("told", Boolean, nullable=False, default=False),
    Column("answered_at", Float),
    Index("ix_updates_waiting", "chat", "answered_at", "id"),
)

# In a private chat the person is the chat; in a group each has a conversation of their own.
patrons = Table(
    "patrons",
    metadata,
    Column("chat", BigInteger, primary_key=True, autoincrement=False),
    Column("person", BigInteger, primary_key=True, autoincrement=False),
    Column("language", String(2)),
    Column("chosen", Boolean, nullable=False, default=False),
    Column("conversation", String(64)),
)

# Every conversation that the core may hold; `doomed` ones are deleted there as soon as it can be reached.
conversations = Table(
    "conversations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("chat", BigInteger, nullable=False),
    Column("person", BigInteger, nullable=False),
    Column("doomed", Boolean, nullable=False, default=False),
)


def open_tables(folder: Path, bot: str) -> tuple[Engine, Engine]:
    """The engines that read and write a bot's file in `folder`, made where it is missing; raises StoreError.

    Telegram numbers updates anew for every bot, so that no two may share a file.
    """
    with translated():
        engine = open_database(f"sqlite:///{folder}/telegram-{bot}.db")
        event.listen(engine, "connect", _hurry)
        writer = engine.execution_options(**{WRITES: True})
        with writer.begin() as connection:
            metadata.create_all(connection)
    return engine, writer


def _hurry(connection: Any, _record: object) -> None:
    """Wait for a lock a second at most: all chats wait with it."""
    connection.execute("PRAGMA busy_timeout=1000")


@contextmanager
def translated() -> Iterator[None]:
    """The one boundary between SQLAlchemy's errors and ours."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise StoreError(f"the bot's file in SHYRAQ_DATA_DIR cannot be used: {reason}") from error
