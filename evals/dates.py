"""Dates in any notation of the three languages: 5 January 2019 = January 5, 2019 = 2019 жылғы 5 қаңтар = 05.01.2019."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date

from assistant.fold import fold

# Beginnings of the months' names, folded: January to December in Kazakh, Russian and English.
MONTHS = (
    ("кантар", "январ", "jan"), ("акпан", "феврал", "feb"), ("наурыз", "март", "mar"), ("сауир", "апрел", "apr"),
    ("мамыр", "май", "мая", "мае", "may"), ("маусым", "июн", "jun"), ("шилде", "июл", "jul"),
    ("тамыз", "август", "aug"), ("кыркуйек", "сентябр", "sep"), ("казан", "октябр", "oct"),
    ("караша", "ноябр", "nov"), ("желтоксан", "декабр", "dec"),
)  # fmt: skip
_NAMES = "|".join(name for names in MONTHS for name in names)
_NUMBER_OF = {name: number for number, names in enumerate(MONTHS, 1) for name in names}
_WAYS = tuple(
    re.compile(way)
    for way in (
        r"(?<!\d)(?P<day>\d{1,2})\.(?P<number>\d{1,2})\.(?P<year>\d{4})",
        r"(?P<year>\d{4})-(?P<number>\d{2})-(?P<day>\d{2})",
        rf"(?P<year>\d{{4}})\s+жыл\w*\s+(?P<day>\d{{1,2}})\s+(?P<name>{_NAMES})",
        rf"(?<!\d)(?P<day>\d{{1,2}})\s+(?P<name>{_NAMES})[^\W\d_]*,?\s+(?P<year>\d{{4}})",
        rf"\b(?P<name>{_NAMES})[^\W\d_]*\s+(?P<day>\d{{1,2}}),?\s+(?P<year>\d{{4}})",
    )
)


def dates(text: str) -> set[date]:
    """Every whole date of a text."""
    return set(_found(fold(text)))


def _found(folded: str) -> Iterator[date]:
    for way in _WAYS:
        for match in way.finditer(folded):
            told = match.groupdict()
            month = int(told["number"]) if told.get("number") else _NUMBER_OF[told["name"]]
            with suppress(ValueError):  # 31.31.2025 is none
                yield date(int(told["year"]), month, int(told["day"]))
