"""A reply as server-sent events: `meta`, `delta`…, `final`; or `error` where it fails after the stream has begun."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from assistant.contract import ChatReply
from assistant.knowledge import Language

PIECE = 24  # characters at least: about four words, as people read
PATIENCE = 1.0  # seconds that a stream waits to see whether it can still fail with a proper HTTP status
PING_SECONDS = 15  # proxies drop silent streams, commonly after 60


def pieces(text: str) -> Iterator[str]:
    """`text` cut before words into pieces that join to the very same text."""
    piece = ""
    for word in re.split(r"(?<=\s)(?=\S)", text):
        piece += word
        if len(piece) >= PIECE:
            yield piece
            piece = ""
    if piece:
        yield piece


@dataclass(frozen=True)
class Heard:
    """The next words of an answer that is still being written."""

    language: Language
    text: str


class Ear:
    """Where a thread that answers puts what it has written so far, and a stream waits for it."""

    def __init__(self) -> None:
        self._loop, self._heard, self._begun = asyncio.get_running_loop(), asyncio.Queue[Heard](), asyncio.Event()

    def tell(self, language: Language, text: str) -> None:
        """Put the next words, from any thread."""
        self._loop.call_soon_threadsafe(self._hear, Heard(language, text))

    async def begun(self, work: "asyncio.Future[Any]") -> None:
        """Wait until there are words or the work is done, PATIENCE at most; raises what it has failed with by then."""
        first = asyncio.ensure_future(self._begun.wait())
        either: set[asyncio.Future[Any]] = {first, work}
        try:
            await asyncio.wait(either, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        finally:
            first.cancel()
        if work.done():
            work.result()

    async def words(self, work: "asyncio.Future[Any]") -> AsyncIterator[Heard | None]:
        """The words as they come, until the work is done; None after each PING_SECONDS without any."""
        while not work.done() or not self._heard.empty():
            waiting = asyncio.ensure_future(self._heard.get())
            either: set[asyncio.Future[Any]] = {waiting, work}
            try:
                done, _ = await asyncio.wait(either, timeout=PING_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not waiting.done():  # also where the reader has gone
                    waiting.cancel()
            if waiting in done:
                yield waiting.result()
            elif not done:
                yield None

    def _hear(self, heard: Heard) -> None:
        self._heard.put_nowait(heard)
        self._begun.set()


def events(reply: ChatReply, begun: str = "") -> Iterator[bytes]:
    """The events of a finished reply of which `begun` has been sent; deltas join to its answer, `final` is the JSON."""
    if not begun:
        yield _event("meta", reply.model_dump_json(include={"conversation_id", "message_id", "language", "status"}))
    for piece in pieces(reply.answer[len(begun) :]):
        yield _delta(piece)
    yield _event("final", reply.model_dump_json())


async def stream(
    work: "asyncio.Future[ChatReply]", ear: Ear, ids: tuple[str, str], fault: Callable[[Exception], str]
) -> AsyncIterator[bytes]:
    """The events of a reply that is still being made; `fault` tells an error as JSON."""
    begun = ""
    async for heard in ear.words(work):
        if heard is None:
            yield KEEPALIVE_COMMENT
            continue
        if not begun:
            # Only what evidence answers is written by a model.
            meta = {"conversation_id": ids[0], "message_id": ids[1], "language": heard.language, "status": "answered"}
            yield _event("meta", json.dumps(meta))
        begun += heard.text
        yield _delta(heard.text)
    try:
        reply = work.result()
    except Exception as error:  # the status line is gone: all that is left is to say so in the stream
        yield _event("error", fault(error))
        return
    for event in events(reply, begun):
        yield event


def _delta(text: str) -> bytes:
    return _event("delta", json.dumps({"text": text}, ensure_ascii=False))


def _event(name: str, data: str) -> bytes:
    return format_sse_event(event=name, data_str=data)
