"""Buttons that were pressed: a question asked, a language chosen, an answer rated."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from telegram import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message
from telegram.constants import ParseMode
from telegram.error import BadRequest

from assistant.errors import CoreAway, CoreRefused
from bots.telegram.keyboards import REASONS, label, reasons, welcome, without_rating
from bots.telegram.markup import Runs, runs, to_html
from bots.telegram.means import Means
from bots.telegram.outbox import NO_PREVIEW, Outbox
from bots.telegram.questions import answer
from bots.telegram.tongue import tongue
from bots.telegram.visit import Visit

logger = logging.getLogger(__name__)


async def run_press(visit: Visit, press: CallbackQuery, means: Means) -> None:
    """Do what a button is for; one that is not ours, or too old to be known, says so."""
    action, _, rest = (press.data or "").partition(":")
    message = press.message if isinstance(press.message, Message) else None
    keyboard = message.reply_markup if message else None
    asked = label(keyboard, press.data or "") if action == "ask" else None
    if asked:
        await _reply(press, means)
        await answer(visit, asked, means, pressed=True)
    elif action in ("greet", "speak") and tongue(rest) and message:
        await _speak(visit, press, message, means)
    elif action in ("up", "down"):
        await _rate(visit, press, message, means)
    elif action == "why" and rest.split(":")[0] in REASONS:
        await _explain(visit, press, message, means)
    else:
        await _reply(press, means, means.phrases.say("too_old", visit.language))


async def _speak(visit: Visit, press: CallbackQuery, message: Message, means: Means) -> None:
    action, _, code = (press.data or "").partition(":")
    language = tongue(code) or visit.language
    means.patrons.put(visit.key, replace(visit.patron, language=language, chosen=True))
    await _reply(press, means, means.phrases.say("language_chosen", language))
    if action == "greet":
        said = runs(means.phrases.say("greeting", language))
        await _edit(message, said, welcome(language, means.phrases), means)
    else:
        await _edit(message, runs(means.phrases.say("language_chosen", language)), None, means)


async def _rate(visit: Visit, press: CallbackQuery, message: Message | None, means: Means) -> None:
    action, _, rated = (press.data or "").partition(":")
    key = "rated_up" if action == "up" else "rated_down"
    if await _kept(visit, press, rated, None, key, means) and message:
        more = reasons(rated, visit.language, means.phrases) if action == "down" else []
        await _show(message, [*without_rating(message.reply_markup), *more], means)


async def _explain(visit: Visit, press: CallbackQuery, message: Message | None, means: Means) -> None:
    _, reason, rated = (press.data or "").split(":", 2)
    comment = means.phrases.say(f"reason_{reason}", visit.language)
    if await _kept(visit, press, rated, comment, "reason_kept", means) and message:
        await _show(message, without_rating(message.reply_markup), means)


async def _kept(visit: Visit, press: CallbackQuery, rated: str, comment: str | None, thanks: str, means: Means) -> bool:
    """Whether the core kept a rating; the patron is told either way."""
    try:
        await means.core.rate(rated, 1 if thanks == "rated_up" else -1, comment, visit.language)
    except CoreRefused:
        await _reply(press, means, means.phrases.say("too_old", visit.language))
    except CoreAway as away:
        logger.warning("%s", away)
        await _reply(press, means, means.phrases.say("rate_later", visit.language))
    else:
        await _reply(press, means, means.phrases.say(thanks, visit.language))
        return True
    return False


async def _reply(press: CallbackQuery, means: Means, text: str | None = None) -> None:
    """Show a few words over the chat; Telegram takes them for a quarter of an hour at most."""
    try:
        await means.outbox.insist(lambda: means.bot.answer_callback_query(press.id, text))
    except BadRequest as error:
        logger.info("a press was answered too late: %s", error)


async def _show(message: Message, rows: Sequence[Sequence[InlineKeyboardButton]], means: Means) -> None:
    markup = InlineKeyboardMarkup(rows) if rows else None
    await _change(
        lambda: means.bot.edit_message_reply_markup(message.chat.id, message.message_id, reply_markup=markup),
        means.outbox,
    )


async def _edit(message: Message, text: Runs, keyboard: InlineKeyboardMarkup | None, means: Means) -> None:
    await _change(
        lambda: means.bot.edit_message_text(
            to_html(text), message.chat.id, message.message_id, parse_mode=ParseMode.HTML, reply_markup=keyboard,
            link_preview_options=NO_PREVIEW,
        ),
        means.outbox,
    )  # fmt: skip


async def _change(change: Callable[[], Awaitable[object]], outbox: Outbox) -> None:
    """Change a message of ours; one that is so already, or is gone, is left as it is."""
    try:
        await outbox.insist(change)
    except BadRequest as error:
        logger.info("a message was not changed: %s", error)
