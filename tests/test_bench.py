"""What `make bench` measures with; the bench itself needs torch, and minutes."""

import time
from pathlib import Path

import httpx
import pytest

from assistant.schema import Turn
from evals.bench_widget import library_site, measure
from evals.cases import read_cases
from evals.evidence import has_evidence
from evals.load import Load, one_by_one, together
from evals.steps import STEPS
from tests.conftest import Serve, stand_in

SUITE = Path(__file__).parent.parent / "evals" / "suites" / "core.csv"


def port_of(client: httpx.Client) -> int:
    port = client.base_url.port
    assert port
    return port


def test_every_step_is_a_part_of_the_path() -> None:
    assert all(callable(getattr(owner, name)) for places in STEPS.values() for owner, name in places)


def test_the_suite_has_cases_in_each_language() -> None:
    assert {case.language for case in read_cases(SUITE) if has_evidence(case)} == {"kk", "ru", "en"}


def test_one_by_one_asks_every_question_once(serve: Serve) -> None:
    asked: list[str] = []

    def answer(message: str, *more: object) -> Turn:
        asked.append(message)
        return stand_in(message, None, [])

    with serve(answer=answer) as client:
        load = one_by_one(port_of(client), ["а", "б", "в"])
    assert asked == ["а", "б", "в"]
    assert len(load.times) == 3


def test_together_asks_side_by_side(serve: Serve) -> None:
    def answer(message: str, *more: object) -> Turn:
        time.sleep(0.05)
        return stand_in(message, None, [])

    with serve(answer=answer) as client:
        load = together(port_of(client), ["а", "б"], callers=2, seconds=1.0)
    assert 20 < load.rate() <= 40
    assert load.percentile(50) >= 50


def test_a_fault_of_the_server_ends_the_load(serve: Serve) -> None:
    def answer(message: str, *more: object) -> Turn:
        raise ValueError("broken")

    with serve(answer=answer) as client, pytest.raises(AssertionError, match="500"):
        together(port_of(client), ["а"], callers=2, seconds=1.0)


OTHER_CHAT = """
customElements.define("deep-chat", class extends HTMLElement {
  connectedCallback() {
    const root = this.attachShadow({ mode: "open" });
    const [field, answer] = ["textarea", "p"].map((tag) => root.appendChild(document.createElement(tag)));
    [field.id, answer.className] = ["text-input", "ai-message-text"];
    field.addEventListener("keydown", ({ key }) => key === "Enter" && this.connect.handler(
      { messages: [{ text: field.value }] }, { onResponse: ({ text }) => { answer.textContent = text } }));
  }
});
"""


def test_two_chats_are_measured_on_one_service(serve: Serve, tmp_path: Path) -> None:
    bundle = tmp_path / "chat.js"
    bundle.write_text(OTHER_CHAT, encoding="utf-8")
    with library_site() as (site, served), serve(allowed_origins=site) as client:
        found = measure(str(client.base_url), site, served, bundle, "Hello", rounds=1)
    assert set(found) == {"Shyraq", "deep-chat"}
    assert 10 < found["Shyraq"]["KB compressed"] <= 20
    assert all(figure > 0 for figures in found.values() for figure in figures.values())


def test_figures_are_of_all_answers() -> None:
    load = Load(times=[float(ms) for ms in range(1, 101)], seconds=4.0)
    assert (load.rate(), load.percentile(50)) == (25.0, 50.5)
