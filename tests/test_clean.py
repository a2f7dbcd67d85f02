"""What `clean` takes away and, above all, what it leaves."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.clean import clean
from assistant.fold import fold, unmix

ANY = st.text(st.characters(exclude_categories=()), max_size=60)  # lone surrogates included


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("  Сәлем,\t\tкітапхана \n қайда?  ", "Сәлем, кітапхана қайда?"),
        ("a\x00b\x1b[31m", "ab[31m"),
        ("кі\u200bтап\ufeff \u2066хана\u2069\u202e", "кітап хана"),
        ("сөз\U000e0041\U000e0042", "сөз"),
        ("\ue000жаңа\ud800 \U0010ffff", "жаңа"),
        ("й", "й"),
        (
            "z" + "\u0301\u0302\u0303\u0304\u0305\u0306" * 50 + "o",
            "ź\u0302\u0303\u0304o",
        ),
        ("одна\u2028строка\x85вторая", "одна строка вторая"),
        ("a \u200b b", "a b"),
        ("", ""),
        ("\u200b\u200b", ""),
    ],
)
def test_clean(dirty: str, expected: str) -> None:
    assert clean(dirty) == expected


def test_kazakh_letters_and_emoji_stay() -> None:
    text = "Әә Ғғ Ққ Ңң Өө Ұұ Үү Һһ Іі ёЁ — «кітап» 📚"
    assert clean(text) == text


@given(ANY)
def test_clean_twice_is_clean_once(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert once.isprintable() and unicodedata.is_normalized("NFC", once)
    once.encode()  # no lone surrogate


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("ӘҒҚҢӨҰҮҺІ", "агкноуухи"),
        ("Ёлка и ёж", "елка и еж"),
        ("Кітапхана", "китапхана"),
        ("кiтaпхана", "китапхана"),
        ("KІТАПХАНА", "китапхана"),
        ("библиoтекa", "библиотека"),
        ("қаhарман", "кахарман"),
        ("DоsAI", "dosai"),
        ("AIдың, Primoның", "ai дын, primo нын"),
        ("замо́к", "замок"),
        ("Library 7R, AI", "library 7r, ai"),
        ("й и", "й и"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.one_of(ANY, st.text("iаaкkіёй\u0301\u0306\u0308\u0323 ḮİһhCс", max_size=12)))
def test_fold_twice_is_fold_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(ANY)
def test_unmix_keeps_length(text: str) -> None:
    assert len(unmix(text)) == len(text)
