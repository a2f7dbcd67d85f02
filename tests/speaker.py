"""A server on loopback that speaks the OpenAI protocol, and says or does whatever a test wants."""

import json
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from assistant.sentences import sentences
from assistant.writer import mark

Asked = dict[str, Any]  # the body of a request
Behave = Callable[["Line", Asked], None]
_EVIDENCE = re.compile(r"⟦(\d+)⟧\n\[\d+\] [^\n]*?: (.*?)\n⟦/\1⟧", re.DOTALL)


class Line(BaseHTTPRequestHandler):
    """One request: `behave` answers it with the methods below."""

    server: "Speaker"
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer as the test wants."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append(asked)
        self.close_connection = True
        try:
            self.server.behave(self, asked)
        except (BrokenPipeError, ConnectionResetError):
            self.server.broken.set()  # whoever asked has gone

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def fail(self, status: int, body: str = '{"error": {"message": "no"}}', **headers: str) -> None:
        """A reply that is no answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def begin(self) -> None:
        """The head of a stream, whose end is the connection's."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()

    def raw(self, text: str) -> None:
        """Bytes of a stream as they are."""
        self.wfile.write(text.encode())
        self.wfile.flush()

    def piece(self, text: str, finish: str | None = None) -> None:
        """The next words."""
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
        chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
        self.raw(f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n")

    def say(self, text: str, finish: str = "stop", size: int = 16) -> None:
        """A whole answer in pieces, with its usage."""
        self.begin()
        for start in range(0, len(text), size):
            self.piece(text[start : start + size])
        self.piece("", finish)
        usage = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
        chunk = {
            "id": "c",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": "m",
            "choices": [],
            "usage": usage,
        }
        self.raw(f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n")


class Speaker(ThreadingHTTPServer):
    """The server; `asked` are the requests so far, `broken` is set once a reader has gone."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, behave: Behave) -> None:
        super().__init__(("127.0.0.1", 0), Line)
        self.behave, self.broken = behave, threading.Event()
        self.asked: list[Asked] = []

    @property
    def url(self) -> str:
        """Its root, as SHYRAQ_LLM_BASE_URL has it."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


@contextmanager
def speaking(behave: Behave) -> Iterator[Speaker]:
    """A server that behaves so."""
    server = Speaker(behave)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def says(text: str, finish: str = "stop") -> Behave:
    """Always the same answer."""
    return lambda line, _: line.say(text, finish)


def evidence(asked: Asked) -> list[tuple[int, str]]:
    """The numbered evidence of a request."""
    return [(int(number), quote) for number, quote in _EVIDENCE.findall(asked["messages"][-1]["content"])]


def copies(line: Line, asked: Asked) -> None:
    """What the best of models may do: all of the evidence, each sentence with its number behind the full stop."""
    line.say("\n\n".join(" ".join(f"{part} [{n}]" for part in sentences(quote)) for n, quote in evidence(asked)))


def marks(quotes: Sequence[tuple[int, str]]) -> str:
    """Evidence as the built-in writer has it."""
    return "\n\n".join(mark(quote, n) for n, quote in quotes)
