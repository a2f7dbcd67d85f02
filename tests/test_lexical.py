"""Lexical search: forms of a word meet, folded letters meet, and the index is the same after a trip to disk."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.lexical import Lexical

TEXTS = [
    "Қостанай облыстық кітапханасы өлке тарихымен танымал",
    "Павлодар облыстық кітапханасы музыкамен танымал",
    "Библиотека хранит редкие рукописи",
    "The library keeps rare manuscripts",
    "А мы",
    "",
]


@pytest.fixture(scope="module")
def lexical() -> Lexical:
    return Lexical.build(TEXTS)


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("Қостанайдағы кітапханалар", 0),
        ("костанай китапхана", 0),
        ("ҚОСТАНАЙ", 0),
        ("павлодарлық", 1),
        ("рукописями", 2),
        ("рукопсь библиотеки", 2),
        ("manuscript", 3),
        ("мы", 4),
    ],
)
def test_a_form_or_a_slip_of_a_word_finds_it(lexical: Lexical, question: str, best: int) -> None:
    scores = lexical.scores(question)
    assert int(scores.argmax()) == best
    assert scores[best] > 0


def test_a_word_that_tells_weighs_more_than_one_that_all_have(lexical: Lexical) -> None:
    scores = lexical.scores("музыка кітапханасы")
    assert scores[1] > scores[0] > 0


def test_scores_of_questions_can_be_compared(lexical: Lexical) -> None:
    """The share of the question that is met, not its length, makes the score."""
    assert lexical.scores(TEXTS[2])[2] > lexical.scores("рукописи о погоде в Лондоне на завтра")[2]
    assert 0.5 < lexical.scores(TEXTS[2])[2] < 2.5


@pytest.mark.parametrize("question", ["", "?!", "日本語", "\u0301", "zzzz"])
def test_nothing_in_common_is_nothing(lexical: Lexical, question: str) -> None:
    assert lexical.scores(question).tolist() == [0.0] * len(TEXTS)


@pytest.mark.parametrize("texts", [[], [""], ["", "?"], ["бір"]])
def test_few_texts_or_none_are_an_index_too(texts: list[str], tmp_path: Path) -> None:
    lexical = Lexical.build(texts)
    lexical.save(tmp_path / "index.npz")
    assert Lexical.load(tmp_path / "index.npz").scores("бір").shape == (len(texts),)


def test_saved_and_loaded_it_scores_the_same(lexical: Lexical, tmp_path: Path) -> None:
    lexical.save(tmp_path / "index.npz")
    loaded = Lexical.load(tmp_path / "index.npz")
    for text in TEXTS:
        assert np.array_equal(loaded.scores(text), lexical.scores(text))


@given(st.text(max_size=200))
def test_any_question_has_finite_scores(lexical: Lexical, question: str) -> None:
    scores = lexical.scores(question)
    assert scores.shape == (len(TEXTS),)
    assert np.isfinite(scores).all() and (scores >= 0).all()


@given(st.lists(st.text(max_size=60), max_size=8))
def test_any_texts_can_be_indexed(texts: list[str]) -> None:
    lexical = Lexical.build(texts)
    for text in texts:
        assert lexical.scores(text).shape == (len(texts),)
