"""An ASGI layer: a request's body is read whole before its route, and never more of it than the limit."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.faults import Faults, language_of

BODY_LIMIT = 64 * 1024  # bytes


class BodyLimit:
    """Wraps an app; FastAPI itself reads a body of any size into memory."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app, self._faults = app, faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it with 413 as soon as it is known to be too large."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = Headers(scope=scope)
        body = None if _announced(headers) > BODY_LIMIT else await _read(receive)
        if body is None:
            # Closing spares reading the rest.
            refusal = self._faults.reply(
                "body_too_large", 413, language_of(headers), {"Connection": "close"}, limit=BODY_LIMIT // 1024
            )
            return await refusal(scope, receive, send)
        await self._app(scope, _replayed(body, receive), send)


def _announced(headers: Headers) -> int:
    length = headers.get("content-length", "0")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else BODY_LIMIT + 1


async def _read(receive: Receive) -> Message | None:
    """The whole body as one message (or the news that the client is gone), None where it passes the limit."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return message
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > BODY_LIMIT:
            return None
    return {"type": "http.request", "body": bytes(body), "more_body": False}


def _replayed(first: Message, receive: Receive) -> Receive:
    """A `receive` that gives `first`, then what comes after it."""
    waiting = [first]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay
