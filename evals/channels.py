"""Ways to put a case's turns to the assistant: straight to the core, or through a channel that patrons use."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from assistant.ask import Librarian, ask
from assistant.errors import SettingsError
from assistant.schema import Reply, Turn
from evals.cases import Case

SECONDS = 60.0  # that a reply may take
BUSY = {429, 503}  # the service asks to come again
TRIES = 5
START = "start `shyraq serve` there, or let SHYRAQ_CORE_URL name where it is"

CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
# What a patron sees of the last answer, as a reply.
SEEN = """article => {
  const citations = [...article.querySelectorAll("details")].map((one) => ({
    n: Number(one.dataset.n), id: one.dataset.id, title: one.querySelector(".source-title").textContent,
    source: one.querySelector(".origin").textContent, url: one.querySelector("a")?.href ?? null,
    quote: one.querySelector("blockquote").textContent,
  }));
  const next = article.nextElementSibling;
  return { language: article.lang, status: article.dataset.status, answer: article.querySelector(".body").innerText,
    citations, suggestions: next ? [...next.querySelectorAll("button")].map((one) => one.innerText) : [] };
}"""

Channel = Callable[[Case], tuple[Reply, float]]  # the reply to the last turn, and the milliseconds it took


def through_core(librarian: Librarian) -> Channel:
    """Every case a conversation of its own, in this process."""

    def put(case: Case) -> tuple[Reply, float]:
        history: list[Turn] = []
        for message in case.turns:
            began = time.perf_counter()
            history.append(ask(message, language=None, history=history, librarian=librarian))
        return history[-1].reply, 1000 * (time.perf_counter() - began)

    return put


def through_api(client: httpx.Client) -> Channel:
    """The same over HTTP; raises SettingsError where no Shyraq answers at the client's address."""

    def put(case: Case) -> tuple[Reply, float]:
        conversation = None
        for message in case.turns:
            began = time.perf_counter()
            reply = _posted(client, {"message": message, "conversation_id": conversation})
            conversation = reply["conversation_id"]
        return Reply.model_validate(reply), 1000 * (time.perf_counter() - began)

    return put


@contextmanager
def through_widget(url: str) -> Iterator[Channel]:
    """The same in the widget, typed in Chromium and read off the screen; raises SettingsError as through the API."""
    with _chat(url) as page:

        def put(case: Case) -> tuple[Reply, float]:
            page.locator('[data-name="new"]').click()
            for number, message in enumerate(case.turns, 1):
                page.locator("#question").fill(message)
                began = time.perf_counter()
                page.locator("#question").press("Enter")
                page.locator(f"article.answer[data-status] >> nth={number - 1}").wait_for(timeout=1000 * SECONDS)
                milliseconds = 1000 * (time.perf_counter() - began)
            return Reply.model_validate(page.locator("article.answer").last.evaluate(SEEN)), milliseconds

        yield put


@contextmanager
def _chat(url: str) -> Iterator[Any]:
    """The page of a service that has nothing but the chat."""
    with chromium() as browser:
        from playwright.sync_api import Error

        try:
            page = browser.new_page()
            page.goto(f"{url.rstrip('/')}/embed")
            yield page
        except Error as error:
            reason = str(error).splitlines()[0]
            raise SettingsError(f"no answer in the widget of {url} ({reason}); {START}") from error


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; raises SettingsError where there is none to drive, or nothing to drive it with."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise SettingsError("asking in the widget needs Playwright, which `make test` installs") from error
    program = shutil.which("chromium")
    if not program:
        raise SettingsError("asking in the widget needs Chromium, which `make test` installs on Debian")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM)
        yield browser
        browser.close()


def _posted(client: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    try:
        for again in range(1, TRIES + 1):
            response = client.post("/api/chat", json=body, timeout=SECONDS)
            if response.status_code not in BUSY or again == TRIES:
                break
            time.sleep(float(response.headers.get("Retry-After", again)))
        found: dict[str, Any] = response.raise_for_status().json()
    except (httpx.HTTPError, ValueError) as error:
        raise SettingsError(f"no Shyraq answers at {client.base_url} ({error}); {START}") from error
    return found
