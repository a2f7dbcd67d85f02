"""An ASGI layer: a request's body is read whole before its route, and never more of it than the limit."""

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.faults import Faults, language_of

BODY_LIMIT = 64 * 1024  # bytes


class BodyLimit:
    """Wraps an app; FastAPI itself reads a body of any size into memory. `limits`: bytes of paths with their own."""

    def __init__(self, app: ASGIApp, faults: Faults, limits: Mapping[str, int]) -> None:
        self._app, self._faults, self._limits = app, faults, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it with 413 as soon as it is known to be too large."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers, limit = Headers(scope=scope), self._limits.get(scope["path"], BODY_LIMIT)
        body = await _read(receive, limit) if _fits(headers, limit) else None
        if body is None:
            # Closing spares reading the rest.
            refusal = self._faults.reply(
                "body_too_large", 413, language_of(headers), {"Connection": "close"}, limit=limit // 1024
            )
            return await refusal(scope, receive, send)
        await self._app(scope, _replayed(body, receive), send)


def _fits(headers: Headers, limit: int) -> bool:
    """Whether the length that is announced, if any, is one within the limit."""
    length = headers.get("content-length", "0")
    return length.isascii() and length.isdigit() and len(length) < 20 and int(length) <= limit


async def _read(receive: Receive, limit: int) -> Message | None:
    """The whole body as one message (or the news that the client is gone), None where it passes the limit."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return message
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            return None
    return {"type": "http.request", "body": bytes(body), "more_body": False}


def _replayed(first: Message, receive: Receive) -> Receive:
    """A `receive` that gives `first`, then what comes after it."""
    waiting = [first]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
