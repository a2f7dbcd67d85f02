"""The widget as patrons use it, in Debian's Chromium, with real answers: on the service's own page and a library's."""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from assistant.ask import Librarian
from assistant.ask import ask as answer_for
from assistant.core import Core
from assistant.knowledge import Language
from assistant.schema import Turn
from assistant.settings import read_settings
from tests.conftest import Serve, condition, running
from tests.web import Site, ask, site, watched

CONTACT = "library@kitap.example, +7 7172 00 00 00"
QUESTIONS = {
    "kk": ("Қостанай облыстық кітапханасы несімен танымал?", "өлке тарихы", "Ал ол қандай қиындыққа тап болады?"),
    "ru": ("Чем известна Костанайская областная библиотека?", "история края", "А какие у неё трудности?"),
    "en": ("What is the Kostanay Regional Library known for?", "local history", "And what challenges does it face?"),
}
WORDS = {"kk": ("Дереккөздер", "ЖИ жауабы"), "ru": ("Источники", "Ответ ИИ"), "en": ("Sources", "AI answer")}


@dataclass(frozen=True)
class Real:
    """The service with the shipped knowledge, and a library's site that it allows."""

    service: str
    client: httpx.Client
    site: Site
    data: Path

    def hosts(self) -> tuple[str, str]:
        return self.service, self.site.origin


@pytest.fixture(scope="module")
def real(librarian: Librarian, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    def answer(message: str, language: Language | None, history: Sequence[Turn]) -> Turn:
        return answer_for(message, language=language, history=history, librarian=librarian)

    data = tmp_path_factory.mktemp("real")
    with site() as library:
        given = {"data_dir": data, "allowed_origins": library.origin, "librarian_contact": CONTACT}
        with running(read_settings(_env_file=None, **given), lambda: Core(answer, condition)) as client:
            yield Real(str(client.base_url).rstrip("/"), client, library, data)


def opened_line(page: Page) -> None:
    page.locator("shyraq-chat .launcher").click()


# --- asking -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_ask_on_a_library_s_page_and_read_the_cited_answer(browser: Browser, real: Real, language: str) -> None:
    question, fact, follow_up = QUESTIONS[language]
    url = real.site.line(f"/{language}", real.service, language)
    with watched(browser, url, hosts=real.hosts()) as page:
        opened_line(page)
        answer = ask(page, question)
        expect(answer).to_have_attribute("data-status", "answered")
        expect(answer).to_have_attribute("lang", language)
        expect(answer.locator(".body")).to_contain_text(fact)
        for word in WORDS[language]:
            expect(answer).to_contain_text(word)
        answer.get_by_role("button", name="[1]").first.click()
        source = answer.locator("details").first
        expect(source.locator("summary")).to_be_focused()
        expect(source.locator("blockquote")).to_be_visible()
        expect(source.locator("blockquote")).not_to_be_empty()
        expect(source.locator(".origin")).not_to_be_empty()
        answer = ask(page, follow_up)
        expect(answer).to_have_attribute("data-status", "answered")
        expect(page.locator("article.answer")).to_have_count(2)


def test_what_is_not_known_is_refused_and_a_librarian_is_at_hand(browser: Browser, real: Real) -> None:
    with watched(browser, f"{real.service}/?language=ru") as page:
        answer = ask(page, "Во сколько открывается Костанайская областная библиотека?")
        expect(answer).to_have_attribute("data-status", "unknown")
        answer.get_by_role("button", name="Спросить библиотекаря").click()
        expect(page.get_by_role("link", name="library@kitap.example").last).to_be_visible()
        contact = page.locator(".contact a")
        assert [link.get_attribute("href") for link in contact.all()] == [
            "mailto:library@kitap.example",
            "tel:+77172000000",
        ]


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_every_example_of_the_page_is_answered(browser: Browser, real: Real, language: str) -> None:
    with watched(browser, f"{real.service}/?language={language}") as page:
        starters = page.locator(".hello .pill").all_inner_texts()
        examples = page.locator(".examples button")
        expect(examples).to_have_count(6)
        for number in range(6):
            examples.nth(number).click()
            expect(page.locator("article.answer[data-status]")).to_have_count(number + 1)
        statuses = page.locator("article.answer").evaluate_all("answers => answers.map(one => one.dataset.status)")
        assert statuses == ["answered"] * 6
        for starter in starters:
            reply = real.client.post("/api/chat", json={"message": starter}).json()
            assert (reply["status"], reply["language"]) == ("answered", language)


def test_suggestions_go_on_with_the_conversation(browser: Browser, client: httpx.Client) -> None:
    with watched(browser, f"{client.base_url}") as page:
        ask(page, "Hello")
        page.get_by_role("button", name="Ал Қарағанды ше?").click()
        expect(page.get_by_role("log")).to_contain_text("Ёлка — ағаш. (1)")
        expect(page.get_by_role("button", name="Ал Қарағанды ше?")).to_have_count(1)


# --- feedback, copying --------------------------------------------------------------------------------------------


def test_feedback_and_its_reason_reach_the_store(browser: Browser, real: Real) -> None:
    with watched(browser, f"{real.service}/?language=en") as page:
        answer = ask(page, "What is DosAI?")
        answer.get_by_role("button", name="Not helpful").click()
        expect(answer.get_by_role("button", name="Not helpful")).to_have_attribute("aria-pressed", "true")
        message = answer.get_attribute("data-id")
        assert kept(real, message) == (-1, None)
        answer.get_by_role("textbox").fill("Too short, “please” <b>more</b>")
        answer.get_by_role("button", name="Send feedback").click()
        expect(page.locator(".status")).to_have_text("Thank you! Your feedback is saved.")
        expect(page.locator("#question")).to_be_focused()
        assert kept(real, message) == (-1, "Too short, “please” <b>more</b>")
        answer.get_by_role("button", name="Helpful", exact=True).click()
        answer.get_by_role("button", name="Not now").click()
        assert kept(real, message) == (1, None)
        page.reload()
        expect(page.get_by_role("button", name="Helpful", exact=True)).to_have_attribute("aria-pressed", "true")


def kept(real: Real, message: str | None) -> tuple[int, str | None]:
    """The rating and comment that the database holds of a message."""
    with sqlite3.connect(real.data / "shyraq.db") as database:
        query = "select rating, comment from feedback join messages on feedback.message = messages.number where id = ?"
        found: tuple[int, str | None] = database.execute(query, (message,)).fetchone()
    database.close()
    return found


def test_an_answer_is_copied_with_its_sources_and_its_mark(browser: Browser, real: Real) -> None:
    permissions = ["clipboard-read", "clipboard-write"]
    with watched(browser, f"{real.service}/?language=en", permissions=permissions) as page:
        answer = ask(page, "What is DosAI?")
        answer.get_by_role("button", name="Copy").click()
        expect(page.locator(".status")).to_have_text("The answer is copied.")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert re.fullmatch(
            r"DosAI is a neuro-assistant.* \[1\]\.\n\[1\] .+ — .+\nShyraq · AI answer · .+", copied, re.DOTALL
        )


def test_copying_works_on_pages_without_https(browser: Browser, client: httpx.Client) -> None:
    with watched(browser, str(client.base_url)) as page:
        page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
        answer = ask(page, "Hello")
        answer.get_by_role("button", name="Copy").click()
        expect(page.locator(".status")).to_have_text("The answer is copied.")
        page.locator("#question").press("ControlOrMeta+v")
        assert "Ёлка — ағаш. (0)\n[1] Қостанай — DosAI" in page.locator("#question").input_value()


# --- the conversation ---------------------------------------------------------------------------------------------


def test_the_conversation_goes_from_page_to_page_and_outlives_a_reload(browser: Browser, real: Real) -> None:
    first, second = (real.site.line(path, real.service, "en") for path in ("/catalogue", "/events"))
    with watched(browser, first, hosts=real.hosts()) as page:
        opened_line(page)
        expect(ask(page, "What is DosAI?")).to_have_attribute("data-status", "answered")
        page.locator("#question").press_sequentially("half a thou")
        page.goto(second)
        expect(page.locator("article.answer .citation").first).to_be_visible()
        expect(page.locator("#question")).to_have_value("half a thou")
        page.reload()
        expect(page.locator("article.question")).to_contain_text("What is DosAI?")
        page.get_by_role("button", name="Close").click()
        page.reload()
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_new_conversation_leaves_the_old_one_and_deleting_ends_it(browser: Browser, client: httpx.Client) -> None:
    with watched(browser, str(client.base_url)) as page:
        expect(ask(page, "Hello")).to_contain_text("(0)")
        first = conversation(page)
        page.get_by_role("button", name="New conversation").click()
        expect(page.locator("article")).to_have_count(0)
        expect(page.locator("#question")).to_be_focused()
        assert client.get(f"/api/conversations/{first}").status_code == 200
        expect(ask(page, "Again")).to_contain_text("(0)")
        second = conversation(page)
        page.get_by_role("button", name="Delete the conversation").click()
        assert client.get(f"/api/conversations/{second}").status_code == 200
        page.get_by_role("button", name="Press again to delete it for good").click()
        expect(page.locator(".status")).to_have_text("The conversation is deleted.")
        assert client.get(f"/api/conversations/{second}").status_code == 404
        expect(page.get_by_role("button", name="Delete the conversation")).to_be_hidden()


def conversation(page: Page, number: int = 0) -> str:
    """The id that the widget remembers."""
    found: str = page.evaluate("number => JSON.parse(Object.values(sessionStorage)[number]).conversation", number)
    return found


def test_a_conversation_that_is_gone_is_begun_anew(browser: Browser, client: httpx.Client) -> None:
    gone = "Failed to load resource: the server responded with a status of 404"
    with watched(browser, str(client.base_url), known=[gone]) as page:
        expect(ask(page, "Hello")).to_contain_text("(0)")
        client.delete(f"/api/conversations/{conversation(page)}")
        expect(ask(page, "Again")).to_contain_text("(0)")


def test_where_storage_is_forbidden_the_chat_still_works(browser: Browser, client: httpx.Client) -> None:
    with watched(browser, str(client.base_url)) as page:
        page.add_init_script("Object.defineProperty(window, 'sessionStorage', { get() { throw new Error('no') } })")
        page.reload()
        expect(ask(page, "Hello")).to_contain_text("(0)")
        expect(ask(page, "Again")).to_contain_text("(1)")


# --- languages ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page_language", "locale", "send"),
    [("kk", "en-GB", "Жіберу"), ("ru-KZ", "kk-KZ", "Отправить"), ("de", "en-GB", "Send"), ("", "fr-FR", "Жіберу")],
)
def test_it_speaks_the_page_s_language_else_the_browser_s(
    browser: Browser, real: Real, page_language: str, locale: str, send: str
) -> None:
    url = real.site.line(f"/l{page_language}", real.service, page_language)
    with watched(browser, url, hosts=real.hosts(), locale=locale) as page:
        opened_line(page)
        expect(page.get_by_role("button", name=send)).to_be_visible()


def test_a_chosen_language_holds_until_the_page_changes_its_own(browser: Browser, real: Real) -> None:
    russian, kazakh = (real.site.line(f"/in-{tag}", real.service, tag) for tag in ("ru", "kk"))
    with watched(browser, russian, hosts=real.hosts()) as page:
        opened_line(page)
        page.get_by_role("combobox", name="Язык").select_option("en")
        expect(page.get_by_role("button", name="Send")).to_be_visible()
        expect(page.get_by_text("I am an artificial intelligence")).to_be_visible()
        page.reload()
        expect(page.get_by_role("button", name="Send")).to_be_visible()
        page.goto(kazakh)
        expect(page.get_by_role("button", name="Жіберу")).to_be_visible()


def test_numbers_and_times_are_in_the_language_s_way(browser: Browser, client: httpx.Client) -> None:
    with watched(browser, f"{client.base_url}/embed?language=ru", timezone_id="Asia/Almaty") as page:
        page.locator("#question").fill("я" * 1234)
        expect(page.locator(".count")).to_have_text("1\u00a0234 / 2\u00a0000 знаков")
        expect(ask(page, "Здравствуйте")).to_contain_text("(0)")
        time = page.locator(".signature time")
        time.evaluate("time => { time.dateTime = '2026-02-03T04:05:06Z' }")
        for language, shown in (
            ("en", "03/02/2026, 09:05"),
            ("ru", "03.02.2026, 09:05"),
            ("kk", "03.02.2026, 09:05"),
        ):
            page.get_by_role("combobox").select_option(language)
            expect(time).to_have_text(shown)


# --- typing -------------------------------------------------------------------------------------------------------


def test_2000_characters_are_sent_and_one_more_is_kept_and_told(browser: Browser, client: httpx.Client) -> None:
    with watched(browser, str(client.base_url)) as page:
        field = page.locator("#question")
        ask(page, "я" * 2001)
        expect(page.locator(".count")).to_have_text("Characters over the limit: 1. Please shorten your question.")
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(page.locator("article")).to_have_count(0)
        expect(field).to_have_value("я" * 2001)
        expect(ask(page, " " + "й" * 2000 + " ")).to_contain_text("(0)")  # й of two code points is one in NFC


def test_enter_sends_shift_enter_breaks_the_line_and_nothing_is_not_sent(
    browser: Browser, client: httpx.Client
) -> None:
    with watched(browser, str(client.base_url)) as page:
        ask(page, "  \n ")
        expect(page.locator("article")).to_have_count(0)
        page.locator("#question").fill("one")
        page.locator("#question").press("Shift+Enter")
        page.locator("#question").press_sequentially("two")
        page.locator("#question").press("Enter")
        expect(page.locator("article.question p")).to_have_text("one\ntwo")


# --- for pages ----------------------------------------------------------------------------------------------------


def test_methods_and_events(browser: Browser, real: Real) -> None:
    url = real.site.line("/scripted", real.service, "en")
    with watched(browser, url, hosts=real.hosts()) as page:
        page.evaluate(
            """() => { window.told = [];
            for (const name of ["open", "close", "ask", "answer", "feedback", "language"])
              document.addEventListener(`shyraq-${name}`, (event) => told.push([name, event.detail])); }"""
        )
        reply = page.evaluate("document.querySelector('shyraq-chat').ask('What is DosAI?')")
        assert reply["status"] == "answered"
        expect(page.get_by_role("dialog")).to_be_visible()
        page.get_by_role("button", name="Helpful", exact=True).click()
        expect(page.locator(".reason")).to_be_visible()
        page.get_by_role("combobox").select_option("ru")
        page.evaluate("document.querySelector('shyraq-chat').close()")
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.evaluate("document.querySelector('shyraq-chat').open()")
        expect(page.get_by_role("dialog")).to_be_visible()
        told = page.evaluate("told")
        assert [name for name, _ in told] == ["open", "ask", "answer", "feedback", "language", "close", "open"]
        assert told[2][1] == reply and told[3][1] == {"message_id": reply["message_id"], "rating": 1}
        assert page.evaluate("document.querySelector('shyraq-chat').ask('  ')") is None


def test_attributes_of_the_line_dress_the_widget(browser: Browser, real: Real) -> None:
    dressed = {"accent": "#ffd800", "theme": "dark", "position": "left", "heading": "Кітапхана"}
    url = real.site.line("/dressed", real.service, "kk", **dressed)
    with watched(browser, url, hosts=real.hosts()) as page:
        launcher = page.locator(".launcher")
        expect(launcher).to_have_css("background-color", "rgb(255, 216, 0)")
        expect(launcher).to_have_css("color", "rgb(16, 24, 32)")  # dark on a light accent
        box = launcher.bounding_box()
        assert box and box["x"] < 100
        launcher.click()
        expect(page.get_by_role("dialog", name="Кітапхана")).to_have_css("background-color", "rgb(22, 29, 38)")
        expect(page.get_by_role("button", name="Жіберу")).to_be_visible()


def test_a_page_styles_parts_and_properties(browser: Browser, real: Real) -> None:
    url = real.site.add("/styled", real.service, body="<shyraq-chat></shyraq-chat>")
    real.site.pages["/styled"] = (real.site.pages["/styled"][0], "default-src * 'unsafe-inline'")
    with watched(browser, url, hosts=real.hosts(), known=["Failed to load resource"]) as page:  # it has no favicon
        page.add_style_tag(
            content="shyraq-chat { --shyraq-radius: 3px } shyraq-chat::part(send) { outline: 7px solid }"
        )
        page.add_script_tag(type="module", url=f"{real.service}/widget.js")
        expect(page.get_by_role("dialog")).to_have_css("border-radius", "3px")
        expect(page.get_by_role("button", name="Send")).to_have_css("outline-width", "7px")


def test_two_chats_on_a_page_do_not_meddle(browser: Browser, real: Real) -> None:
    script = f'<script type="module" src="{real.service}/widget.js"></script>'
    chats = '<shyraq-chat name="a" language="en"></shyraq-chat><shyraq-chat name="b" language="ru"></shyraq-chat>'
    url = real.site.add("/two", real.service, head=script * 2, body=chats)
    with watched(browser, url, hosts=real.hosts()) as page:
        expect(page.locator("shyraq-chat")).to_have_count(2)  # and no launcher beside them
        left, right = "shyraq-chat[name=a]", "shyraq-chat[name=b]"
        answers = ask(page, "What is DosAI?", left), ask(page, "Сколько библиотек в Казахстане?", right)
        expect(answers[0]).to_contain_text("neuro-assistant")
        expect(answers[1]).to_contain_text("3 887")
        page.reload()
        expect(page.locator(f"{left} article.question p")).to_have_text("What is DosAI?")
        expect(page.locator(f"{right} article.answer")).to_have_count(1)
        assert conversation(page, 0) != conversation(page, 1)
        page.locator(left).get_by_role("button", name="New conversation").click()
        expect(page.locator(f"{right} article.answer")).to_have_count(1)


def test_a_site_that_is_not_allowed_gets_nothing(browser: Browser, real: Real) -> None:
    refused = ["Access to script", "Failed to load resource", f"Framing '{real.service}/' violates"]
    with site() as stranger:
        frame = f'<iframe src="{real.service}/embed"></iframe>'
        url = stranger.line("/", real.service)
        stranger.add("/frame", real.service, body=frame)
        with watched(browser, url, hosts=real.hosts(), known=refused) as page:
            page.wait_for_load_state("networkidle")
            expect(page.locator("shyraq-chat")).to_have_count(0)
            page.goto(f"{stranger.origin}/frame")
            page.wait_for_load_state("networkidle")
            assert page.frames[1].locator("shyraq-chat").count() == 0


def test_an_allowed_site_may_frame_the_chat(browser: Browser, real: Real) -> None:
    frame = f'<iframe src="{real.service}/embed?language=ru&theme=dark" width="400" height="600" title="chat"></iframe>'
    url = real.site.add("/frame", real.service, body=frame)
    with watched(browser, url, hosts=real.hosts()) as page:
        chat = page.frame_locator("iframe")
        chat.locator("#question").fill("Что такое DosAI?")
        chat.locator("#question").press("Enter")
        expect(chat.locator("article.answer")).to_have_attribute("data-status", "answered")
        expect(chat.locator("shyraq-chat")).to_have_attribute("theme", "dark")


def test_without_a_contact_nothing_offers_a_librarian(browser: Browser, serve: Serve) -> None:
    with serve() as client, watched(browser, f"{client.base_url}/?language=en") as page:
        expect(ask(page, "Hello")).to_contain_text("(0)")
        expect(page.get_by_text("Ask a librarian")).to_have_count(0)


# --- the documentation --------------------------------------------------------------------------------------------


def test_documentation_needs_no_other_host(browser: Browser, client: httpx.Client) -> None:
    with watched(browser, f"{client.base_url}/docs", hosts=[str(client.base_url)]) as page:
        expect(page.get_by_text("/api/chat", exact=True)).to_be_visible()
        page.get_by_text("/api/health", exact=True).click()
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Execute").click()
        expect(page.locator(".live-responses-table")).to_contain_text('"ok"')
