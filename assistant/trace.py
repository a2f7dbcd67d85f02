"""An ASGI layer: an id for every request, a line in the log when it is done, and a reply where nothing else caught."""

import logging
import re
import secrets
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.faults import Faults, blame, language_of

GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

logger = logging.getLogger(__name__)


class Trace:
    """Wraps an app. What a route leaves in `request.state.told` (a dict) joins its log line."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app, self._faults = app, faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers, began, status = Headers(scope=scope), time.perf_counter(), 0
        given = headers.get("x-request-id", "")
        request_id = given if GIVEN_ID.fullmatch(given) else secrets.token_hex(16)
        told: dict[str, object] = {}
        scope.setdefault("state", {})["told"] = told

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception as error:  # the last resort: anything else that happens is a fault of ours
            code, fault_status = blame(error)
            if not status:  # else the reply is under way, and the server cuts it off
                reply = self._faults.reply(code, fault_status, language_of(headers))
                await reply(scope, receive, answer)
        finally:
            ms = round((time.perf_counter() - began) * 1000, 1)
            # The route's pattern, not the address: that holds keys to conversations.
            route = getattr(scope.get("route"), "path", None)
            line = {"request_id": request_id, "method": scope["method"], "route": route, "status": status, "ms": ms}
            logger.info("request", extra={"fields": {**line, **told}})
