"""One update of a patron, as what handles it needs it."""

from dataclasses import dataclass

from assistant.knowledge import Language
from bots.telegram.inbox import Waiting
from bots.telegram.outbox import Place
from bots.telegram.patrons import Key, Patron


@dataclass(frozen=True)
class Visit:
    """Who came, where to answer, and the update itself.

    `tongue` is the patron's language as far as it is known, `language` the one to speak in any case.
    """

    key: Key
    place: Place
    patron: Patron
    tongue: Language | None
    waiting: Waiting

    @property
    def language(self) -> Language:
        """English where nothing is known."""
        return self.tongue or "en"
