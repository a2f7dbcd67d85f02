"""What tests of the widget share: pages watched for trouble, a library's own site, and a network that can fail."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from playwright.sync_api import Browser, Locator, Page

# What a careful library's site allows: its own files, and the widget's service.
STRICT = (
    "default-src 'none'; base-uri 'none'; script-src 'self' {service}; style-src 'self'; connect-src {service};"
    " frame-src {service}; require-trusted-types-for 'script'; trusted-types 'none'"
)
PAGE = '<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>Library</title>'
PAGE += '<meta name="viewport" content="width=device-width">{head}</head>'
PAGE += "<body><main><h1>Library</h1><p>Welcome</p>{body}</main></body></html>"


@contextmanager
def watched(
    browser: Browser, url: str, *, hosts: Sequence[str] = (), known: Sequence[str] = (), **context: Any
) -> Iterator[Page]:
    """A page; fails where it shows a dialog, its console an error but the `known`, or it calls hosts beside `hosts`."""
    opened = browser.new_context(**{"locale": "en-GB", **context})
    page = opened.new_page()
    troubles: list[str] = []
    page.on("console", lambda line: troubles.append(f"{line.type}: {line.text}"))
    page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
    page.on("dialog", lambda dialog: troubles.append(f"error: dialog {dialog.message}"))
    page.on("request", lambda asked: troubles.append(asked.url))
    page.goto(url)
    try:
        yield page
    finally:
        page.wait_for_timeout(0)  # lets the last events come in
        opened.close()
    harmless = (str(httpx.URL(url).join("/")), *hosts, "data:", "log:", "info:", *(f"error: {text}" for text in known))
    found = [trouble for trouble in troubles if not trouble.startswith(harmless)]
    assert not found, found


def ask(page: Page, text: str, chat: str = "shyraq-chat") -> Locator:
    """Ask as a patron does; the article that will hold the answer."""
    page.locator(f"{chat} #question").fill(text)
    page.locator(f"{chat} #question").press("Enter")
    return page.locator(f"{chat} article.answer").last


class Site:
    """A library's own site on a port of its own, so of another origin than the service that its pages embed."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, str]] = {}  # path → HTML, Content-Security-Policy
        pages = self.pages

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                html, policy = pages.get(self.path, ("", "default-src 'none'"))
                self.send_response(200 if html else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                self.wfile.write(html.encode())

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def add(self, path: str, service: str, *, language: str = "en", head: str = "", body: str = "") -> str:
        """A page under a strict policy; its address."""
        html = PAGE.format(language=language, head=head, body=body)
        self.pages[path] = (html, STRICT.format(service=service))
        return self.origin + path

    def line(self, path: str, service: str, language: str = "en", **data: str) -> str:
        """A page with the line that the README gives; its address."""
        given = "".join(f' data-{name}="{value}"' for name, value in data.items())
        head = f'<script type="module" src="{service}/widget.js"{given}></script>'
        return self.add(path, service, language=language, head=head)

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def site() -> Iterator[Site]:
    """A site, closed in the end."""
    served = Site()
    yield served
    served.close()


class Proxy:
    """Passes bytes on to a service; what holds `marker` is held there, until it is released or cut off."""

    def __init__(self, port: int) -> None:
        self.marker: bytes | None = None
        self.released = threading.Event()
        self._upstream = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self._ends: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, far = self._listening.accept()[0], socket.create_connection(("127.0.0.1", self._upstream))
                self._ends += [near, far]
                for one, other, watch in ((near, far, False), (far, near, True)):
                    threading.Thread(target=self._pass_on, args=(one, other, watch), daemon=True).start()

    def _pass_on(self, one: socket.socket, other: socket.socket, watch: bool) -> None:
        with suppress(OSError):  # either side has gone
            while data := one.recv(65536):
                if watch and self.marker and self.marker in data:
                    place = data.index(self.marker)
                    other.sendall(data[:place])
                    self.released.wait(30)
                    data = data[place:]
                other.sendall(data)
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Break every connection, as a network does; new ones are passed on whole."""
        self.marker = None
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self.released.set()

    def close(self) -> None:
        """Break every connection, and take no more."""
        self.cut()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        for end in (self._listening, *self._ends):
            end.close()


@contextmanager
def proxy(port: int) -> Iterator[Proxy]:
    """A proxy before the service on `port`, closed in the end."""
    between = Proxy(port)
    yield between
    between.close()
