"""A stand-in for Telegram's Bot API over real HTTP, with patrons to speak for: for evals and tests without Telegram.

It keeps what the real one keeps of what bots rely on: an update stays until a later offset confirms it, a request for
updates is held until there are some, of two that ask the first gets 409, a webhook is called with its secret until it
answers 2xx, and texts, markup and the rate of messages have limits. Faults are made on order.
"""

import asyncio
import json
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl

import httpx
import uvicorn
from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

TOKEN = "123456:stand-in"
BOT = {"id": 123456, "is_bot": True, "first_name": "Шырақ", "username": "ShyraqTestBot"}
TEXT_LIMIT, DATA_LIMIT, PER_SECOND = 4096, 64, 30
SENT = ("sendMessage", "editMessageText", "sendMessageDraft")
TAGS = {"b", "i", "u", "s", "code", "pre", "a", "blockquote"}
ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
STEP = 0.01  # seconds between two looks at whether something has come

Body = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """How one call goes wrong: a status, a delay before it, or a connection cut, before or after the call is done."""

    status: int = 0
    description: str = "made on order"
    retry_after: int | None = None
    seconds: float = 0
    cut: bool = False
    done: bool = False


@dataclass
class Chat:
    """A chat as its people see it: the bot's messages, oldest first, and what was shown over it."""

    messages: list[Body] = field(default_factory=list)
    drafts: list[str] = field(default_factory=list)
    toasts: list[str] = field(default_factory=list)
    blocked: bool = False


class BotApi:
    """One bot's Telegram. Its methods are those of patrons, and safe in any thread."""

    def __init__(self, without: tuple[str, ...] = ()) -> None:
        self.calls: list[tuple[str, Body]] = []
        self.refused: list[str] = []
        self.chats: dict[int, Chat] = defaultdict(Chat)
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.updates: dict[int, Body] = {}
        self.webhook: Body = {}
        self.delivered: list[tuple[int, int]] = []
        self._without = without
        self._pending: deque[Body] = deque()
        self._next_update, self._next_message = 1000, 1
        self.closed = False
        self._polls = 0
        self._sent: deque[float] = deque()
        self._lock = threading.RLock()

    # --- What patrons do ---

    def say(self, chat: int, text: str, *, language: str | None = "ru", person: int | None = None, **more: Any) -> int:
        """Write to the bot; the number of the update. `more` are further fields of the message."""
        return self.update(message=self._message(chat, person or chat, language, text=text, **more))

    def send(self, chat: int, *, language: str = "ru", **content: Any) -> int:
        """Send something that is not text, such as voice={…}."""
        return self.update(message=self._message(chat, chat, language, **content))

    def press(self, chat: int, data: str, *, message: Body | None = None, language: str = "ru") -> int:
        """Press the button with this data under the last message that has it."""
        found = message or next(m for m in reversed(self.chats[chat].messages) if data in buttons(m))
        pressed = {key: value for key, value in found.items() if key != "html"}
        press = {"id": str(self._next_update), "from": _person(chat, language), "chat_instance": "1", "data": data}
        return self.update(callback_query={**press, "message": pressed})

    def update(self, **content: Any) -> int:
        """Any update."""
        with self._lock:
            number = self._next_update
            self._next_update += 1
            self.updates[number] = {"update_id": number, **content}
            self._pending.append(self.updates[number])
        return number

    def repeat(self, number: int) -> None:
        """Send an update once more."""
        with self._lock:
            self._pending.append(self.updates[number])

    def wait(self, done: Callable[[], object], seconds: float = 20) -> None:
        """Wait until something holds; an AssertionError where it does not come to that."""
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, f"waited in vain; the last calls: {self.calls[-5:]}"
            time.sleep(STEP)

    def messages(self, chat: int, count: int = 1, seconds: float = 20) -> list[Body]:
        """The bot's messages in a chat, once there are `count` of them."""
        self.wait(lambda: len(self.chats[chat].messages) >= count, seconds)
        return self.chats[chat].messages

    def _message(self, chat: int, person: int, language: str | None, **content: Any) -> Body:
        with self._lock:
            number = self._next_message
            self._next_message += 1
        where = {"id": chat, "type": "private", "first_name": "Айгүл"}
        if chat < 0:
            where = {"id": chat, "type": "supergroup", "title": "Оқырмандар"}
        return {
            "message_id": number, "date": int(time.time()), "chat": where, "from": _person(person, language), **content
        }  # fmt: skip

    # --- What the bot calls ---

    async def call(self, method: str, body: Body) -> Response:
        """One call of a method, with the fault that was ordered for it, if any."""
        self.calls.append((method, body))
        fault = self.faults[method].popleft() if self.faults[method] else Fault()
        await asyncio.sleep(fault.seconds)
        if fault.status:
            extra = {"parameters": {"retry_after": fault.retry_after}} if fault.retry_after is not None else {}
            return _refusal(fault.status, fault.description, **extra)
        if fault.cut:
            if fault.done:
                await self._answer(method, body)
            return _Cut()
        return await self._answer(method, body)

    async def _answer(self, method: str, body: Body) -> Response:
        if method == "getUpdates":
            return await self._get_updates(body)
        does: dict[str, Callable[[Body], Response]] = {
            "getMe": lambda _: _result(BOT),
            "sendMessage": self._send,
            "editMessageText": self._edit,
            "editMessageReplyMarkup": self._edit,
            "sendMessageDraft": self._draft,
            "sendChatAction": self._act,
            "answerCallbackQuery": self._toast,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._set_webhook,
            "setMyCommands": lambda _: _result(True),
            "setMyDescription": lambda _: _result(True),
        }
        if method not in does or method in self._without:
            return _refusal(404, "Not Found")
        with self._lock:
            response = does[method](body)
        if response.status_code >= 400:
            self.refused.append(f"{method}: {bytes(response.body).decode()}")
        return response

    async def _get_updates(self, body: Body) -> Response:
        if self.webhook:
            return _refusal(409, "Conflict: can't use getUpdates method while webhook is active")
        self._polls += 1
        mine, deadline = self._polls, time.monotonic() + float(body.get("timeout", 0))
        with self._lock:
            while self._pending and self._pending[0]["update_id"] < int(body.get("offset", 0)):
                self._pending.popleft()
        while not self._pending and time.monotonic() < deadline and mine == self._polls and not self.closed:
            await asyncio.sleep(STEP)
        if mine != self._polls:
            return _refusal(409, "Conflict: terminated by other getUpdates request; make sure that only one runs")
        return _result(list(self._pending)[: int(body.get("limit", 100))])

    def _send(self, body: Body) -> Response:
        refusal = self._refused(body) or self._too_fast()
        if refusal:
            return refusal
        chat = int(body["chat_id"])
        sent = self._message(chat, chat, "", **_content(body), **{"from": BOT})
        self.chats[chat].messages.append(sent)
        return _result({key: value for key, value in sent.items() if key != "html"})

    def _edit(self, body: Body) -> Response:
        refusal = self._refused(body) if "text" in body else None
        if refusal:
            return refusal
        sent = self.chats[int(body["chat_id"])].messages
        found = next((message for message in sent if message["message_id"] == int(body["message_id"])), None)
        if found is None:
            return _refusal(400, "Bad Request: message to edit not found")
        changed = {key: value for key, value in found.items() if key != "reply_markup"} | _content(body)
        if changed == found:
            return _refusal(400, "Bad Request: message is not modified")
        found.clear()
        found.update(changed)
        return _result({key: value for key, value in found.items() if key != "html"})

    def _draft(self, body: Body) -> Response:
        refusal = self._refused(body)
        if refusal is None:
            self.chats[int(body["chat_id"])].drafts.append(plain(body["text"]))
        return refusal or _result(True)

    def _act(self, body: Body) -> Response:
        return self._closed(body) or _result(True)

    def _toast(self, body: Body) -> Response:
        if len(body.get("text", "")) > 200:
            return _refusal(400, "Bad Request: MESSAGE_TOO_LONG")
        self.chats[0].toasts.append(body.get("text", ""))
        return _result(True)

    def _set_webhook(self, body: Body) -> Response:
        self.webhook = body if body.get("url") else {}
        return _result(True)

    def _closed(self, body: Body) -> Response | None:
        if self.chats[int(body["chat_id"])].blocked:
            return _refusal(403, "Forbidden: bot was blocked by the user")
        return None

    def _refused(self, body: Body) -> Response | None:
        """Why Telegram would not take a text, if it would not."""
        try:
            text = plain(body["text"]) if body.get("parse_mode") == "HTML" else body["text"]
        except ValueError as error:
            return _refusal(400, f"Bad Request: can't parse entities: {error}")
        if not text.strip():
            return _refusal(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > TEXT_LIMIT:
            return _refusal(400, "Bad Request: message is too long")
        if any(len(data.encode()) > DATA_LIMIT for data in buttons(_content(body))):
            return _refusal(400, "Bad Request: BUTTON_DATA_INVALID")
        return self._closed(body)

    def _too_fast(self) -> Response | None:
        now = time.monotonic()
        while self._sent and self._sent[0] < now - 1:
            self._sent.popleft()
        if len(self._sent) >= PER_SECOND:
            return _refusal(429, "Too Many Requests: retry after 1", parameters={"retry_after": 1})
        self._sent.append(now)
        return None

    # --- How the webhook is called ---

    async def deliver(self) -> None:
        """Call the webhook with what waits, one after the other, each until it answers 2xx."""
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            while True:
                if not (self.webhook and self._pending):
                    await asyncio.sleep(STEP)
                elif await self._delivered(client, self._pending[0]):
                    with self._lock:
                        self._pending.popleft()
                else:
                    await asyncio.sleep(10 * STEP)

    async def _delivered(self, client: httpx.AsyncClient, update: Body) -> bool:
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.webhook.get("secret_token", "")}
        try:
            response = await client.post(self.webhook["url"], json=update, headers=headers)
        except httpx.HTTPError:
            return False
        self.delivered.append((update["update_id"], response.status_code))
        return response.is_success


@contextmanager
def serving(api: BotApi, port: int = 0) -> Iterator[str]:
    """The API behind uvicorn on 127.0.0.1; its root."""
    app = FastAPI(openapi_url=None)

    @app.api_route("/bot{token}/{method}", methods=["GET", "POST"])
    async def call(token: str, method: str, request: Request) -> Response:
        if token != TOKEN:
            return _refusal(401, "Unauthorized")
        try:
            raw = await request.body()
        except ClientDisconnect:  # the bot was killed in the middle of a call
            return _refusal(400, "Bad Request")
        return await api.call(method, _body(raw, request.headers.get("content-type", "")))

    config = uvicorn.Config(app, port=port, log_config=None, access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)

    async def serve() -> None:
        delivering = asyncio.create_task(api.deliver())
        await server.serve()
        delivering.cancel()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the stand-in did not start"
            time.sleep(STEP)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        api.closed = server.should_exit = True
        thread.join()


def buttons(message: Body) -> dict[str, str]:
    """What the buttons under a message say, by their data."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", [])
    return {button["callback_data"]: button["text"] for row in rows for button in row}


def plain(html: str) -> str:
    """The text of Telegram's HTML; raises ValueError where Telegram would refuse it."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    if reader.open:
        raise ValueError(f'can\'t find end tag corresponding to start tag "{reader.open[-1]}"')
    return "".join(reader.text)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            raise ValueError(f'unsupported start tag "{tag}"')
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise ValueError(f'unmatched end tag "{tag}"')

    def handle_entityref(self, name: str) -> None:
        self.text.append(ENTITIES[name])

    def handle_data(self, data: str) -> None:
        if "<" in data:
            raise ValueError("unsupported start tag")
        self.text.append(data)


def _content(body: Body) -> Body:
    """What of a call makes the message: text, as sent and as read, and buttons."""
    content: Body = {"text": plain(body["text"]), "html": body["text"]} if body.get("parse_mode") == "HTML" else {}
    if "text" in body and not content:
        content = {"text": body["text"], "html": ""}
    kept = ("reply_markup", "message_thread_id", "reply_parameters")
    return content | {key: body[key] for key in kept if key in body}


def _person(number: int, language: str | None) -> Body:
    known = {"language_code": language} if language else {}
    return {"id": number, "is_bot": False, "first_name": "Айгүл", **known}


def _body(raw: bytes, kind: str) -> Body:
    """A call's parameters, from JSON or a form whose nested values are JSON."""
    if "json" in kind:
        return dict(json.loads(raw))
    return {key: _value(key, value) for key, value in parse_qsl(raw.decode(), keep_blank_values=True)}


def _value(key: str, value: str) -> Any:
    nested = key in ("reply_markup", "reply_parameters", "commands", "allowed_updates", "link_preview_options")
    return json.loads(value) if nested else value


def _result(result: object) -> Response:
    return JSONResponse({"ok": True, "result": result})


def _refusal(status: int, description: str, **more: object) -> Response:
    return JSONResponse({"ok": False, "error_code": status, "description": description, **more}, status)


class _Cut(Response):
    """A reply that ends in the middle: uvicorn closes the connection where fewer bytes come than were announced."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the beginning."""
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"100")]})
        await send({"type": "http.response.body", "body": b'{"ok": tr', "more_body": False})
