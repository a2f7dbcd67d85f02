"""Sentences: where they end, and where a full stop ends nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.sentences import sentences


@pytest.mark.parametrize(
    "text",
    [
        "Библиотека имени А. С. Пушкина открыта.",
        "Библиотека им. Абая открыта.",
        "С. Бегалин атындағы кітапхана ашық.",
        "Библиотека находится в г. Астана.",
        "Dr. Smith visited the library.",
        "Формула «3.5 балла» верна.",
        "Доля — 72.5 процента.",
        "Открыта в 2012 г. после ремонта.",
        "See e.g. Alma and Primo.",
        "Что дальше? — спросил он.",
        "одно",
    ],
)
def test_one_sentence_stays_whole(text: str) -> None:
    assert sentences(text) == [text]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Раз. Два! Три?", ["Раз.", "Два!", "Три?"]),
        ("Бір… Екі.", ["Бір…", "Екі."]),
        ("Он сказал «да». Потом ушёл.", ["Он сказал «да».", "Потом ушёл."]),
        ("«Прочти!» Потом ушёл.", ["«Прочти!»", "Потом ушёл."]),
        ("Открыта. 12 залов ждут.", ["Открыта.", "12 залов ждут."]),
        ("Первый. «Второй».", ["Первый.", "«Второй»."]),
        ("Known since 2012. It grew.", ["Known since 2012.", "It grew."]),
        ("Fact [1]. Another [2].", ["Fact [1].", "Another [2]."]),
        ("", []),
        ("   ", []),
    ],
)
def test_sentences_are_told_apart(text: str, found: list[str]) -> None:
    assert sentences(text) == found


@given(st.one_of(st.text(), st.lists(st.sampled_from("А. б в! Где? «»… 1 [1]\t"), max_size=40).map("".join)))
def test_joined_by_spaces_they_are_the_text_again(text: str) -> None:
    found = sentences(text)
    assert " ".join(found).split() == text.split()
    assert all(sentence == sentence.strip() and sentence for sentence in found)
