"""What the bot sends: paced, repeated until Telegram has it, and plain where Telegram refuses the markup."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

from telegram import Bot, InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters
from telegram.constants import ChatAction, FloodLimit, ParseMode
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from bots.telegram.markup import Run, Runs, to_html, to_plain
from bots.telegram.split import split
from bots.telegram.stop import Stop, pauses

T = TypeVar("T")
GIVE_UP_SECONDS = (
    24 * 3600.0
)  # Telegram drops what a bot did not fetch in this time; so do we with what it will not take
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where to answer: a chat, in groups also the topic and the message that is answered."""

    chat: int
    thread: int | None = None
    reply_to: int | None = None

    @property
    def is_private(self) -> bool:
        """Chats with one person have the person's number; groups have negative ones."""
        return self.chat > 0


class Outbox:
    """Sends by one bot. Raises Forbidden (the chat is closed to us), BadRequest (it cannot be sent there), Stopped."""

    def __init__(self, bot: Bot, stop: Stop) -> None:
        self._bot, self._stop = bot, stop
        self._next_turn = 0.0
        self._moved: dict[int, int] = {}
        self._drafts = True

    async def send(self, place: Place, text: Sequence[Run], keyboard: InlineKeyboardMarkup | None = None) -> None:
        """Send a text of any length; the keyboard goes under its last part."""
        parts = split(text)
        for number, part in enumerate(parts, 1):
            await self._send_part(place, part, keyboard if number == len(parts) else None)

    async def _send_part(self, place: Place, part: Runs, keyboard: InlineKeyboardMarkup | None) -> None:
        try:
            await self._message(place, to_html(part), ParseMode.HTML, keyboard)
        except ChatMigrated as moved:
            self._moved[place.chat] = moved.new_chat_id
            await self._send_part(replace(place, reply_to=None), part, keyboard)
        except BadRequest as error:
            if "parse entities" not in error.message.lower():
                raise
            logger.error("Telegram refused the markup of a message; it was sent plain")
            await self._message(place, to_plain(part), None, keyboard)

    async def _message(self, place: Place, text: str, mode: str | None, keyboard: InlineKeyboardMarkup | None) -> None:
        reply = ReplyParameters(place.reply_to, allow_sending_without_reply=True) if place.reply_to else None

        async def send() -> None:
            await self._turn()
            await self._bot.send_message(
                chat_id=self._moved.get(place.chat, place.chat),
                text=text,
                parse_mode=mode,
                message_thread_id=place.thread,
                reply_parameters=reply,
                reply_markup=keyboard,
                link_preview_options=NO_PREVIEW,
            )

        await self.insist(send)

    async def _turn(self) -> None:
        """Wait for one's turn: as many a second as Telegram takes, evenly, since bursts are what it refuses."""
        now = asyncio.get_running_loop().time()
        mine = max(self._next_turn, now)
        self._next_turn = mine + 1 / FloodLimit.MESSAGES_PER_SECOND
        await asyncio.sleep(mine - now)

    async def insist(self, request: Callable[[], Awaitable[T]]) -> T:
        """Make a request until Telegram has taken or refused it: it says how long to wait, and networks come back."""
        deadline = time.monotonic() + GIVE_UP_SECONDS
        for pause in pauses():
            try:
                return await request()
            except (BadRequest, Forbidden, ChatMigrated):
                raise
            except RetryAfter as error:
                pause = _seconds(error)
            except (NetworkError, InvalidToken) as error:
                if time.monotonic() > deadline:
                    raise
                logger.warning("Telegram cannot be reached (%s); trying again in %s s", type(error).__name__, pause)
            await self._stop.pause(pause)
        raise AssertionError("pauses never end")

    async def typing(self, place: Place) -> None:
        """Show that an answer is on its way; of no consequence where it fails."""
        try:
            await self._bot.send_chat_action(place.chat, ChatAction.TYPING, message_thread_id=place.thread)
        except TelegramError as error:
            logger.info("typing was not shown: %s", type(error).__name__)

    async def draft(self, place: Place, number: int, text: Sequence[Run]) -> bool:
        """Show an answer that is being written; False where that cannot be done (any more)."""
        parts = split(text)
        if not (self._drafts and place.is_private and parts):
            return False
        try:
            await self._bot.send_message_draft(place.chat, number, to_html(parts[0]), place.thread, ParseMode.HTML)
        except InvalidToken:  # this is how PTB reads 404: a server from before drafts
            self._drafts = False
        except TelegramError as error:
            logger.info("a draft was not shown: %s", type(error).__name__)
        return self._drafts


def _seconds(error: RetryAfter) -> float:
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else wait
