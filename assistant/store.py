"""Conversations, kept: what was asked, what was answered from which passages, how long it took, how it was rated."""

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import ValidationError
from sqlalchemy import Connection, Row, Select, bindparam, delete, insert, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from assistant.contract import Conversation, Message
from assistant.database import WRITES, citations, conversations, feedback, messages, migrate, open_database, unusable
from assistant.errors import NotFound
from assistant.schema import Citation, Focus, Reply, Turn

ID = re.compile(r"[A-Za-z0-9_-]{22}")

# Built once: SQLAlchemy takes longer to build these than SQLite to run them.
OF_CONVERSATION = messages.c.conversation_id == bindparam("conversation")
NEWEST = select(messages).where(OF_CONVERSATION).order_by(messages.c.number.desc()).limit(bindparam("limit"))
EVERYTHING = select(messages, feedback.c.rating).join(feedback, isouter=True)
EVERYTHING = EVERYTHING.where(OF_CONVERSATION).order_by(messages.c.number)
CITATION_FIELDS = tuple(Citation.model_fields)
CITED = select(citations.c.message, *(citations.c[field] for field in CITATION_FIELDS))
CITED = CITED.where(citations.c.message.in_(bindparam("numbers", expanding=True))).order_by(citations.c.n)


def new_id() -> str:
    """128 random bits: the only key to a conversation or a message."""
    return secrets.token_urlsafe(16)


class Store:
    """One database; safe for many threads. What it raises: StoreError, and NotFound for ids that nothing has."""

    def __init__(self, url: str) -> None:
        with _translated():
            engine = open_database(url)
            migrate(engine)
        self._reader, self._writer = engine, engine.execution_options(**{WRITES: True})

    def history(self, conversation_id: str, limit: int) -> list[Turn]:
        """The last `limit` turns, oldest first; raises NotFound."""
        with _translated(), self._reader.connect() as connection:
            rows = _found(connection, NEWEST, conversation_id, limit=limit)[::-1]
            cited = _cited(connection, rows)
        return [Turn(message=row.question, reply=_reply(row, cited), focus=_focus(row)) for row in rows]

    def conversation(self, conversation_id: str) -> Conversation:
        """All that a patron may see of a conversation; raises NotFound."""
        with _translated(), self._reader.connect() as connection:
            rows = _found(connection, EVERYTHING, conversation_id)
            cited = _cited(connection, rows)
        return Conversation(conversation_id=conversation_id, messages=tuple(_message(row, cited) for row in rows))

    def record(
        self,
        conversation_id: str | None,
        turn: Turn,
        timings: Mapping[str, float],
        ids: tuple[str, str] | None = None,
    ) -> tuple[str, str]:
        """Keep a turn with its milliseconds a step; the ids of conversation and message. None starts a conversation.

        `ids` are those of both, where a patron knows them already.
        """
        now = datetime.now(UTC)
        new_conversation, message_id = ids or (new_id(), new_id())
        with _translated(), self._writer.begin() as connection:
            if conversation_id is None:
                conversation_id = new_conversation
                connection.execute(insert(conversations), {"id": conversation_id, "created_at": now})
            key = {"id": message_id, "conversation_id": conversation_id, "created_at": now}
            number = _insert_message(connection, {**key, **_columns(turn), "timings": dict(timings)})
            if turn.reply.citations:
                rows = [{"message": number, **citation.model_dump()} for citation in turn.reply.citations]
                connection.execute(insert(citations), rows)
        return conversation_id, message_id

    def forget(self, conversation_id: str) -> bool:
        """Delete a conversation with its messages, citations and feedback; False where there was none."""
        gone = delete(conversations).where(conversations.c.id == conversation_id)
        with _translated(), self._writer.begin() as connection:
            return bool(ID.fullmatch(conversation_id) and connection.execute(gone).rowcount)

    def rate(self, message_id: str, rating: Literal[1, -1], comment: str | None) -> None:
        """Keep a patron's rating of a message in place of an earlier one; raises NotFound."""
        # Locked, so that two ratings of one message come one after the other.
        rated = select(messages.c.number).where(messages.c.id == message_id).with_for_update()
        with _translated(), self._writer.begin() as connection:
            number = connection.scalar(rated) if ID.fullmatch(message_id) else None
            if number is None:
                raise NotFound
            row = {"message": number, "rating": rating, "comment": comment, "created_at": datetime.now(UTC)}
            connection.execute(delete(feedback).where(feedback.c.message == number))
            connection.execute(insert(feedback), row)

    def close(self) -> None:
        """Give every connection back."""
        self._reader.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    """The one boundary between SQLAlchemy's errors and ours."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise unusable(error) from error


def _found(connection: Connection, query: Select[Any], conversation_id: str, **given: int) -> Sequence[Row[Any]]:
    """The rows of a conversation; one that has none does not exist. Only ids of our own making reach the database."""
    rows: Sequence[Row[Any]] = ()
    if ID.fullmatch(conversation_id):
        rows = connection.execute(query, {"conversation": conversation_id, **given}).all()
    if not rows:
        raise NotFound
    return rows


def _cited(connection: Connection, rows: Sequence[Row[Any]]) -> dict[int, list[Citation]]:
    """The citations of each message, by its number."""
    cited: dict[int, list[Citation]] = {row.number: [] for row in rows}
    for number, *fields in connection.execute(CITED, {"numbers": list(cited)}):
        cited[number].append(Citation(**dict(zip(CITATION_FIELDS, fields, strict=True))))
    return cited


def _insert_message(connection: Connection, row: dict[str, Any]) -> int:
    """The new message's number; raises NotFound where its conversation was deleted meanwhile."""
    try:
        key = connection.execute(insert(messages), row).inserted_primary_key
    except IntegrityError as error:
        raise NotFound from error
    assert key is not None, "one row was inserted"
    return int(key[0])


def _columns(turn: Turn) -> dict[str, Any]:
    reply = turn.reply
    return {
        "question": turn.message,
        "language": reply.language,
        "status": reply.status,
        "answer": reply.answer,
        "suggestions": list(reply.suggestions),
        "focus": turn.focus.model_dump(mode="json"),
    }


def _reply(row: Row[Any], cited: dict[int, list[Citation]]) -> Reply:
    return Reply(
        language=row.language,
        status=row.status,
        answer=row.answer,
        citations=tuple(cited[row.number]),
        suggestions=row.suggestions,
    )


def _focus(row: Row[Any]) -> Focus:
    """What the turn was about; nothing, where an older Shyraq kept it in another shape."""
    try:
        return Focus.model_validate(row.focus)
    except ValidationError:
        return Focus()


def _message(row: Row[Any], cited: dict[int, list[Citation]]) -> Message:
    return Message(
        message_id=row.id,
        # SQLite gives times back without their zone; all are kept in UTC.
        created_at=row.created_at if row.created_at.tzinfo else row.created_at.replace(tzinfo=UTC),
        message=row.question,
        rating=row.rating,
        **_reply(row, cited).model_dump(),
    )
