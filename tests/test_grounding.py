"""Grounding: what leaves has no number, name, link or marker that its evidence lacks."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.grounding import MARKER, grounded, is_supported
from assistant.knowledge import Language
from assistant.numbers import numbers
from assistant.schema import Citation

QUOTES = {
    1: "В 2025 году работали 3 887 публичных библиотек; фонд вырос на 72,5 процента и достиг 57 млн экземпляров.",
    2: "Костанайскую областную библиотеку имени Толстого посетил Серик Есматов; сайт https://lib.example/kz.",
}


def cited(quote: str, number: int = 1) -> Citation:
    return Citation(n=number, id=f"a#{number}", title="Публичные библиотеки", source="DosAI", url=None, quote=quote)


EVIDENCE = {number: cited(quote, number) for number, quote in QUOTES.items()}


def kept(answer: str, language: Language = "ru", *derived: str) -> str:
    return grounded(answer, EVIDENCE, language, frozenset(derived))


@pytest.mark.parametrize(
    ("said", "quote", "language"),
    [
        ("There are 3,887 libraries [1].", "Работают 3 887 библиотек.", "en"),
        ("There are 3887 libraries [1].", "There are 3,887 libraries.", "en"),
        ("It grew by 72.5 percent [1].", "It grew by 72.5 percent.", "en"),
        ("Рост — 72,5 процента [1].", "Рост — 72.5 процента.", "ru"),
        ("Работают 3\u00a0887 библиотек [1].", "Работают 3887 библиотек.", "ru"),
        ("Работают 3\u202f887 библиотек [1].", "Работают 3 887 библиотек.", "ru"),
        ("Фонд — 57 миллионов [1].", "Фонд — 57 млн.", "ru"),
        ("Қоры — 57 миллион [1].", "Қоры — 57 млн.", "kk"),
        ("The stock is 57 million [1].", "The stock is 57,000,000.", "en"),
        ("2012 жылы басталды [1].", "2012 жылдың күзінде басталды.", "kk"),
    ],
)
def test_a_number_stands_in_any_format(said: str, quote: str, language: Language) -> None:
    assert grounded(said, {1: cited(quote)}, language, frozenset()) == said


@pytest.mark.parametrize(
    "said",
    [
        "Работают 3 888 библиотек [1].",
        "Работают 3,9 тысячи библиотек [1].",
        "Работают 38870 библиотек [1].",
        "Фонд — 57 тысяч [1].",
        "Фонд — 57 экземпляров [1].",
        "В 2024 году фонд вырос [1].",
        "Фонд вырос на 72 процента [1].",
        "Работают ٣٣ библиотеки [1].",
        "Работают 3 887 библиотек [2].",  # true, and not what it cites
        "Работают 3 887 библиотек.",  # true, and it cites nothing
    ],
)
def test_a_sentence_with_a_number_of_its_own_is_dropped(said: str) -> None:
    assert kept(f"Фонд вырос [1]. {said} Библиотек много [1].") == "Фонд вырос [1]. Библиотек много [1]."


@pytest.mark.parametrize(
    "said",
    [
        "Библиотеку посетил Аскар Мамин [2].",
        "Библиотека имени Достоевского открыта [2].",
        "Пишите на info@lib.example [2].",
        "Смотрите https://evil.example/kz [2].",
        "Смотрите www.evil.example [2].",
        "Смотрите [сайт](https://evil.example) [2].",
    ],
)
def test_a_sentence_with_a_name_or_link_of_its_own_is_dropped(said: str) -> None:
    assert kept(f"{said} Гостей встретили тепло [2].") == "Гостей встретили тепло [2]."


@pytest.mark.parametrize(
    "said",
    [
        "Гостем был Серик Есматов [2].",
        "Гости пришли к Серику Есматову [2].",
        "Смотрите https://lib.example/kz [2].",
        "В Костанайской областной библиотеке был гость [2].",
    ],
)
def test_a_name_in_any_ending_and_a_link_of_the_evidence_stay(said: str) -> None:
    assert kept(said) == said


@pytest.mark.parametrize("stray", ["[3]", "[0]", "[999]", "[٧]"])
def test_a_marker_that_points_nowhere_goes(stray: str) -> None:
    assert kept(f"Фонд вырос {stray} [1].") == "Фонд вырос [1]."
    assert kept(f"Фонд вырос {stray}.") == "Фонд вырос."


def test_a_marker_inside_a_marker_leaves_none_that_points_nowhere() -> None:
    assert not set(MARKER.findall(kept("Фонд вырос [[7]9]."))) - {"1", "2"}


def test_the_length_of_a_list_was_counted_not_read() -> None:
    said = "Библиотеки для детей — таких 12:\n- Библиотека имени Толстого [2]"
    assert kept(said, "ru", "12") == said
    assert kept(said) == "- Библиотека имени Толстого [2]"


def test_the_numbers_of_an_ordered_list_count_for_nothing() -> None:
    said = "1. Фонд вырос [1]\n2. Гостей встретили [2]"
    assert kept(said) == said


def test_what_is_left_of_paragraphs_stands_close() -> None:
    assert kept("Фонд вырос [1].\n\nРаботают 5 библиотек [1].\n\nГостей встретили [2].") == (
        "Фонд вырос [1].\n\nГостей встретили [2]."
    )


def test_supported_is_said_of_one_sentence() -> None:
    assert is_supported("Работают 3 887 библиотек [1].", EVIDENCE, "ru")
    assert not is_supported("Работают 4 887 библиотек [1].", EVIDENCE, "ru")


PIECES = st.sampled_from(
    [
        "Работают",
        "3 887",
        "57 млн",
        "57",
        "1",
        "999",
        "72,5",
        "2025",
        "[1]",
        "[2]",
        "[3]",
        "[",
        "]",
        ".",
        "!",
        "?",
        "\n",
        "\n\n",
    ]
    + [
        "https://lib.example/kz",
        "https://evil.example",
        "www.evil.example",
        "a@evil.example",
        "Есматов",
        "Мамин",
        "-",
        ",",
        "A.",
    ]
)
TEXTS = st.one_of(
    st.text(max_size=200), st.lists(PIECES, max_size=30).map(" ".join), st.lists(PIECES, max_size=30).map("".join)
)


@example("[[7]9]", "ru")
@example("A. 45. B", "en")
@given(TEXTS, st.sampled_from(["kk", "ru", "en"]))
def test_whatever_comes_in_what_leaves_is_held_by_evidence(text: str, language: Language) -> None:
    left = grounded(text, EVIDENCE, language, frozenset())
    assert {int(number) for number in MARKER.findall(left)} <= {1, 2}
    assert "evil.example" not in left
    for line in left.split("\n"):
        unordered = line.lstrip().partition(". ")[2] if line.lstrip()[:2].rstrip(".").isdigit() else line
        held = numbers(" ".join(QUOTES.values()), language)
        assert numbers(MARKER.sub(" ", unordered), language) <= held, left


@given(TEXTS, st.sampled_from(["kk", "ru", "en"]))
def test_a_second_check_changes_nothing(text: str, language: Language) -> None:
    once = grounded(text, EVIDENCE, language, frozenset())
    assert grounded(once, EVIDENCE, language, frozenset()) == once
