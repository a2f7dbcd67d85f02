"""The widget beside deep-chat, a well-known chat component, in one browser over one service, in turns.

Both stand in a page of a library's own site, of another origin than the service that answers.
"""

import gzip
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from assistant.errors import SettingsError
from evals.widget import chromium

ROUNDS = 5
PACKAGE = Path(__file__).with_name("deep-chat")  # its version and the hashes of all that it brings
BUNDLE = "node_modules/deep-chat/dist/deepChat.bundle.js"
PAGE = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Library</title>{head}<body><h1>Library</h1>{body}</html>"
)
THEIRS = """
const chat = document.querySelector("deep-chat");
chat.connect = { handler: async (body, signals) => {
  const message = body.messages.at(-1).text;
  const headers = { "Content-Type": "application/json" };
  const response = await fetch("SERVICE/api/chat", { method: "POST", headers, body: JSON.stringify({ message }) });
  const reply = await response.json();
  signals.onResponse({ text: reply.answer });
} };
"""

Figures = dict[str, float]


@dataclass(frozen=True)
class Chat:
    """One of the two: its page, where it takes questions, where it shows answers, and its bytes compressed."""

    page: str
    field: str
    answer: str
    size: int


def fetch_deep_chat(folder: Path) -> Path:
    """deep-chat's bundle, installed in `folder` by npm where it is not yet; raises SettingsError where that fails."""
    bundle = folder / BUNDLE
    if bundle.exists():
        return bundle
    npm = shutil.which("npm")
    if not npm:
        raise SettingsError("the bench of the widget needs npm (on Debian: apt-get install npm)")
    shutil.copytree(PACKAGE, folder, dirs_exist_ok=True)
    done = subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, capture_output=True)
    if done.returncode:
        raise SettingsError(f"npm could not install deep-chat: {done.stderr.decode(errors='replace')[-300:]}")
    return bundle


@contextmanager
def library_site() -> Iterator[tuple[str, dict[str, tuple[str, bytes]]]]:
    """A site's origin, and its files, to be filled: path → media type, content."""
    served: dict[str, tuple[str, bytes]] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            media_type, content = served.get(self.path, ("text/plain", b""))
            self.send_response(200 if content else 404)
            self.send_header("Content-Type", f"{media_type}; charset=utf-8")
            self.send_header("Content-Encoding", "gzip")
            self.end_headers()
            self.wfile.write(gzip.compress(content))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}", served
        server.shutdown()
        thread.join()


def measure(
    service: str, site: str, served: dict[str, tuple[str, bytes]], bundle: Path, question: str, rounds: int = ROUNDS
) -> dict[str, Figures]:
    """The medians of both; the service must allow the site."""
    chats = _chats(service, served, bundle)
    figures: dict[str, list[Figures]] = {name: [] for name in chats}
    with chromium() as browser:
        for _ in range(rounds):
            for name, chat in chats.items():
                figures[name].append(_ask(browser, site, chat, question))
    return {name: {"KB compressed": chats[name].size / 1000} | _medians(measured) for name, measured in figures.items()}


def _chats(service: str, served: dict[str, tuple[str, bytes]], bundle: Path) -> Mapping[str, Chat]:
    """Both, their pages put on the site."""
    ours = httpx.get(f"{service}/widget.js", headers={"Accept-Encoding": "gzip"}, trust_env=False)
    script = f'<script type="module" src="{service}/widget.js"></script>'
    theirs = '<script type="module" src="/deepChat.js"></script><script type="module" src="/page.js"></script>'
    served["/ours"] = ("text/html", PAGE.format(head=script, body="<shyraq-chat></shyraq-chat>").encode())
    served["/theirs"] = ("text/html", PAGE.format(head=theirs, body="<deep-chat></deep-chat>").encode())
    served["/deepChat.js"] = ("text/javascript", bundle.read_bytes())
    served["/page.js"] = ("text/javascript", THEIRS.replace("SERVICE", service).encode())
    return {
        "Shyraq": Chat("/ours", "#question", "article.answer[data-status]", int(ours.headers["content-length"])),
        "deep-chat": Chat(
            "/theirs", "#text-input", ".ai-message-text", len(gzip.compress(bundle.read_bytes(), 9, mtime=0))
        ),
    }


def _ask(browser: Any, site: str, chat: Chat, question: str) -> Figures:
    """Open the page with an empty cache and ask."""
    context = browser.new_context()
    page = context.new_page()
    began = time.perf_counter()
    page.goto(f"{site}{chat.page}", wait_until="commit")
    page.locator(chat.field).click()
    ready = time.perf_counter()
    page.keyboard.insert_text(question)
    sent = time.perf_counter()
    page.keyboard.press("Enter")
    page.locator(chat.answer).filter(has_text="[1]").wait_for()
    answered = time.perf_counter()
    context.close()
    return {"opening to typing, ms": 1000 * (ready - began), "first answer, ms": 1000 * (answered - sent)}


def _medians(measured: list[Figures]) -> Figures:
    return {figure: median(one[figure] for one in measured) for figure in measured[0]}
