"""Updates by asking Telegram for them: an update is confirmed only by asking for what comes after it."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from telegram import Bot
from telegram.constants import UpdateType
from telegram.error import Conflict, EndPointNotFound, InvalidToken, RetryAfter, TelegramError

from assistant.errors import SettingsError, StoreError
from bots.telegram.stop import Stop, pauses

WANTED = [UpdateType.MESSAGE, UpdateType.CALLBACK_QUERY, UpdateType.MY_CHAT_MEMBER]
LONG_POLL_SECONDS = 30
ANSWER_SECONDS = 10  # beyond that time, for the answer to get here
IDLE_SECONDS = 0.1  # after an empty answer: a server that does not hold requests back must not be asked without end
BAD_TOKEN = "SHYRAQ_TELEGRAM_TOKEN: Telegram does not accept this token; expected the one that @BotFather gave"
CONFLICT = (
    "409: two bots run on one token, or a webhook is set for it. Stop the other one, or give this one a token of its"
    " own (@BotFather, /token); trying again in %s s"
)

logger = logging.getLogger(__name__)


async def poll(bot: Bot, take: Callable[[dict[str, Any]], None], stop: Stop) -> None:
    """Take updates for ever; raises Stopped, and SettingsError once the token is refused."""
    offset, failures = None, pauses()
    while not stop.ordered:
        try:
            updates = await _updates(bot, offset)
            for update in updates:
                take(update)
                offset = update["update_id"] + 1
            failures, pause = pauses(), 0 if updates else IDLE_SECONDS
        except (TelegramError, StoreError) as error:
            pause = _pause(error, next(failures))
        if pause:
            await stop.pause(pause)


async def _updates(bot: Bot, offset: int | None) -> list[dict[str, Any]]:
    """The updates as Telegram sent them: the library's own way reads all of them or, for one odd one, none for ever."""
    asked = {"timeout": LONG_POLL_SECONDS, "allowed_updates": WANTED} | ({"offset": offset} if offset else {})
    found = await bot.do_api_request("getUpdates", asked, read_timeout=LONG_POLL_SECONDS + ANSWER_SECONDS)
    return list(found)


def _pause(error: Exception, usual: float) -> float:
    """Seconds to wait after a failure, which is logged; raises SettingsError for one that waiting does not mend."""
    if isinstance(error, InvalidToken | EndPointNotFound):
        raise SettingsError(BAD_TOKEN) from error
    if isinstance(error, RetryAfter):
        wait = error.retry_after
        usual = wait.total_seconds() if isinstance(wait, timedelta) else wait
    if isinstance(error, Conflict):
        logger.error(CONFLICT, usual)
    elif isinstance(error, StoreError):
        logger.error("%s", error)
    else:
        logger.warning("Telegram gives no updates (%s); trying again in %s s", type(error).__name__, usual)
    return usual
