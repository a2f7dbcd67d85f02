"""Updates from the inbox to their answers: one after the other within a chat, all chats side by side."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from assistant.errors import StoreError
from bots.telegram.inbox import Inbox, Waiting
from bots.telegram.stop import Stop, Stopped, pauses

GRACE_SECONDS = 20.0  # for what is in hand when the order to stop comes
RETRY_SECONDS = 1.0

logger = logging.getLogger(__name__)

T = TypeVar("T")
Handle = Callable[[Waiting], Awaitable[None]]
ChatOf = Callable[[dict[str, Any]], int | None]


class Desk:
    """A worker for every chat that waits; it leaves when nothing of its chat waits any more."""

    def __init__(self, inbox: Inbox, handle: Handle, chat_of: ChatOf, stop: Stop) -> None:
        self._inbox, self._handle, self._chat_of, self._stop = inbox, handle, chat_of, stop
        self._workers: dict[int, asyncio.Task[None]] = {}

    def resume(self) -> None:
        """Take up what an earlier run left; raises StoreError."""
        for chat in self._inbox.chats():
            self._call(chat)

    def take(self, body: dict[str, Any]) -> None:
        """Write an update down, if it is for us and new, and see to it; raises StoreError: then it is not taken."""
        chat = self._chat_of(body)
        if chat is not None and self._inbox.take(body["update_id"], chat, body):
            self._call(chat)

    async def close(self) -> None:
        """Finish what is in hand, for a while; what is not begun waits in the inbox."""
        workers = list(self._workers.values())
        if workers:
            _, late = await asyncio.wait(workers, timeout=GRACE_SECONDS)
            for worker in late:
                worker.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _call(self, chat: int) -> None:
        if chat not in self._workers and not self._stop.ordered:
            self._workers[chat] = asyncio.create_task(self._work(chat))

    async def _work(self, chat: int) -> None:
        try:
            while not self._stop.ordered and (waiting := await self._insist(lambda: self._inbox.next(chat))):
                await self._see_to(waiting)
        except Stopped:
            pass  # what it was about is in the inbox
        finally:
            del self._workers[chat]

    async def _see_to(self, waiting: Waiting) -> None:
        try:
            await self._handle(waiting)
        except StoreError as error:
            logger.error("%s", error)
            await self._stop.pause(RETRY_SECONDS)
            return  # it still waits, and is seen to again
        await self._insist(lambda: self._inbox.mark_answered(waiting.id))

    async def _insist(self, do: Callable[[], T]) -> T:
        """Use the inbox until it can be used: a mark that is not written would mean a second answer."""
        for pause in pauses():
            try:
                return do()
            except StoreError as error:
                logger.error("%s", error)
            await self._stop.pause(pause)
        raise AssertionError("pauses never end")
