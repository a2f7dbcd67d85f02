"""A question: typing at once, the answer while it is written, then the answer."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from assistant.contract import ChatReply
from assistant.errors import CoreRefused, StoreError
from bots.telegram.core import Begun
from bots.telegram.keyboards import under_answer
from bots.telegram.letter import letter
from bots.telegram.markup import runs
from bots.telegram.means import Means
from bots.telegram.outbox import Outbox, Place
from bots.telegram.patience import insist
from bots.telegram.visit import Visit

TYPING_SECONDS = 4.0  # Telegram shows "typing" for five
DRAFT_SECONDS = 1.0  # between two drafts
RATED = {"answered", "unknown"}

logger = logging.getLogger(__name__)


async def answer(visit: Visit, question: str, means: Means, *, pressed: bool = False) -> None:
    """Answer a question that was written, or `pressed` as a button. Raises what Outbox and Core raise; StoreError."""
    reply = await _reply(visit, question, means)
    keyboard = under_answer(reply.suggestions, reply.message_id if reply.status in RATED else None)
    await means.outbox.send(visit.place, letter(reply, means.phrases, question if pressed else None), keyboard)


async def _reply(visit: Visit, question: str, means: Means) -> ChatReply:
    """The core's reply, kept until it is delivered."""
    if visit.waiting.reply:
        return ChatReply.model_validate(visit.waiting.reply)
    reply = await insist(visit, lambda: _ask(visit, question, means), means)
    language = visit.patron.language if visit.patron.chosen else reply.language
    try:
        means.patrons.put(visit.key, replace(visit.patron, language=language, conversation=reply.conversation_id))
        means.inbox.keep_reply(visit.waiting.id, reply.model_dump(mode="json"))
    except StoreError as error:  # a full disk: better an answer without a memory than none
        logger.error("%s", error)
    return reply


async def _ask(visit: Visit, question: str, means: Means) -> ChatReply:
    """Ask once; a conversation that the core holds no longer is begun anew."""
    async with means.core.places, _typing(visit.place, means.outbox):
        try:
            return await _stream(visit, question, visit.patron.conversation, means)
        except CoreRefused as refusal:
            if refusal.code != "not_found" or not visit.patron.conversation:
                raise
        return await _stream(visit, question, None, means)


async def _stream(visit: Visit, question: str, conversation: str | None, means: Means) -> ChatReply:
    draft = Draft(means.outbox, visit)
    try:
        async for piece in means.core.ask(question, conversation, visit.tongue):
            if isinstance(piece, ChatReply):
                return piece
            if isinstance(piece, Begun):
                _hold(visit, piece.conversation, means)
            else:
                draft.add(piece)
    finally:
        await draft.close()
    raise AssertionError("the core's stream ends with a reply, or raises")


def _hold(visit: Visit, conversation: str, means: Means) -> None:
    """Keep a conversation before the core does: whatever happens to us meanwhile, /forget finds it."""
    try:
        means.patrons.put(visit.key, replace(visit.patron, conversation=conversation))
    except StoreError as error:  # as with the reply
        logger.error("%s", error)


@asynccontextmanager
async def _typing(place: Place, outbox: Outbox) -> AsyncIterator[None]:
    async def show() -> None:
        while True:
            await outbox.typing(place)
            await asyncio.sleep(TYPING_SECONDS)

    shown = asyncio.create_task(show())
    try:
        yield
    finally:
        shown.cancel()
        with suppress(asyncio.CancelledError):
            await shown


class Draft:
    """What of an answer is there already, shown at most once a second, and never after it is closed."""

    def __init__(self, outbox: Outbox, visit: Visit) -> None:
        self._outbox, self._visit = outbox, visit
        self._text = ""
        self._closed = asyncio.Event()
        self._showing: asyncio.Task[None] | None = None

    def add(self, piece: str) -> None:
        """A further piece of the answer."""
        self._text += piece
        self._showing = self._showing or asyncio.create_task(self._show())

    async def close(self) -> None:
        """Wait for a draft on its way: after the message itself it would come as a second one."""
        self._closed.set()
        if self._showing:
            await self._showing

    async def _show(self) -> None:
        shown, going_on = "", True
        while going_on:
            if self._text != shown:
                shown = self._text
                going_on = await self._outbox.draft(self._visit.place, self._visit.waiting.id, runs(shown))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), DRAFT_SECONDS)
            going_on = going_on and not self._closed.is_set()
