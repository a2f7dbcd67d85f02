"""Updates, written down before they are confirmed to Telegram and kept until they are answered."""

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from bots.telegram.tables import translated, updates

KEPT_SECONDS = 48 * 3600  # an answered update's number, to know it again: Telegram itself keeps updates for 24 hours


@dataclass(frozen=True)
class Waiting:
    """An update that is not answered yet; `reply` is the core's, where a crash came between it and the patron."""

    id: int
    chat: int
    received_at: float
    body: dict[str, Any]
    reply: dict[str, Any] | None
    told: bool


class Inbox:
    """One file; a call takes about a millisecond, so it may be made from the event loop. Raises StoreError."""

    def __init__(self, reader: Engine, writer: Engine) -> None:
        self._reader, self._writer = reader, writer

    def take(self, number: int, chat: int, body: dict[str, Any]) -> bool:
        """Write an update down; False where it was there already."""
        row = {"id": number, "chat": chat, "received_at": time.time(), "body": body}
        with translated(), self._writer.begin() as connection:
            try:
                connection.execute(insert(updates), row)
            except IntegrityError:
                return False
        return True

    def chats(self) -> list[int]:
        """The chats with updates that wait, the longest waiting first."""
        query = select(updates.c.chat).where(updates.c.answered_at.is_(None)).order_by(updates.c.id)
        with translated(), self._reader.connect() as connection:
            return list(dict.fromkeys(connection.scalars(query)))

    def next(self, chat: int) -> Waiting | None:
        """The chat's first update that waits, in the order in which Telegram numbered them."""
        query = select(updates).where(updates.c.chat == chat, updates.c.answered_at.is_(None))
        with translated(), self._reader.connect() as connection:
            row = connection.execute(query.order_by(updates.c.id).limit(1)).first()
        return Waiting(row.id, row.chat, row.received_at, row.body, row.reply, row.told) if row else None

    def keep_reply(self, number: int, reply: dict[str, Any]) -> None:
        """Keep what the core answered until the patron has it."""
        self._set(number, reply=reply)

    def mark_told(self, number: int) -> None:
        """The patron knows that the answer will be late."""
        self._set(number, told=True)

    def mark_answered(self, number: int) -> None:
        """Done with: of the update only its number is left, for a while."""
        self._set(number, answered_at=time.time(), body=None, reply=None)

    def sweep(self) -> None:
        """Drop the numbers of updates answered long ago."""
        old = delete(updates).where(updates.c.answered_at < time.time() - KEPT_SECONDS)
        with translated(), self._writer.begin() as connection:
            connection.execute(old)

    def _set(self, number: int, **values: Any) -> None:
        with translated(), self._writer.begin() as connection:
            connection.execute(update(updates).where(updates.c.id == number).values(**values))
