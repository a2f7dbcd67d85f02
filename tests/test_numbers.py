"""Numbers: however one is written, it is the same number; another is another."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.knowledge import LANGUAGES, Language
from assistant.numbers import SPACES, numbers

WHOLE = st.integers(min_value=0, max_value=10**15)
SCALES: dict[Language, dict[str, int]] = {
    "kk": {"мың": 10**3, "млн": 10**6, "миллион": 10**6, "миллиард": 10**9},
    "ru": {"тыс.": 10**3, "тысяч": 10**3, "млн": 10**6, "миллионов": 10**6, "миллиарда": 10**9},
    "en": {"thousand": 10**3, "million": 10**6, "billion": 10**9},
}


def plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


@given(WHOLE, st.sampled_from(SPACES))
def test_grouped_by_spaces_or_not_a_number_is_the_same(number: int, space: str) -> None:
    for language in LANGUAGES:
        assert numbers(f"{number:,}".replace(",", space), language) == {str(number)}
        assert numbers(str(number), language) == {str(number)}


@given(WHOLE)
def test_english_commas_group(number: int) -> None:
    assert numbers(f"{number:,}", "en") == numbers(f"{number:,}".replace(",", " "), "ru") == {str(number)}


@given(st.decimals(min_value=0, max_value=10**6, places=2))
def test_a_decimal_mark_is_a_comma_or_a_point(number: Decimal) -> None:
    assert numbers(f"{number:,}", "en") == {plain(number)}
    local = f"{number:,}".translate({ord(","): "\u00a0", ord("."): ","})
    assert numbers(local, "kk") == numbers(local, "ru") == {plain(number)}


@given(st.integers(1, 999), st.sampled_from([(lang, word) for lang in LANGUAGES for word in SCALES[lang]]))
def test_words_for_thousands_multiply(number: int, spoken: tuple[Language, str]) -> None:
    language, word = spoken
    assert numbers(f"{number} {word}", language) == {str(number * SCALES[language][word])}


@given(WHOLE, WHOLE)
def test_numbers_apart_are_told_apart(left: int, right: int) -> None:
    for language in LANGUAGES:
        assert numbers(f"({left}); {right}.", language) == {str(left), str(right)}


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    for language in LANGUAGES:
        assert all(Decimal(number) >= 0 for number in numbers(text, language))


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("57 млн адам", "kk", {"57000000"}),
        ("57 million visits", "en", {"57000000"}),
        ("72,5 пайыз", "kk", {"72.5"}),
        ("72.5 per cent", "en", {"72.5"}),
        ("10 087, 20 782 и 41 365", "ru", {"10087", "20782", "41365"}),
        ("10,087, then 20,782", "en", {"10087", "20782"}),
        ("2013–2015 жылдары", "kk", {"2013", "2015"}),
        ("in 2013, 32 centres", "en", {"2013", "32"}),
        ("7R", "en", {"7"}),
        ("1,5 млн", "ru", {"1500000"}),
        ("ноль чисел", "ru", set()),
        ("16.01.2026", "ru", {"16", "1", "2026"}),
        ("000", "en", {"0"}),
    ],
)
def test_as_a_reader_means_it(text: str, language: Language, expected: set[str]) -> None:
    assert numbers(text, language) == expected
