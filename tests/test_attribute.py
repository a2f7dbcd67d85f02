"""What a question asks for, by its words and by its vector."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.attribute import Asked, Attributes
from assistant.embedding import E5Small, Embedded
from assistant.knowledge import Language

HOURS: dict[Language, str] = {
    "kk": "Кітапхана жексенбіде сағат нешеге дейін ашық?",
    "ru": "До скольки открыта библиотека в воскресенье?",
    "en": "Until what time is the library open on Sundays?",
}
STRENGTH: dict[Language, str] = {
    "kk": "Маңғыстау кітапханасының мықты жағы қандай?",
    "ru": "В чём сильная сторона Мангистауской библиотеки?",
    "en": "What is the Mangystau library's strong point?",
}
NOTHING = Embedded([], [])


@pytest.fixture(scope="module")
def attributes() -> Attributes:
    return Attributes.load()


@pytest.fixture(scope="module")
def model(model_folder: Path) -> E5Small:
    return E5Small(model_folder)


def likeliest(asked: Asked) -> set[str]:
    return {max(chances, key=lambda name: chances[name]) for chances in (asked.worded, asked.meant)}


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_hours_are_lacked_and_a_strength_is_not(attributes: Attributes, model: E5Small, language: Language) -> None:
    hours = attributes.asked(HOURS[language], model.embed_question(HOURS[language]))
    assert likeliest(hours) == {"topic#hours"}
    assert min(hours.lacking()) > 0
    strength = attributes.asked(STRENGTH[language], model.embed_question(STRENGTH[language]))
    assert likeliest(strength) == {"strength"}
    assert max(strength.lacking()) < 0


def test_what_is_answered_is_not_lacked(attributes: Attributes) -> None:
    asked = attributes.without_vectors().asked(HOURS["en"], NOTHING)
    assert asked.lacking(["hours"])[0] < asked.lacking()[0]


def test_without_vectors_the_words_speak_for_both(attributes: Attributes) -> None:
    asked = attributes.without_vectors().asked(HOURS["ru"], NOTHING)
    assert asked.worded == asked.meant
    first, second = asked.lacking()
    assert first == second


@given(st.text(max_size=300))
def test_any_text_gets_chances_that_add_up_to_one(text: str) -> None:
    chances = Attributes.load().words.chances(text)
    assert sum(chances.values()) == pytest.approx(1, abs=1e-4)
    assert all(0 <= chance <= 1 for chance in chances.values())
