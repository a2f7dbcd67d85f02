"""The widget for everybody: axe in every state, keyboard, announcements, sizes; and screenshots to look at."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from assistant.errors import RequestError
from assistant.knowledge import Language
from assistant.schema import Turn
from assistant.settings import ROOT
from tests.conftest import Serve, stand_in
from tests.web import ask, proxy, site, watched

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCREENSHOTS = ROOT / "build" / "screenshots"
CONTACT = "library@kitap.example"


# Opening and closing move; what is half-way there is neither seen nor measured.
STILL = """() => {
  const roots = [document, ...[...document.querySelectorAll("shyraq-chat")].map((chat) => chat.shadowRoot)];
  const moving = roots.flatMap((root) => root.getAnimations())
    .filter((one) => one.effect.getComputedTiming().iterations !== Infinity);
  return Promise.allSettled(moving.map((one) => one.finished)).then(() => null);
}"""


def violations(page: Page) -> list[str]:
    """What axe finds, a line each, with the first node."""
    page.evaluate(STILL)
    found = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]}).response["violations"]
    return [f"{fault['id']}: {fault['nodes'][0]['target']} {fault['nodes'][0]['failureSummary']}" for fault in found]


def test_axe_bites(browser: Browser, client: httpx.Client) -> None:
    with watched(browser, str(client.base_url)) as page:
        for name in ("aria-label", "title"):
            page.locator(".send").first.evaluate("(send, name) => send.removeAttribute(name)", name)
        assert [line for line in violations(page) if line.startswith("button-name")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_axe_finds_nothing_on_the_page_and_in_its_chat(
    browser: Browser, client: httpx.Client, language: str, scheme: str
) -> None:
    url = f"{client.base_url}/?language={language}"
    with watched(browser, url, color_scheme=scheme) as page:
        assert violations(page) == []
        answer = ask(page, "Hello")
        answer.locator("[data-name=bad]").click()
        expect(answer.locator(".reason")).to_be_visible()
        answer.locator(".citation").first.click()
        assert violations(page) == []


# 1280 × 960 at a zoom of 200 % is laid out as 640 × 480.
@pytest.mark.parametrize(
    ("width", "height", "zoom", "colors"), [(1280, 900, 1, "none"), (320, 640, 1, "none"), (640, 480, 2, "active")]
)
def test_axe_finds_nothing_in_any_state_on_a_library_s_page(
    browser: Browser, serve: Serve, width: int, height: int, zoom: int, colors: str
) -> None:
    failing = threading.Event()

    def answer(message: str, language: Language | None, history: Sequence[Turn]) -> Turn:
        if failing.is_set():
            raise RequestError("message_empty", 422)  # which nobody tries again
        return stand_in(message, language, history)

    context: dict[str, Any] = {
        "viewport": {"width": width, "height": height},
        "device_scale_factor": zoom,
        "forced_colors": colors,
    }
    with site() as library, serve(answer=answer, allowed_origins=library.origin, librarian_contact=CONTACT) as client:
        port = client.base_url.port
        assert port
        with proxy(port) as between:
            url = library.line("/", between.origin, "ru")
            known, hosts = ["Failed to load resource"], [between.origin, library.origin]
            with watched(browser, url, hosts=hosts, known=known, **context) as page:
                states: dict[str, list[str]] = {"closed": violations(page)}
                page.locator(".launcher").click()
                states["open"] = violations(page)
                between.marker = b"event: final"
                ask(page, "Hello")
                expect(page.locator("article.answer")).to_contain_text("Ёлка")
                states["streaming"] = violations(page)
                between.released.set()
                expect(page.locator("article.answer details")).to_have_count(2)
                states["answered"] = violations(page)
                page.locator(".librarian summary").click()
                states["librarian"] = violations(page)
                page.locator(".librarian summary").click()
                failing.set()
                ask(page, "Again")
                expect(page.locator(".failure")).to_be_visible()
                states["failed"] = violations(page)
                page.locator("#question").fill("я" * 2001)
                states["too long"] = violations(page)
    assert {state: found for state, found in states.items() if found} == {}


# --- keyboard and focus -------------------------------------------------------------------------------------------


def test_everything_works_by_keyboard(browser: Browser, serve: Serve) -> None:
    with site() as library, serve(allowed_origins=library.origin, librarian_contact=CONTACT) as client:
        service = str(client.base_url)
        with watched(browser, library.line("/", service), hosts=[service, library.origin]) as page:
            page.keyboard.press("Tab")
            expect(page.locator(".launcher")).to_be_focused()
            expect(page.locator(".launcher")).to_have_attribute("aria-expanded", "false")
            page.keyboard.press("Enter")
            expect(page.locator("#question")).to_be_focused()
            expect(page.locator(".launcher")).to_have_attribute("aria-expanded", "true")
            page.keyboard.type("Hello")
            page.keyboard.press("Enter")
            expect(page.locator("article.answer details")).to_have_count(2)
            reached = walk(page, "Shift+Tab", 20)
            assert reached[:3] == ["Ал Қарағанды ше?", "Not helpful", "Helpful"]
            assert {"[1] Қостанай", "Conversation with Shyraq", "New conversation", "Full screen", "Close"} <= {
                *reached
            }
            page.locator(".citation").first.focus()
            page.keyboard.press("Enter")
            expect(page.locator("details[open] blockquote")).to_be_visible()
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_have_count(0)
            expect(page.locator(".launcher")).to_be_focused()
            expect(page.locator(".launcher")).to_have_attribute("aria-expanded", "false")


def walk(page: Page, key: str, steps: int) -> list[str]:
    """The names of what the focus reaches, every one of them with a ring to see it by."""
    names = []
    for _ in range(steps):
        page.keyboard.press(key)
        name, ring = page.evaluate(
            """() => { const at = document.activeElement.shadowRoot?.activeElement ?? document.activeElement;
            const ringed = (one) => one && getComputedStyle(one).outlineStyle !== "none";
            const ring = ringed(at) || ringed(at.closest(".language, .field"));
            return at === document.body ? ["", true] : [at.getAttribute("aria-label") ?? at.textContent, ring] }"""
        )
        assert ring, f"no focus ring on {name!r}"
        names.append(name)
    return names


def test_on_a_phone_the_chat_covers_the_page_and_keeps_the_focus(browser: Browser, serve: Serve) -> None:
    with site() as library, serve(allowed_origins=library.origin) as client:
        service = str(client.base_url)
        phone: dict[str, Any] = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True}
        with watched(browser, library.line("/", service), hosts=[service, library.origin], **phone) as page:
            page.locator(".launcher").tap()
            expect(page.locator("#question")).to_be_focused()
            page.evaluate(STILL)
            assert box(page.get_by_role("dialog")) == (0, 0, 390, 780)
            for height in (400, 330):  # as the keyboard leaves it
                page.set_viewport_size({"width": 390, "height": height})
                expect(page.locator("#question")).to_be_in_viewport(ratio=1)
                expect(page.get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)
            reached = walk(page, "Tab", 12)
            assert "Welcome" not in " ".join(reached)
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_have_count(0)


def box(locator: Locator) -> tuple[float, float, float, float]:
    found = locator.bounding_box()
    assert found
    return found["x"], found["y"], found["width"], found["height"]


def test_full_screen_and_back(browser: Browser, client: httpx.Client) -> None:
    with watched(browser, str(client.base_url), viewport={"width": 1000, "height": 700}) as page:
        expect(page.locator("#question")).not_to_be_focused()  # the page's own focus is left alone
        page.get_by_role("button", name="Full screen").click()
        assert box(page.get_by_role("dialog")) == (0, 0, 1000, 700)
        expect(page.get_by_role("button", name="Make smaller")).to_be_focused()
        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Full screen")).to_be_visible()
        assert box(page.get_by_role("dialog"))[2] < 1000


# --- announcements ------------------------------------------------------------------------------------------------

LISTEN = """() => {
  const root = document.querySelector("shyraq-chat").shadowRoot;
  const live = [...root.querySelectorAll("[role=status], [role=alert], [role=log], [aria-live]")]
    .filter((one) => one.ariaLive !== "off");
  window.heard = [];
  for (const region of live)
    new MutationObserver(() => heard.push(region.textContent)).observe(region, { subtree: true, childList: true });
  return live.length;
}"""


def test_an_answer_is_announced_once_and_whole(browser: Browser, serve: Serve) -> None:
    with serve() as client:
        port = client.base_url.port
        assert port
        with proxy(port) as between, watched(browser, f"{between.origin}/embed") as page:
            assert page.evaluate(LISTEN) == 1
            expect(page.get_by_role("log")).to_have_count(1)
            between.marker = b"event: final"
            ask(page, "Hello")
            expect(page.get_by_role("log")).to_contain_text("Ёлка")
            assert page.evaluate("heard") == ["Looking it up…"]
            between.released.set()
            expect(page.locator("article.answer details")).to_have_count(2)
            heard = [text for text in page.evaluate("heard") if text]
            assert heard == [
                "Looking it up…",
                "AI answer: Қостанай облыстық кітапханасы өлке тарихымен танымал. Оның қоры шағын, бірақ жинақы.\n"
                "бірінші жол\nекінші жол\nЁлка — ағаш. (0)\nSources: 2.",
            ]


def test_that_a_machine_answers_is_told_to_people_and_machines(browser: Browser, client: httpx.Client) -> None:
    with watched(browser, f"{client.base_url}/embed") as page:
        expect(page.get_by_text("I am an artificial intelligence and can be wrong.")).to_be_visible()
        for number in range(2):
            ask(page, "Hello")
            expect(page.locator("article[data-ai-generated=true][data-ai-system=Shyraq]")).to_have_count(number + 1)
        expect(page.locator("article .signature").first).to_contain_text("AI answer")
        expect(page.get_by_text("AI can be wrong")).to_be_visible()


# --- sizes and motion ---------------------------------------------------------------------------------------------


def test_targets_are_44_pixels(browser: Browser, serve: Serve) -> None:
    with (
        serve(librarian_contact=CONTACT) as client,
        watched(browser, f"{client.base_url}/?language=kk", viewport={"width": 320, "height": 640}) as page,
    ):
        answer = ask(page, "Hello")
        answer.locator("[data-name=bad]").click()
        expect(answer.locator(".reason")).to_be_visible()
        small = page.evaluate(
            """() => [
            ...document.querySelector("shyraq-chat").shadowRoot.querySelectorAll("button, summary, textarea"),
            ...document.querySelectorAll("nav a, .brand, .examples button, footer a")]
              .filter((one) => one.checkVisibility() && !one.matches(".citation"))
              .filter((one) => Math.min(one.offsetWidth, one.offsetHeight) < 44)
              .map((one) => one.outerHTML)"""
        )
        assert small == []
        # A citation is a word in a line of text; around it the finger still finds it.
        citation = answer.locator(".citation").first
        citation.scroll_into_view_if_needed()
        x, y, width, height = box(citation)
        assert width >= 20 and height >= 20
        page.mouse.click(x + width / 2, y - 6)
        expect(page.locator("details[open]")).to_have_count(1)


def test_nothing_moves_for_those_who_ask(browser: Browser, client: httpx.Client) -> None:
    with watched(browser, f"{client.base_url}/embed", reduced_motion="reduce") as page:
        ask(page, "Hello")
        assert page.evaluate("document.querySelector('shyraq-chat').shadowRoot.getAnimations().length") == 0


def test_a_page_with_small_letters_does_not_make_the_chat_s_small(browser: Browser, serve: Serve) -> None:
    with site() as library, serve(allowed_origins=library.origin) as client:
        service = str(client.base_url)
        with watched(browser, library.line("/", service), hosts=[service, library.origin]) as page:
            page.evaluate("document.documentElement.style.fontSize = '10px'")
            expect(page.locator(".launcher")).to_have_css("font-size", "16px")


# --- screenshots --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_nothing_is_cut_off_at_any_width(browser: Browser, client: httpx.Client, language: str) -> None:
    """Leaves pictures of every width, scheme and language in build/screenshots."""
    with watched(browser, f"{client.base_url}/?language={language}") as page:
        answer = ask(page, "Hello")
        expect(answer.locator("details")).to_have_count(2)
        for width in (320, 768, 1440, 3840):
            page.set_viewport_size({"width": width, "height": 900})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                picture(page, f"{language}-{width}-{scheme}")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"sideways at {width} px"
            assert page.evaluate(CUT_OFF) == [], f"at {width} px"


CUT_OFF = """() => {
  const texts = document.querySelector("shyraq-chat").shadowRoot.querySelectorAll("h2, p, button, summary");
  return [...texts].filter((one) => one.checkVisibility() && !one.matches(".hidden, .citation"))
    .filter((one) => one.clientWidth && one.scrollWidth > one.clientWidth + 1).map((one) => one.outerHTML);
}"""


def picture(page: Page, name: str) -> Path:
    path = SCREENSHOTS / f"{name}.png"
    page.screenshot(path=path)
    return path
