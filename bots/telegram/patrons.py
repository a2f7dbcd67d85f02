"""What is remembered of a patron: the language, and the conversations that the core holds."""

from dataclasses import dataclass

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from assistant.knowledge import Language
from bots.telegram.tables import conversations, patrons, translated
from bots.telegram.tongue import tongue


@dataclass(frozen=True)
class Key:
    """Whose conversation it is: a person in a chat, so that nobody in a group reads another's."""

    chat: int
    person: int


@dataclass(frozen=True)
class Patron:
    """What is known of one; `chosen` once they picked the language themselves."""

    language: Language | None = None
    chosen: bool = False
    conversation: str | None = None


class Patrons:
    """One file; raises StoreError."""

    def __init__(self, reader: Engine, writer: Engine) -> None:
        self._reader, self._writer = reader, writer

    def get(self, key: Key) -> Patron:
        """The patron, a new one where nothing is known."""
        query = select(patrons).where(patrons.c.chat == key.chat, patrons.c.person == key.person)
        with translated(), self._reader.connect() as connection:
            row = connection.execute(query).first()
        return Patron(tongue(row.language), row.chosen, row.conversation) if row else Patron()

    def put(self, key: Key, patron: Patron) -> None:
        """Remember a patron, and that the core holds their conversation."""
        row = {"language": patron.language, "chosen": patron.chosen, "conversation": patron.conversation}
        named = {"chat": key.chat, "person": key.person}
        with translated(), self._writer.begin() as connection:
            written = insert(patrons).values(**named, **row)
            connection.execute(written.on_conflict_do_update(index_elements=["chat", "person"], set_=row))
            if patron.conversation:
                held = insert(conversations).values(id=patron.conversation, doomed=False, **named)
                connection.execute(held.on_conflict_do_nothing())

    def conversations(self, key: Key) -> list[str]:
        """Every conversation of a patron that the core may hold."""
        mine = select(conversations.c.id).where(conversations.c.chat == key.chat, conversations.c.person == key.person)
        with translated(), self._reader.connect() as connection:
            return list(connection.scalars(mine))

    def drop(self, conversation: str) -> None:
        """The core holds this conversation no longer."""
        with translated(), self._writer.begin() as connection:
            connection.execute(delete(conversations).where(conversations.c.id == conversation))

    def forget(self, key: Key) -> None:
        """Forget a patron; conversations that the core still holds stay known until they are dropped."""
        with translated(), self._writer.begin() as connection:
            connection.execute(delete(patrons).where(patrons.c.chat == key.chat, patrons.c.person == key.person))

    def leave(self, chat: int) -> None:
        """Forget a chat that is closed to us, and doom all its conversations."""
        with translated(), self._writer.begin() as connection:
            connection.execute(delete(patrons).where(patrons.c.chat == chat))
            connection.execute(update(conversations).where(conversations.c.chat == chat).values(doomed=True))

    def doomed(self) -> list[str]:
        """The conversations to delete at the core."""
        with translated(), self._reader.connect() as connection:
            return list(connection.scalars(select(conversations.c.id).where(conversations.c.doomed)))

    def move(self, old: int, new: int) -> None:
        """A group has become a supergroup, under another number."""
        with translated(), self._writer.begin() as connection:
            for table in (patrons, conversations):
                connection.execute(update(table).where(table.c.chat == old).values(chat=new))
