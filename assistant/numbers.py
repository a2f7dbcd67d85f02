"""Numbers as a reader means them: 3 887 = 3,887 = 3887, 72,5 = 72.5, 57 млн = 57 million; 31.12.2025 is three."""

import re
from collections.abc import Iterator
from decimal import Decimal

SPACES = " \u00a0\u2009\u202f"
_GROUPED = re.compile(rf"(?<![\w.,])\d{{1,3}}(?:[{SPACES},]\d{{3}})+(?![\d])(?:[.,]\d+)?|\d+(?:[.,]\d+)*")
_WORDS = {
    "thousand": 10**3, "million": 10**6, "billion": 10**9,
    "мың": 10**3, "миллион": 10**6, "млн": 10**6, "миллиард": 10**9,
    "тыс": 10**3, "тысяч": 10**3,
}  # fmt: skip
_SCALE = re.compile(rf"[{SPACES}]?[-‑]?[{SPACES}]?({'|'.join(sorted(_WORDS, key=len, reverse=True))})", re.IGNORECASE)


def numbers(text: str, language: str) -> set[str]:
    """Every number of `text` in plain digits, scale words multiplied in ("57 млн" → "57000000").

    `language` settles what a comma means: thousands in English, a decimal mark in Kazakh and Russian.
    """
    return {number for _, _, number in spotted(text, language)}


def spotted(text: str, language: str) -> Iterator[tuple[int, int, str]]:
    """The same, each with where it begins and ends, its scale word included."""
    for match in _GROUPED.finditer(text):
        value = _value(match.group(), language)
        if value is None:  # a date, or what else is parted by dots
            for part in re.finditer(r"\d+", match.group()):
                yield match.start() + part.start(), match.start() + part.end(), _plain(Decimal(part.group()))
            continue
        scale = _SCALE.match(text, match.end())
        end = scale.end() if scale else match.end()
        yield match.start(), end, _plain(value * _WORDS[scale.group(1).lower()] if scale else value)


def _value(digits: str, language: str) -> Decimal | None:
    digits = re.sub(f"[{SPACES}]", "", digits).rstrip(".,")
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", digits) and (language == "en" or digits.count(",") > 1):
        digits = digits.replace(",", "")
    digits = digits.replace(",", ".")
    return Decimal(digits) if digits.count(".") <= 1 else None


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"
