"""The judge of suites takes every notation of a fact, and nothing else."""

import pytest

from assistant.knowledge import Language
from evals.facts import missing


@pytest.mark.parametrize(
    ("facts", "text", "language"),
    [
        ("3887", "3 887 кітапхана", "kk"),
        ("3,887", "3 887 публичных библиотек", "ru"),
        ("3887 публичных библиотек", "В стране 3 887 публичных библиотек", "ru"),
        ("05.01.2019", "Ол 2019 жылғы 5 қаңтарда өтті", "kk"),
        ("January 5, 2019", "Это было 5 января 2019 года", "ru"),
        ("2019-01-05", "It took place on 5 January 2019", "en"),
        ("3887", "3,887 libraries", "en"),
        ("3887", "3\u202f887 библиотек", "ru"),
        ("72.5", "72,5 млн", "ru"),
        ("57", "57 million visits", "en"),
        ("57000000", "57 млн рет", "kk"),
        ("қаржы|қаражат", "Каржыдан тапшы", "kk"),
        ("Павлодар;Атырау", "АТЫРАУ мен Павлодарда", "kk"),
        ("3 887|4000", "3,887 libraries", "en"),
        ("«Абай»", "“Абайдың” мұрасы", "kk"),
        ("Джек Лондон", "у Джека Лондона", "ru"),
        ("AI Zhan", "AI Zhan-ды", "kk"),
        ("", "anything", "en"),
    ],
)
def test_a_fact_is_found(facts: str, text: str, language: Language) -> None:
    assert missing(filter(None, facts.split(";")), text, language) == []


@pytest.mark.parametrize(
    ("facts", "text", "language", "lacking"),
    [
        ("3887", "13 887 кітапхана", "kk", ["3887"]),
        ("31.12.1999", "В стране 3 887 библиотек", "ru", ["31.12.1999"]),
        ("5 January 2019", "It took place on 6 January 2019", "en", ["5 January 2019"]),
        ("57", "1957 жылы", "kk", ["57"]),
        ("фонд", "Библиофонд", "ru", ["фонд"]),
        ("Pushkin;2015", "Named after Pushkin", "en", ["2015"]),
    ],
)
def test_a_fact_is_missed(facts: str, text: str, language: Language, lacking: list[str]) -> None:
    assert missing(facts.split(";"), text, language) == lacking
