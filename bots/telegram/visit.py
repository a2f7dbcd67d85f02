"""One update of a patron, as what handles it needs it."""

from dataclasses import dataclass

from assistant.knowledge import Language
from bots.telegram.inbox import Waiting
from bots.telegram.outbox import Place
from bots.telegram.patrons import Key, Patron


@dataclass(frozen=True)
class Visit:
    """Who came, where to answer, in which language to speak until an answer shows another, and the update itself."""

    key: Key
    place: Place
    patron: Patron
    language: Language
    waiting: Waiting
