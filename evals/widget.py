"""Puts a case's turns to the assistant as a visitor of a site does: in the widget, in Chromium."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from assistant.errors import SettingsError
from assistant.schema import Reply
from evals.cases import Case
from evals.channels import SECONDS, START, Channel

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
