"""The report page in a real browser: it shows a run in three languages, asks nobody, and runs nothing it holds."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from evals.report import page as written
from evals.runs import Run, compare, history
from evals.words import read_words
from tests.test_runs import made

HOSTILE = "</script><img src=x onerror=alert(1)> [1]"


@pytest.fixture(scope="module")
def run() -> Run:
    """A run with failures, compared with one before it."""
    before, run = made({"en3"}), made({f"ru{n}" for n in range(6)}, minutes=5, said=HOSTILE)
    return run | {"compared": {"last": compare(run, before), "baseline": None}, "history": history(run, [before])}


@contextmanager
def opened(browser: Browser, run: Run, folder: Path, language: str, width: int = 1280) -> Iterator[Page]:
    """The page from a file; fails where its console shows anything or it asks for anything else."""
    file = folder / "report.html"
    file.write_text(written(run), encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    troubles: list[str] = []
    page.on("console", lambda line: troubles.append(line.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("dialog", lambda dialog: troubles.append(dialog.message))
    page.on("request", lambda asked: troubles.append(asked.url) if asked.url.split("#")[0] != file.as_uri() else None)
    page.goto(f"{file.as_uri()}#{language}")
    yield page
    assert troubles == []
    context.close()


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_a_run_is_shown_in_each_language(browser: Browser, run: Run, tmp_path: Path, language: str) -> None:
    with opened(browser, run, tmp_path, language) as page:
        expect(page.locator("html")).to_have_attribute("lang", language)
        expect(page.get_by_role("rowheader", name=read_words()["metric.passed"][language])).to_be_visible()
        expect(page.get_by_text("onerror=alert(1)").first).to_be_visible()
        assert page.locator("main img").count() == 0


@pytest.mark.parametrize("width", [320, 768, 1440])
def test_nothing_is_cut_off(browser: Browser, run: Run, tmp_path: Path, width: int) -> None:
    with opened(browser, run, tmp_path, "kk", width) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_failures_are_filtered(browser: Browser, run: Run, tmp_path: Path) -> None:
    with opened(browser, run, tmp_path, "en") as page:
        cards = page.locator("article:visible")
        everything = cards.count()
        page.get_by_role("searchbox").fill("ru3")
        expect(cards).not_to_have_count(everything)
        assert cards.count() >= 1 and "ru3" in cards.first.inner_text()


def test_every_word_is_there_in_three_languages() -> None:
    assert not [
        key for key, words in read_words().items() if set(words) != {"kk", "ru", "en"} or not all(words.values())
    ]
