"""The commands of the bot's menu, and their registration in three languages."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from telegram import Bot, BotCommand
from telegram.error import TelegramError

from assistant.errors import CoreAway, CoreRefused
from assistant.knowledge import LANGUAGES, Language
from assistant.phrases import Phrases
from bots.telegram.core import Core
from bots.telegram.keyboards import languages, welcome
from bots.telegram.letter import full_sources
from bots.telegram.markup import Runs, runs
from bots.telegram.means import Means
from bots.telegram.patience import insist
from bots.telegram.patrons import Patrons
from bots.telegram.visit import Visit

MENU = ("start", "new", "sources", "language", "librarian", "privacy", "forget", "help")

logger = logging.getLogger(__name__)


async def run_command(visit: Visit, command: str, means: Means) -> None:
    """Do what a command asks for."""
    does: dict[str, Callable[[Visit, Means], Awaitable[None]]] = {
        "start": _start,
        "new": _new,
        "sources": _sources,
        "language": _language,
        "librarian": _librarian,
        "privacy": _privacy,
        "forget": _forget,
        "help": _help,
    }
    await does.get(command, _unknown)(visit, means)


async def _start(visit: Visit, means: Means) -> None:
    await means.outbox.send(visit.place, _say("greeting", visit, means), welcome(visit.language, means.phrases))


async def _help(visit: Visit, means: Means) -> None:
    await means.outbox.send(visit.place, _say("help", visit, means, name=means.bot.username))


async def _language(visit: Visit, means: Means) -> None:
    await means.outbox.send(visit.place, _say("choose_language", visit, means), languages("speak"))


async def _privacy(visit: Visit, means: Means) -> None:
    await means.outbox.send(visit.place, _say("privacy", visit, means))


async def _unknown(visit: Visit, means: Means) -> None:
    await means.outbox.send(visit.place, _say("unknown_command", visit, means))


async def _librarian(visit: Visit, means: Means) -> None:
    said = _say("librarian", visit, means, contact=means.contact) if means.contact else None
    await means.outbox.send(visit.place, said or _say("librarian_unknown", visit, means))


async def _new(visit: Visit, means: Means) -> None:
    means.patrons.put(visit.key, replace(visit.patron, conversation=None))
    await means.outbox.send(visit.place, _say("new_conversation", visit, means))


async def _sources(visit: Visit, means: Means) -> None:
    conversation = visit.patron.conversation
    held = await insist(visit, lambda: means.core.conversation(conversation), means) if conversation else None
    cited = [message for message in held.messages if message.citations] if held else []
    last = full_sources(cited[-1], visit.language, means.phrases) if cited else None
    await means.outbox.send(visit.place, last or _say("no_sources", visit, means))


async def _forget(visit: Visit, means: Means) -> None:
    """Nothing is said to be deleted before it is."""
    conversations = means.patrons.conversations(visit.key)
    messages = 0
    for conversation in conversations:
        messages += await insist(visit, partial(_delete, conversation, means), means)
    means.patrons.forget(visit.key)
    counted = _say("forgotten", visit, means, conversations=len(conversations), messages=messages)
    await means.outbox.send(visit.place, counted if conversations else _say("nothing_to_forget", visit, means))


async def _delete(conversation: str, means: Means) -> int:
    """Delete a conversation wherever it is held; how many messages it had."""
    held = await means.core.conversation(conversation)
    await means.core.forget(conversation)
    means.patrons.drop(conversation)
    return len(held.messages) if held else 0


def _say(key: str, visit: Visit, means: Means, **values: object) -> Runs:
    return runs(means.phrases.say(key, visit.language, **values))


async def sweep(core: Core, patrons: Patrons) -> None:
    """Have the core delete the conversations of chats that have closed to us."""
    for conversation in patrons.doomed():
        try:
            await core.forget(conversation)
        except (CoreAway, CoreRefused) as error:  # a proxy before the core may refuse, too: it is tried again
            logger.warning("conversations were not deleted: %s", error)
            return
        patrons.drop(conversation)


async def register(bot: Bot, phrases: Phrases) -> None:
    """Put the menu and the profile's words into Telegram; the bot answers also where that fails."""
    try:
        await _register(bot, phrases, "en", None)  # for every other language
        for language in LANGUAGES:
            await _register(bot, phrases, language, language)
    except TelegramError as error:
        logger.warning("the menu of commands was not registered: %s", error)


async def _register(bot: Bot, phrases: Phrases, language: Language, code: str | None) -> None:
    menu = [BotCommand(name, phrases.say(f"command_{name}", language)) for name in MENU]
    await bot.set_my_commands(menu, language_code=code)
    await bot.set_my_description(phrases.say("description", language), language_code=code)
