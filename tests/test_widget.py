"""The page and its widget in a real browser: Debian's Chromium, under the pages' own Content-Security-Policy."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from assistant.knowledge import Language
from assistant.schema import Citation, Focus, Reply, Turn
from tests.conftest import Serve

HOSTILE = """<img src=x onerror=alert(1)> <script>alert(1)</script> **<b>x</b>** [x](javascript:alert(1))
[y](https://evil.example/"onclick="alert(1)) [z](data:text/html,x)
- <svg onload=alert(1)>
| <i>a</i> | b |
|---|---|
| [1] | [7] |"""


ALLOWED = {"a", "article", "button", "details", "div", "li", "ol", "p", "small", "span", "strong", "summary"}
ALLOWED |= {"table", "tbody", "td", "th", "thead", "tr", "ul"}


def hostile(message: str, language: Language | None, history: Sequence[Turn]) -> Turn:
    cited = Citation(n=1, id="x", title="<b>t</b>", source="<u>s</u>", url="javascript:alert(1)", quote="<i>q</i>")
    reply = Reply(language="en", status="answered", answer=HOSTILE, citations=(cited,), suggestions=("<a>n</a>",))
    return Turn(message=message, reply=reply, focus=Focus())


@contextmanager
def opened(browser: Browser, client: httpx.Client, path: str = "/", locale: str = "en") -> Iterator[Page]:
    """A page; fails where its console shows an error or it calls any other host."""
    context = browser.new_context(locale=locale)
    page = context.new_page()
    troubles: list[str] = []
    page.on("console", lambda line: troubles.append(f"{line.type}: {line.text}"))
    page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
    page.on("dialog", lambda dialog: troubles.append(f"error: dialog {dialog.message}"))
    page.on("request", lambda asked: troubles.append(asked.url))
    page.goto(f"{client.base_url}{path}")
    yield page
    harmless = (
        str(client.base_url),
        "data:",
        "log:",
        "info:",
        "error: Failed to load resource: net::ERR_INTERNET_DISC",
    )
    assert [trouble for trouble in troubles if not trouble.startswith(harmless)] == []
    context.close()


def ask(page: Page, text: str) -> None:
    page.get_by_role("textbox").fill(text)
    page.keyboard.press("Enter")


def test_a_patron_asks_and_reads_the_sources(browser: Browser, client: httpx.Client) -> None:
    with opened(browser, client) as page:
        ask(page, "Hello")
        log = page.get_by_role("log")
        expect(log.locator("strong")).to_have_text("қоры")
        expect(log.locator("article").last.locator("ul li")).to_have_count(2)
        log.get_by_role("button", name="[1]").first.click()
        expect(log.locator("details ol li").first).to_be_focused()
        expect(log.locator("article[data-ai-generated]")).to_have_attribute("lang", "en")


def test_suggestions_go_on_with_the_conversation(browser: Browser, client: httpx.Client) -> None:
    with opened(browser, client) as page:
        ask(page, "Hello")
        page.get_by_role("button", name="Ал Қарағанды ше?").click()
        expect(page.get_by_role("log")).to_contain_text("Ёлка — ағаш. (1)")


def test_a_reload_keeps_the_conversation_and_deleting_ends_it(browser: Browser, client: httpx.Client) -> None:
    with opened(browser, client) as page:
        ask(page, "Hello")
        expect(page.get_by_role("log")).to_contain_text("(0)")
        page.reload()
        expect(page.get_by_role("log")).to_contain_text("(0)")
        conversation = page.evaluate("sessionStorage.getItem('shyraq-conversation')")
        with page.expect_response(lambda response: response.request.method == "DELETE"):
            page.get_by_role("button", name="Delete the chat").click()
        assert client.get(f"/api/conversations/{conversation}").status_code == 404
        expect(page.get_by_role("log")).not_to_contain_text("(0)")
        ask(page, "Again")
        expect(page.get_by_role("log")).to_contain_text("(0)")


@pytest.mark.parametrize(
    ("locale", "send"), [("kk-KZ", "Жіберу"), ("ru-RU", "Отправить"), ("en-GB", "Send"), ("de-DE", "Жіберу")]
)
def test_it_speaks_the_browsers_language(browser: Browser, client: httpx.Client, locale: str, send: str) -> None:
    with opened(browser, client, locale=locale) as page:
        expect(page.get_by_role("button", name=send)).to_be_visible()
        page.get_by_role("combobox").select_option("ru")
        expect(page.get_by_role("button", name="Отправить")).to_be_visible()


def test_a_fault_is_told_and_the_question_is_kept(browser: Browser, serve: Serve) -> None:
    with serve() as client, opened(browser, client) as page:
        page.context.set_offline(True)
        ask(page, "Hello")
        expect(page.get_by_role("status")).to_contain_text("cannot be reached")
        expect(page.get_by_role("textbox")).to_have_value("Hello")


def test_what_an_answer_holds_never_becomes_html(browser: Browser, serve: Serve) -> None:
    with serve(answer=hostile) as client, opened(browser, client) as page:
        ask(page, "<img src=x onerror=alert(1)>")
        log = page.get_by_role("log")
        expect(log).to_contain_text("<svg onload")
        tags = log.evaluate("log => [...new Set([...log.querySelectorAll('*')].map(node => node.localName))].sort()")
        assert set(tags) <= ALLOWED
        links = log.evaluate("log => [...log.querySelectorAll('a')].map(link => link.protocol)")
        assert set(links) <= {"https:"}
        names = log.evaluate("log => [...log.querySelectorAll('*')].flatMap(node => node.getAttributeNames())")
        assert not [name for name in names if name.startswith("on")]


def test_documentation_needs_no_other_host(browser: Browser, client: httpx.Client) -> None:
    with opened(browser, client, "/docs") as page:
        expect(page.get_by_text("/api/chat", exact=True)).to_be_visible()
        page.get_by_text("/api/health", exact=True).click()
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Execute").click()
        expect(page.locator(".live-responses-table")).to_contain_text('"ok"')
