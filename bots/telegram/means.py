"""All that handling an update takes, opened once."""

from dataclasses import dataclass

from telegram import Bot

from assistant.phrases import Phrases
from bots.telegram.core import Core
from bots.telegram.inbox import Inbox
from bots.telegram.outbox import Outbox
from bots.telegram.pace import Pace
from bots.telegram.patrons import Patrons
from bots.telegram.stop import Stop


@dataclass(frozen=True)
class Means:
    """The bot as Telegram knows it, the core, what is kept, and the words; `contact` is how to reach a librarian."""

    bot: Bot
    core: Core
    inbox: Inbox
    patrons: Patrons
    outbox: Outbox
    pace: Pace
    phrases: Phrases
    contact: str | None
    stop: Stop
