"""Patterns: beginnings of words, in order and close together."""

from hypothesis import given
from hypothesis import strategies as st

from assistant.fold import fold
from assistant.patterns import Found, Patterns
from assistant.words import words

PATTERNS = Patterns(
    [("hours", "режим работ"), ("hours", "час"), ("kids", "дет"), ("point", "он"), ("count", "қанша"), ("cat", "it")],
    frozenset({"point"}),
)


def named(text: str) -> list[str]:
    return [found.name for found in PATTERNS.find(words(fold(text)))]


def test_words_match_by_their_beginnings() -> None:
    assert named("Какой режим работы?") == ["hours"]
    assert named("РЕЖИМА РАБОТ") == ["hours"]
    assert named("часы") == ["hours"]
    assert named("детская") == ["kids"]


def test_a_kazakh_letter_left_out_is_the_same_letter() -> None:
    assert named("Канша кітап?") == named("Қанша кітап?") == ["count"]


def test_one_word_may_stand_between_and_not_two() -> None:
    assert named("режим их работы") == ["hours"]
    assert named("режим и время работы") == []
    assert named("работы режим") == []


def test_a_whole_word_and_a_word_of_two_letters_match_to_the_end() -> None:
    assert named("где он?") == ["point"]
    assert named("онлайн") == []
    assert named("it yurt") == ["cat"]
    assert named("item") == []


def test_the_longest_match_comes_first_with_its_places() -> None:
    assert PATTERNS.find(["дети", "режим", "работы"]) == [Found("hours", (1, 2)), Found("kids", (0,))]


def test_a_pattern_without_words_matches_nothing() -> None:
    assert Patterns([("none", "—")]).find(["один"]) == []


@given(st.lists(st.text(max_size=6), max_size=8))
def test_any_tokens_are_looked_through(tokens: list[str]) -> None:
    for found in PATTERNS.find(tokens):
        assert all(0 <= place < len(tokens) for place in found.places)
