"""Where an update goes: who sent it, what it is, and what is done when something fails on the way."""

import logging
from typing import Any

from telegram import CallbackQuery, Chat, Message, Update, User
from telegram.constants import ChatMemberStatus, ChatType
from telegram.error import BadRequest, Forbidden, TelegramError

from assistant.errors import CoreAway, CoreRefused, StoreError
from bots.telegram.address import command_of, is_for, without_mention
from bots.telegram.commands import run_command
from bots.telegram.inbox import Waiting
from bots.telegram.markup import runs
from bots.telegram.means import Means
from bots.telegram.outbox import Place
from bots.telegram.patrons import Key
from bots.telegram.presses import run_press
from bots.telegram.questions import answer
from bots.telegram.stop import Stopped
from bots.telegram.tongue import tongue
from bots.telegram.visit import Visit

GONE = {ChatMemberStatus.LEFT, ChatMemberStatus.BANNED}

logger = logging.getLogger(__name__)


def chat_of(body: dict[str, Any], means: Means) -> int | None:
    """The chat of an update that is for us; None for all others, which are not even written down."""
    update = _parsed(body, means)
    if update is None or update.effective_chat is None:
        return None
    message = update.message
    is_ours = message is None or message.migrate_to_chat_id or is_for(means.bot.bot, message)
    return update.effective_chat.id if is_ours else None


async def handle(waiting: Waiting, means: Means) -> None:
    """Do all that an update asks for. Raises Stopped, and StoreError; every other failure ends here."""
    try:
        await _handle(waiting, means)
    except Forbidden:
        means.patrons.leave(waiting.chat)
        logger.info("a chat has closed to the bot, and is forgotten")
    except BadRequest as error:
        logger.error("Telegram refused a message: %s", error)
    except (Stopped, StoreError):
        raise
    except Exception as error:  # one update must not keep those behind it waiting for ever
        logger.error("unforeseen", exc_info=error)
        await _apologise(waiting, means)


async def _handle(waiting: Waiting, means: Means) -> None:
    update = _parsed(waiting.body, means)
    if update is None:
        return
    if update.my_chat_member:
        if update.my_chat_member.new_chat_member.status in GONE:
            means.patrons.leave(waiting.chat)
    elif update.message and update.message.migrate_to_chat_id:
        means.patrons.move(waiting.chat, update.message.migrate_to_chat_id)
    else:
        await _receive(waiting, update, means)


async def _receive(waiting: Waiting, update: Update, means: Means) -> None:
    """Serve a patron who is there, unless there are too many of their messages."""
    press, message = update.callback_query, update.effective_message
    sender = update.effective_user
    if sender is None or update.effective_chat is None:
        return
    visit = _visit(waiting, sender, update.effective_chat, message, means)
    verdict = means.pace.judge(waiting.chat, waiting.received_at)
    if verdict == "tell":
        await means.outbox.send(visit.place, runs(means.phrases.say("too_many", visit.language)))
    elif verdict == "welcome":
        await _serve(visit, press, message, means)


async def _serve(visit: Visit, press: CallbackQuery | None, message: Message | None, means: Means) -> None:
    try:
        if press:
            await run_press(visit, press, means)
        elif isinstance(message, Message):
            await _read(visit, message, means)
    except CoreRefused as refusal:
        await means.outbox.send(visit.place, runs(str(refusal)))
    except CoreAway:
        await means.outbox.send(visit.place, runs(means.phrases.say("gave_up", visit.language)))


async def _read(visit: Visit, message: Message, means: Means) -> None:
    text = without_mention(means.bot.bot, message)
    command = command_of(text)
    if command:
        await run_command(visit, command.name, means)
    elif text:
        await answer(visit, text, means)
    elif message.text:  # nothing but our name
        await run_command(visit, "help", means)
    elif message.effective_attachment:
        await means.outbox.send(visit.place, runs(means.phrases.say("text_only", visit.language)))


def _visit(waiting: Waiting, sender: User, chat: Chat, message: object, means: Means) -> Visit:
    key = Key(chat.id, sender.id)
    patron = means.patrons.get(key)
    thread = reply_to = None
    if isinstance(message, Message) and chat.type != ChatType.PRIVATE:
        thread = message.message_thread_id if message.is_topic_message else None
        reply_to = message.message_id
    spoken = patron.language or tongue(sender.language_code)
    return Visit(key, Place(chat.id, thread, reply_to), patron, spoken, waiting)


async def _apologise(waiting: Waiting, means: Means) -> None:
    update = _parsed(waiting.body, means)
    if update is None or update.effective_user is None or update.effective_chat is None:
        return
    visit = _visit(waiting, update.effective_user, update.effective_chat, update.effective_message, means)
    try:
        await means.outbox.send(visit.place, runs(means.phrases.say("internal", visit.language)))
    except TelegramError as error:
        logger.warning("not even an apology could be sent: %s", type(error).__name__)


def _parsed(body: dict[str, Any], means: Means) -> Update | None:
    """The update; None for what is none, which nobody can answer."""
    try:
        return Update.de_json(body, means.bot)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        logger.error("an update cannot be read: %s", type(error).__name__)
        return None
