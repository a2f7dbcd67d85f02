"""Courtesies go, questions stay."""

from pathlib import Path

import pytest

from assistant.courtesy import Courtesies
from assistant.errors import KnowledgeError
from assistant.settings import shipped


@pytest.fixture(scope="module")
def courtesies() -> Courtesies:
    return Courtesies.load(shipped("prompts"))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Сәлеметсіз бе! Қостанай кітапханасы қайда? Алдын ала рақмет!", "Қостанай кітапханасы қайда?"),
        ("салеметсиз бе, кітапхана қайда", "кітапхана қайда"),
        ("Здравствуйте, подскажите, пожалуйста: где библиотека?", "где библиотека?"),
        ("Извините за беспокойство. Сколько у вас книг? Буду признателен", "Сколько у вас книг?"),
        ("Hi there! Thanks in advance. Where is it? I’d be grateful.", "Where is it?"),
        ("ПРИВЕТ!!! А ГДЕ ОНА???", "А ГДЕ ОНА?"),
        ("Что такое DosAI", "Что такое DosAI"),
        ("Что значит слово «спасибо» по-казахски?", "Что значит слово «спасибо» по-казахски?"),
        ("спасибо", "спасибо"),
        ("Сәлем! Рақмет!", "Рақмет!"),
        ("", ""),
        ("?!", "?!"),
    ],
)
def test_what_is_left(courtesies: Courtesies, text: str, left: str) -> None:
    assert courtesies.without(text) == left


def test_what_is_left_has_nothing_left_to_lose(courtesies: Courtesies) -> None:
    text = "Привет! Здравствуйте! Извините! Спасибо! Где Шырак? Спасибо! Благодарю! До свидания?"
    once = courtesies.without(text)
    assert courtesies.without(once) == once


@pytest.mark.parametrize("text", ["- сәлем", "kk: [сәлем]\nru: [привет]\nde: [hallo]", "kk: [", ""])
def test_a_bad_file_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "courtesies.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(KnowledgeError, match=r"courtesies\.yaml:"):
        Courtesies.load(tmp_path)
