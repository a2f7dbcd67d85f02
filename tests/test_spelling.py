"""Slips are put right; words that are known, foreign, short or far from all others stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.spelling import Spelling
from assistant.words import Lexicon

SURFACES = {
    "китапхана": "кітапхана", "библиотеками": "библиотеками", "library": "library", "pavlodar": "pavlodar",
    "векторы": "векторы", "онлайн": "онлайн", "2015": "2015", "денег": "денег",
    "akjigitova": "",
}  # fmt: skip
COMMON = {word: word for word in ("what", "which", "where", "regions", "the", "how", "библиотек", "сколько", "где")}
SPELLING = Spelling(SURFACES | COMMON, Lexicon(SURFACES | COMMON), COMMON)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("Каким библиоткеам не хватает денег?", "Каким библиотеками не хватает денег?"),
        ("кітапзана қайда", "кітапхана қайда"),
        ("китапхнаа кайда", "кітапхана кайда"),
        ("Pavlpdar libary", "Pavlodar library"),
        ("кітапханаларымызда", "кітапханаларымызда"),
        ("ректоры", "ректоры"),
        ("2051, wi-fi, рак", "2051, wi-fi, рак"),
        ("Стамбул", "Стамбул"),
        ("Akjigitovb", "Akjigitovb"),
        ("Akxigitova", "Akxigitova"),
        ("Whree is hte ibrary", "Where is the library"),
        ("hoow, whivh", "how, which"),
        ("Whichr egions", "Which regions"),
        ("a hat by Eht and Hte", "a hat by Eht and Hte"),
    ],
)
def test_slips_are_put_right(text: str, right: str) -> None:
    assert SPELLING.corrected(text) == right


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    assert len(SPELLING.corrected(text).split()) == len(text.split())
