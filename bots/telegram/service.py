"""The bot as a process: opened, run by polling or by webhook until it is told to stop, and closed in good order."""

import asyncio
import logging
import os
import signal
import socket
import time
import warnings
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any

from telegram import Bot
from telegram.error import InvalidToken
from telegram.request import HTTPXRequest

from assistant.errors import SettingsError, StoreError
from assistant.phrases import TELEGRAM, Phrases
from assistant.settings import Settings, shipped
from bots.telegram.commands import register, sweep
from bots.telegram.core import Core
from bots.telegram.desk import Desk
from bots.telegram.inbox import Inbox
from bots.telegram.means import Means
from bots.telegram.outbox import Outbox
from bots.telegram.pace import Pace
from bots.telegram.patrons import Patrons
from bots.telegram.polling import BAD_TOKEN, poll
from bots.telegram.reception import chat_of, handle
from bots.telegram.stop import Stop, Stopped
from bots.telegram.tables import open_tables
from bots.telegram.words import WORDS

CONNECTIONS = 48
SECONDS = 20.0  # for one request to Telegram
SWEEP_SECONDS = 60.0

logger = logging.getLogger(__name__)


def run(settings: Settings, listening: socket.socket | None) -> None:
    """Run until SIGINT or SIGTERM; by webhook on `listening` where there is one. Raises SettingsError, StoreError."""
    os.environ.setdefault(
        "PTB_TIMEDELTA", "true"
    )  # the coming default of python-telegram-bot, which warns of the other
    warnings.filterwarnings("ignore", "Please use 'Bot.getUpdates'")  # we do not: see bots.telegram.polling
    asyncio.run(_run(settings, listening))


async def _run(settings: Settings, listening: socket.socket | None) -> None:
    stop = Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.order)
    with suppress(Stopped):
        async with _opened(settings, stop) as means:
            await _serve(settings, means, listening)


async def _serve(settings: Settings, means: Means, listening: socket.socket | None) -> None:
    desk = Desk(means.inbox, partial(handle, means=means), partial(chat_of, means=means), means.stop)
    desk.resume()
    try:
        arrive = _called(settings, means, desk, listening) if listening else _polled(means, desk)
        await _first(means.stop, arrive, register(means.bot, means.phrases), _tidy(means))
    finally:
        means.stop.order()
        await desk.close()


@asynccontextmanager
async def _opened(settings: Settings, stop: Stop) -> AsyncIterator[Means]:
    """All that the bot needs, once Telegram knows its token."""
    if not settings.telegram_token:
        raise SettingsError("SHYRAQ_TELEGRAM_TOKEN is missing; expected the token that @BotFather gave for your bot")
    engines = open_tables(settings.data_dir, settings.telegram_token.split(":")[0])
    root = settings.telegram_api_url.rstrip("/")
    request = partial(HTTPXRequest, read_timeout=SECONDS, write_timeout=SECONDS, connect_timeout=SECONDS)
    bot = Bot(
        settings.telegram_token,
        base_url=f"{root}/bot",
        request=request(connection_pool_size=CONNECTIONS, pool_timeout=SECONDS),
        get_updates_request=request(connection_pool_size=1),
    )
    core = Core(settings.core_url)
    outbox = Outbox(bot, stop)
    try:
        await _introduce(bot, outbox)
        phrases = Phrases.load(shipped("prompts"), TELEGRAM, WORDS)
        patrons, inbox = Patrons(*engines), Inbox(*engines)
        yield Means(bot, core, inbox, patrons, outbox, Pace(), phrases, settings.librarian_contact, stop)
    finally:
        await core.close()
        await bot.shutdown()
        engines[0].dispose()


async def _introduce(bot: Bot, outbox: Outbox) -> None:
    """Ask Telegram who we are; raises SettingsError where it does not know the token."""

    async def ask() -> bool:
        try:
            await bot.initialize()
        except InvalidToken:
            return False
        return True

    if not await outbox.insist(ask):
        raise SettingsError(BAD_TOKEN)
    logger.info("@%s is at work", bot.username)


async def _polled(means: Means, desk: Desk) -> None:
    await means.outbox.insist(means.bot.delete_webhook)
    await poll(means.bot, desk.take, means.stop)


async def _called(settings: Settings, means: Means, desk: Desk, listening: socket.socket) -> None:
    from bots.telegram.webhook import serve  # FastAPI: of no use to a bot that polls

    await serve(str(settings.telegram_webhook_url), str(settings.telegram_token), means, desk.take, listening)


async def _tidy(means: Means) -> None:
    """Every minute: what chats that have closed to us left at the core, and what is old."""
    while True:
        try:
            await sweep(means.core, means.patrons)
            means.inbox.sweep()
        except StoreError as error:
            logger.error("%s", error)
        means.pace.sweep(time.time())
        await means.stop.pause(SWEEP_SECONDS)


async def _first(stop: Stop, *works: Coroutine[Any, Any, None]) -> None:
    """Work side by side until the order to stop comes, or one of them fails; long requests are cut off then."""
    tasks = [asyncio.create_task(work) for work in works]
    ordered = asyncio.create_task(stop.wait())
    waiting = {*tasks, ordered}
    try:
        while not ordered.done():
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
    finally:
        for task in (*tasks, ordered):
            task.cancel()
        await asyncio.gather(*tasks, ordered, return_exceptions=True)
