"""The bot's client of the core, before servers that are none, that are busy, or that stop in the middle."""

import asyncio
import http.server
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from assistant.contract import ChatReply
from assistant.errors import CoreAway, CoreRefused
from bots.telegram.core import Begun, Core
from tests.conftest import speaking

REPLY = {
    "conversation_id": "c" * 22, "message_id": "m" * 22, "language": "kk", "status": "smalltalk", "answer": "Сәлем!",
    "citations": [], "suggestions": [],
}  # fmt: skip
META = f"event: meta\ndata: {json.dumps({'conversation_id': REPLY['conversation_id']})}\n\n"
DELTA = 'event: delta\ndata: {"text": "Сә"}\n\n'
FINAL = f"event: final\ndata: {json.dumps(REPLY, ensure_ascii=False)}\n\n"


@contextmanager
def answering(status: int, body: str, **headers: str) -> Iterator[str]:
    """A server that answers everything so; its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *given: object) -> None:
            pass

    with speaking(Handler) as address:
        yield address


def asked(address: str) -> list[Begun | str | ChatReply]:
    """What the client makes of a server."""

    async def ask() -> list[Begun | str | ChatReply]:
        core = Core(address)
        try:
            return [piece async for piece in core.ask("сөз", None, "kk")]
        finally:
            await core.close()

    return asyncio.run(ask())


def test_pieces_and_the_reply_are_read() -> None:
    with answering(200, f": ping\n\n{META}{DELTA}{FINAL}") as address:
        assert asked(address) == [Begun("c" * 22), "Сә", ChatReply.model_validate(REPLY)]


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, "<html>", "the stream ended"),
        (200, DELTA, "the stream ended"),
        (200, "event: meta\ndata: {}\n\n", "not a Shyraq core"),
        (200, DELTA + 'event: error\ndata: {"error": {"code": "internal", "message": "…"}}\n\n', "internal"),
        (200, "event: final\ndata: {}\n\n", "not a Shyraq core"),
        (200, "event: delta\ndata: {x\n\n", "not a Shyraq core"),
        (404, "<html>", "not a Shyraq core"),
        (404, "[]", "not a Shyraq core"),
        (500, "", "the core answers 500"),
        (429, "", "the core answers 429"),
    ],
)
def test_whatever_else_answers_is_no_answer_yet(status: int, body: str, reason: str) -> None:
    with answering(status, body) as address, pytest.raises(CoreAway, match=reason):
        asked(address)


def test_a_busy_core_says_when_to_come_again() -> None:
    with answering(503, "{}", Retry_After="7") as address, pytest.raises(CoreAway) as caught:
        asked(address)
    assert caught.value.retry_after == 7


def test_a_reply_cut_short_is_none() -> None:
    with answering(200, DELTA, Content_Length="1000") as address, pytest.raises(CoreAway, match="does not answer"):
        asked(address)


def test_a_refusal_keeps_the_cores_words() -> None:
    body = json.dumps({"error": {"code": "message_too_long", "message": "Тым ұзын"}})
    with answering(422, body) as address, pytest.raises(CoreRefused, match="Тым ұзын") as caught:
        asked(address)
    assert caught.value.code == "message_too_long"
