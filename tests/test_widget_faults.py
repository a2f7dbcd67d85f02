"""The widget when things go wrong: servers that die, networks that fail, answers that attack."""

import random
import re
import socket
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from assistant.errors import IndexUnavailable
from assistant.knowledge import Language
from assistant.schema import Citation, Focus, Reply, Turn
from assistant.settings import ROOT
from tests.conftest import Serve, stand_in
from tests.web import Proxy, ask, proxy, site, watched

FAILED = "Failed to load resource"


@contextmanager
def behind_proxy(browser: Browser, serve: Serve, **context: str) -> Iterator[tuple[Page, Proxy, httpx.Client]]:
    """The chat of a stand-in service, in a page behind a proxy that can fail."""
    with serve() as client:
        port = client.base_url.port
        assert port
        with proxy(port) as between, watched(browser, f"{between.origin}/embed", known=[FAILED], **context) as page:
            yield page, between, client


def asked(client: httpx.Client, page: Page) -> list[str]:
    """What the service was asked in the page's conversation."""
    identity = page.evaluate("JSON.parse(Object.values(sessionStorage)[0]).conversation")
    return [kept["message"] for kept in client.get(f"/api/conversations/{identity}").json()["messages"]]


# --- servers ------------------------------------------------------------------------------------------------------


def test_two_times_503_then_an_answer(browser: Browser, serve: Serve) -> None:
    failures = [IndexUnavailable("not yet"), IndexUnavailable("not yet")]

    def answer(message: str, language: Language | None, history: Sequence[Turn]) -> Turn:
        if failures:
            raise failures.pop()
        return stand_in(message, language, history)

    with serve(answer=answer) as client, watched(browser, f"{client.base_url}/embed", known=[FAILED]) as page:
        reply = ask(page, "Hello")
        expect(page.locator(".status")).to_have_text("The server did not answer. Trying again (2/6)…")
        expect(page.locator(".status")).to_have_text("The server did not answer. Trying again (3/6)…")
        expect(reply).to_contain_text("Ёлка — ағаш. (0)")
        expect(page.locator(".status")).to_be_empty()


SERVICE = """
import sys, time
from pathlib import Path
import uvicorn
from assistant.app import create_app
from assistant.contract import Ready
from assistant.core import Core
from assistant.schema import Focus, Reply, Turn
from assistant.settings import read_settings
folder, port, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
def answer(message, *_):
    time.sleep(seconds)
    reply = Reply(language="en", status="unknown", answer="Back again.")
    return Turn(message=message, reply=reply, focus=Focus())
core = Core(answer, lambda: Ready(index="x", passages={}))
app = create_app(read_settings(_env_file=None, data_dir=folder), lambda: core)
print("made", flush=True)
sys.stdin.readline()
uvicorn.run(app, port=port, log_level="error")
"""


class Service:
    """A service in a process of its own, which can be killed; made at once, it listens when told to `begin`."""

    def __init__(self, folder: Path, port: int, seconds: float) -> None:
        command = [sys.executable, "-c", SERVICE, str(folder), str(port), str(seconds)]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._port = port

    def begin(self) -> None:
        """Listen; returns when it answers."""
        assert self._process.stdin and self._process.stdout
        assert self._process.stdout.readline() == "made\n"
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        while self._process.poll() is None:
            with suppress(OSError):
                return socket.create_connection(("127.0.0.1", self._port)).close()
            time.sleep(0.02)

    def kill(self) -> None:
        """As the system does when memory runs out."""
        self._process.kill()
        self._process.communicate()


def test_a_server_killed_in_the_middle_of_a_stream_and_restarted(browser: Browser, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    first, second = Service(tmp_path, port, seconds=60), Service(tmp_path, port, seconds=0)
    with closing_all(first, second):
        first.begin()
        with watched(browser, f"http://127.0.0.1:{port}/embed", known=[FAILED]) as page:
            with page.expect_response(lambda response: response.url.endswith("/api/chat")) as begun:
                reply = ask(page, "Hello")
            assert begun.value.headers["content-type"].startswith("text/event-stream")  # it has begun, and is not done
            first.kill()
            expect(page.locator(".status")).to_contain_text("Trying again")
            second.begin()
            expect(reply).to_contain_text("Back again.", timeout=30_000)
            expect(page.locator("article.answer")).to_have_count(1)


@contextmanager
def closing_all(*services: Service) -> Iterator[None]:
    try:
        yield
    finally:
        for service in services:
            service.kill()


@pytest.mark.parametrize("question", ["Hello", "Қай?"])
def test_an_answer_cut_off_is_fetched_and_not_asked_again(browser: Browser, serve: Serve, question: str) -> None:
    with behind_proxy(browser, serve) as (page, between, client):
        between.marker = b"event: final"
        reply = ask(page, unicodedata.normalize("NFD", question))
        expect(reply).to_contain_text("Ёлка — ағаш. (0)")
        between.cut()
        expect(reply.locator("details")).to_have_count(2)
        assert asked(client, page) == [question]


def test_what_is_asked_while_the_history_loads_stands_below_it(browser: Browser, serve: Serve) -> None:
    with behind_proxy(browser, serve) as (page, between, _):
        expect(ask(page, "first")).to_have_attribute("data-status", "answered")
        between.marker = b'"messages"'
        page.reload()
        expect(ask(page, "second")).to_have_attribute("data-status", "answered")
        between.released.set()
        expect(page.locator("article.question p")).to_have_text(["first", "second"])
        expect(page.locator(".log > *").last).to_have_class("next")
        expect(page.locator(".next")).to_have_count(1)


def give_up(page: Page) -> None:
    """Let the time between the tries pass."""
    for number in range(2, 7):
        expect(page.locator(".status")).to_contain_text(f"Trying again ({number}/6)")
        page.clock.run_for(25_000)


def test_a_server_that_stays_away_is_told_and_the_question_is_kept(browser: Browser, serve: Serve) -> None:
    with serve() as client:
        url = f"{client.base_url}/embed"
        context = browser.new_context(locale="en-GB")
        page = context.new_page()
        page.clock.install()
        page.goto(url)
    ask(page, "Hello")
    give_up(page)
    failure = page.locator(".failure")
    expect(failure).to_contain_text("Shyraq cannot be reached right now. Your question is kept")
    expect(page.locator("#question")).to_have_value("Hello")
    context.close()


def test_try_again_asks_the_same_once_more(browser: Browser, serve: Serve) -> None:
    failures = [ValueError("broken")] * 6

    def answer(message: str, language: Language | None, history: Sequence[Turn]) -> Turn:
        if failures:
            raise failures.pop()
        return stand_in(message, language, history)

    with serve(answer=answer) as client, watched(browser, f"{client.base_url}/embed", known=[FAILED]) as page:
        page.clock.install()
        ask(page, "Hello")
        give_up(page)
        expect(page.locator(".failure")).to_contain_text("I am sorry, something went wrong on our side.")
        page.get_by_role("button", name="Try again").click()
        expect(page.locator("article.answer")).to_contain_text("Ёлка — ағаш. (0)")
        expect(page.locator(".failure")).to_have_count(0)


# --- networks -----------------------------------------------------------------------------------------------------


def test_offline_a_question_waits_and_is_sent_when_back(browser: Browser, client: httpx.Client) -> None:
    with watched(browser, f"{client.base_url}/embed", known=[FAILED]) as page:
        page.context.set_offline(True)
        expect(page.locator(".status")).to_have_text("You are offline.")
        reply = ask(page, "Hello")
        expect(page.locator(".status")).to_contain_text("I will send your question as soon as you are back.")
        page.context.set_offline(False)
        expect(reply).to_contain_text("Ёлка — ағаш. (0)")
        expect(page.locator(".status")).to_be_empty()


def test_a_slow_network_brings_widget_and_answer(browser: Browser, serve: Serve) -> None:
    with serve() as client, site() as library, serve(allowed_origins=library.origin) as allowed:
        service = str(allowed.base_url)
        url = library.line("/", service)
        with watched(browser, str(client.base_url) + "/favicon.svg", hosts=[service, library.origin]) as page:
            slow = {"offline": False, "latency": 600, "downloadThroughput": 12_000, "uploadThroughput": 12_000}
            page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", slow)
            page.goto(url, wait_until="commit")
            page.locator(".launcher").click()
            reply = ask(page, "Hello")
            expect(page.locator(".status")).to_have_text("Looking it up…")
            expect(reply).to_contain_text("Ёлка — ағаш. (0)", timeout=20_000)


def test_stop_ends_the_waiting_and_the_question_can_be_repeated(browser: Browser, serve: Serve) -> None:
    released = threading.Event()

    def answer(message: str, language: Language | None, history: Sequence[Turn]) -> Turn:
        released.wait(30)
        return stand_in(message, language, history)

    with serve(answer=answer) as client, watched(browser, f"{client.base_url}/embed") as page:
        ask(page, "Hello")
        page.get_by_role("button", name="Stop").click()
        expect(page.locator(".failure")).to_contain_text("The answer was stopped.")
        expect(page.locator("#question")).to_be_focused()
        released.set()
        page.get_by_role("button", name="Try again").click()
        expect(page.locator("article.answer")).to_contain_text("Ёлка — ағаш. (0)")


def test_a_long_answer_shows_while_it_comes(browser: Browser, serve: Serve) -> None:
    with behind_proxy(browser, serve) as (page, between, _):
        between.marker = b"event: final"
        reply = ask(page, "Hello")
        expect(reply).to_contain_text("Ёлка — ағаш. (0)")
        expect(page.get_by_role("log")).to_have_attribute("aria-busy", "true")
        expect(page.get_by_role("button", name="Stop")).to_be_visible()
        expect(reply.locator("details")).to_have_count(0)
        between.released.set()
        expect(reply.locator("details")).to_have_count(2)
        expect(page.get_by_role("log")).to_have_attribute("aria-busy", "false")


# --- answers ------------------------------------------------------------------------------------------------------

FUZZED, BATCH = 21_000, 7_000
PIECES = """
<script>alert(1)</script> · <img src=x onerror=alert(1)> · <svg/onload=alert(1)>
<iframe src=//evil.example> · </p> · <!--
[x](javascript:alert(1)) · [x](JaVaScRiPt:alert(1)) · [x](data:text/html,<b>) · [x](vbscript:x) · [x](//evil.example)
![x](https://evil.example/p.png) · [x](https://evil.example/"onclick="alert(1)) · [x](https://a.example/)b) · (mailto:a)
[x](mailto:a@b.example?subject=x) · [x](tel:+7717) · [x](file:///etc/passwd) · [x](blob:x) · [x](java&#10;script:x)
&lt;b&gt; · &#x3c; · **a** · ** · * · _ · `a` · ` · ``` · ~~ · # a · > a · - a · 1. a · 999999999999.
| · |a|b| · |---|---|
[1] · [999] · [1](https://a.example) · [[1]] · [ · ] · ( · ) · \\ · \\[ · https://a.example/?q=<b> · javascript:alert(1)
a@b.example · +7 717 200 00 00 · {{7*7}} · ${alert(1)} · %3Cscript%3E · 😀 · ә ғ қ ң ө ұ ү һ і
"""
ALLOWED = {
    "a": {"href", "rel", "target"},
    "blockquote": set(),
    "button": {"type", "class", "part", "aria-label"},
    "code": set(),
    "div": {"class", "role", "tabindex", "aria-label"},
    "em": set(),
    "li": set(),
    "ol": {"start"},
    "p": set(),
    "strong": set(),
    "table": set(),
    "tbody": set(),
    "td": set(),
    "th": set(),
    "thead": set(),
    "tr": set(),
    "ul": set(),
}
RENDER = """async (answers) => {
  const { blocks } = await import(document.querySelector('script[src*="widget.js"]').src);
  const holder = document.body.appendChild(document.createElement("div"));
  const found = new Set();
  for (const answer of answers) {
    holder.replaceChildren(...blocks(answer, (n) => `[${n}]`));
    for (const node of holder.querySelectorAll("*")) {
      found.add(node.localName);
      for (const name of node.getAttributeNames()) found.add(`${node.localName} ${name}`);
      if (node.localName === "a") found.add(`a ${node.protocol}`);
    }
  }
  holder.remove();
  return [...found];
}"""


def hostile_answers(count: int) -> list[str]:
    chance = random.Random(2026)
    pieces = [*re.split(r" · |\n", PIECES.strip()), *"\n\n\n\n\n \u202e\0"]
    return ["".join(chance.choices(pieces, k=chance.randint(1, 14))) for _ in range(count)]


def test_no_answer_makes_a_node_outside_the_allow_list(browser: Browser, client: httpx.Client) -> None:
    allowed = {*ALLOWED, *(f"{tag} {name}" for tag, names in ALLOWED.items() for name in names)}
    allowed |= {f"a {protocol}" for protocol in ("http:", "https:", "mailto:", "tel:")}
    answers = hostile_answers(FUZZED)
    with watched(browser, f"{client.base_url}/embed") as page:
        found: set[str] = set()
        for start in range(0, FUZZED, BATCH):
            found |= set(page.evaluate(RENDER, answers[start : start + BATCH]))
    assert found - allowed == set()
    assert {"table", "a mailto:", "a tel:", "code", "em", "strong", "ol start", "blockquote"} <= found  # it bites


def test_whole_replies_of_an_attacker_stay_text(browser: Browser, serve: Serve) -> None:
    answers = iter(hostile_answers(60))
    titles = iter(hostile_answers(10_000))

    def hostile(message: str, language: Language | None, history: Sequence[Turn]) -> Turn:
        cited = [
            Citation(n=n, id=next(titles), title=next(titles), source=next(titles), url=url, quote=next(titles))
            for n, url in enumerate(("javascript:alert(1)", "data:text/html,x", "https://a.example/"), 1)
        ]
        suggestions = tuple(next(titles) for _ in range(3))
        text = f"[1] [2] [3] {next(answers)}"
        reply = Reply(language="en", status="answered", answer=text, citations=tuple(cited), suggestions=suggestions)
        return Turn(message=message, reply=reply, focus=Focus())

    contact = "<b>x</b> javascript:alert(1)"
    with (
        serve(answer=hostile, librarian_contact=contact) as client,
        watched(browser, f"{client.base_url}/embed") as page,
    ):
        for number in range(20):
            expect(ask(page, f"<img src=x onerror=alert({number})>")).to_have_attribute("data-status", "answered")
        log = page.get_by_role("log")
        names = log.evaluate("log => [...log.querySelectorAll('*')].flatMap((node) => node.getAttributeNames())")
        assert [name for name in names if name.startswith("on") or name in ("style", "src", "srcdoc")] == []
        tags = log.evaluate("log => [...new Set([...log.querySelectorAll('*')].map((node) => node.localName))]")
        frame = "article details div h3 p path section span summary svg time ul".split()
        assert set(tags) - set(ALLOWED) - set(frame) == set()
        links = log.evaluate("log => [...new Set([...log.querySelectorAll('a')].map((link) => link.protocol))]")
        assert set(links) <= {"http:", "https:", "mailto:", "tel:"} and "https:" in links
        page.locator(".librarian summary").click()
        expect(page.locator(".contact")).to_have_text("<b>x</b> javascript:alert(1)")


MARKDOWN = {
    "**a *b* [1]** `c*`": "<p><strong>a <em>b</em> [1]</strong> <code>c*</code></p>",
    "- a\n- b\n\n1. c\n2) d": "<ul><li>a</li><li>b</li></ul><ol start='1'><li>c</li><li>d</li></ol>",
    "# a\n> b\n> c": "<p><strong>a</strong></p><blockquote>b c</blockquote>",
    "3 * 4 * 5 = 60, 2*3*4": "<p>3 * 4 * 5 = 60, 2*3*4</p>",
    "Ай (https://a.kz/b).": "<p>Ай (<a href='https://a.kz/b'>https://a.kz/b</a>).</p>",
    "a@b.kz": "<p><a href='mailto:a@b.kz'>a@b.kz</a></p>",
    "+7 7172 00-00-00": "<p><a href='tel:+77172000000'>+7 7172 00-00-00</a></p>",
    "[x](javascript:alert(1)) [y](ftp://a)": "<p>[x](javascript:alert(1)) [y](ftp://a)</p>",
    "|a|b|\n|---|:-:|\n|1|2 [1]|": "<div><table><thead><tr><th>a</th><th>b</th></tr></thead>"
    "<tbody><tr><td>1</td><td>2 [1]</td></tr></tbody></table></div>",
}
SERIALISE = """async (markdown) => {
  const { blocks } = await import(document.querySelector('script[src*="widget.js"]').src);
  const holder = document.createElement("div");
  holder.append(...blocks(markdown, (n) => `[${n}]`));
  for (const node of holder.querySelectorAll("*"))
    for (const name of node.getAttributeNames()) if (!["href", "start"].includes(name)) node.removeAttribute(name);
  return holder.innerHTML.replaceAll('"', "'");
}"""


def test_markdown_becomes_nodes(browser: Browser, client: httpx.Client) -> None:
    with watched(browser, f"{client.base_url}/embed") as page:
        assert {markdown: page.evaluate(SERIALISE, markdown) for markdown in MARKDOWN} == MARKDOWN
