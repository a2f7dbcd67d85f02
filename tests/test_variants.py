"""Variants are the same questions, typed as people type, and the same in every run."""

import pytest

from evals.cases import Case
from evals.variants import variants


def case(language: str, *turns: str, category: str = "library", status: str = "answered") -> Case:
    return Case.model_validate(
        {"id": "x", "language": language, "turns": turns, "status": status, "facts": "1", "category": category}
    )


def typed(asked: Case) -> dict[str, tuple[str, ...]]:
    return {str(each.variant): each.turns for each in variants([asked])}


def test_kazakh_has_seven() -> None:
    found = typed(case("kk", "Қостанай облыстық кітапханасы немен танымал?"))
    assert list(found) == ["keyboard", "latin-2021", "latin-chat", "typos", "lower", "keywords", "polite"]
    assert found["keyboard"] == ("Костанай облыстык китапханасы немен танымал?",)
    assert found["latin-2021"] == ("Qostanai oblystyq kıtaphanasy nemen tanymal?",)
    assert found["latin-chat"][0].isascii()
    assert found["lower"] == ("қостанай облыстық кітапханасы немен танымал",)
    assert "Қостанай облыстық кітапханасы немен танымал?" in found["polite"][0]


def test_russian_and_english_have_their_own() -> None:
    assert "translit" in typed(case("ru", "Чем известна библиотека?")) and typed(case("ru", "Чем известна библиотека?"))
    assert set(typed(case("en", "What is the library known for?"))) == {"typos", "lower", "keywords", "polite"}


def test_facts_and_turns_stay() -> None:
    asked = case("ru", "Сколько центров было в 2013 году?", "а в 2014?")
    for variant in variants([asked]):
        assert variant.facts == asked.facts and len(variant.turns) == 2 and "2014" in variant.turns[1]


@pytest.mark.parametrize(
    "asked",
    [case("kk", "Сұрақ?", status="unknown"), case("kk", "surak?", category="variant-ascii"), case("kk", "?", "?")],
)
def test_what_has_no_variants(asked: Case) -> None:
    found = typed(asked)
    assert not {"keyboard", "typos", "lower"} & found.keys()


def test_they_are_the_same_in_every_run() -> None:
    asked = case("kk", "Маңғыстау облыстық кітапханасы туралы не білесіз?")
    assert list(variants([asked])) == list(variants([asked]))
