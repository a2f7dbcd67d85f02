"""Updates by Telegram calling us: one route, open to whoever knows the secret that only Telegram was told."""

import asyncio
import hashlib
import hmac
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI, Request, Response
from telegram.error import BadRequest

from assistant.errors import SettingsError, StoreError
from bots.telegram.desk import GRACE_SECONDS
from bots.telegram.means import Means
from bots.telegram.polling import WANTED

BODY_LIMIT = 256 * 1024  # bytes; an update of text has a few thousand
Take = Callable[[dict[str, Any]], None]
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


async def serve(url: str, token: str, means: Means, take: Take, listening: socket.socket) -> None:
    """Serve the webhook's address and have Telegram call it, for ever; raises SettingsError where it refuses to."""
    secret = secret_of(token)
    config = uvicorn.Config(webhook(url, secret, take), log_config=None, access_log=False, server_header=False)
    config.timeout_graceful_shutdown = int(GRACE_SECONDS)
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    try:
        await means.outbox.insist(
            lambda: means.bot.set_webhook(url, allowed_updates=WANTED, secret_token=secret, max_connections=40)
        )
        await asyncio.shield(serving)  # until this task is cancelled
    except BadRequest as error:
        raise SettingsError(f"SHYRAQ_TELEGRAM_WEBHOOK_URL: Telegram refuses {url}: {error.message}") from error
    finally:
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    """Leaves signals to us: the bot has more to finish than requests."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def secret_of(token: str) -> str:
    """The webhook's secret: the same after every start, and of no use to whoever would like to have the token."""
    return hmac.new(token.encode(), b"shyraq-telegram-webhook", hashlib.sha256).hexdigest()


def webhook(url: str, secret: str, take: Take) -> FastAPI:
    """The app that serves the public address `url`; an update is answered with 200 once it is written down."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.post(urlsplit(url).path or "/")
    async def receive(request: Request) -> Response:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            return Response(status_code=403)
        body = await _body(request.stream())
        if body is None:
            return Response(status_code=413, headers={"Connection": "close"})
        update = _update(body)
        if update is None:
            return Response(status_code=400)
        try:
            take(update)
        except StoreError:  # Telegram keeps it, and comes again
            return Response(status_code=503)
        return Response(status_code=200)

    return app


async def _body(chunks: AsyncIterator[bytes]) -> bytes | None:
    """A body, None as soon as it is known to be too large."""
    body = b""
    async for chunk in chunks:
        body += chunk
        if len(body) > BODY_LIMIT:
            return None
    return body


def _update(body: bytes) -> dict[str, Any] | None:
    """An update with a number that SQLite can hold, or None."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    number = found.get("update_id") if isinstance(found, dict) else None
    return found if type(number) is int and 0 <= number < 2**63 else None
