"""A reply as server-sent events: `meta`, `delta`…, `final`; or `error` where it fails after the stream has begun."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from assistant.contract import ChatReply

PIECE = 24  # characters at least: about four words, as people read
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


def events(reply: ChatReply) -> Iterator[bytes]:
    """The events of a finished reply; deltas join to its answer, `final` is the JSON that others get."""
    yield _event("meta", reply.model_dump_json(include={"conversation_id", "message_id", "language", "status"}))
    for piece in pieces(reply.answer):
        yield _event("delta", json.dumps({"text": piece}, ensure_ascii=False))
    yield _event("final", reply.model_dump_json())


async def stream(work: "asyncio.Future[ChatReply]", fault: Callable[[Exception], str]) -> AsyncIterator[bytes]:
    """The events of a reply that is still being made; `fault` tells an error as JSON."""
    while not (await asyncio.wait({work}, timeout=PING_SECONDS))[0]:
        yield KEEPALIVE_COMMENT
    try:
        reply = work.result()
    except Exception as error:  # the status line is gone: all that is left is to say so in the stream
        yield _event("error", fault(error))
        return
    for event in events(reply):
        yield event


def _event(name: str, data: str) -> bytes:
    return format_sse_event(event=name, data_str=data)
