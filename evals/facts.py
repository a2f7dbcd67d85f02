"""Whether a text holds the facts that a case of a suite expects of it."""

import re
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

from assistant.fold import fold
from assistant.knowledge import Language
from assistant.numbers import SPACES, numbers
from assistant.words import words
from evals.dates import dates

_LETTERS = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(rf"(?<![\w.,])\d+(?:[.,{SPACES}]\d+)*(?!\w)")


def missing(facts: Iterable[str], text: str, language: Language) -> list[str]:
    """The facts ("3887", "қаржы|қаражат": in any one way) that `text` does not hold."""
    return [fact for fact in facts if not any(_holds(text, way.strip(), language) for way in fact.split("|"))]


def _holds(text: str, way: str, language: Language) -> bool:
    """Numbers and dates in any notation, and words by their beginnings, however they are typed and parted."""
    if dates(way):
        return dates(way) <= _dated(text)
    counted = [(number.group(), _readings(number.group(), language)) for number in _NUMBER.finditer(way)]
    if not all(readings & _said(text, language) for _, readings in counted):
        return False
    worded = _NUMBER.sub(" ", way)
    tokens = [re.escape(word) for word in words(fold(worded))]
    if not tokens:
        return bool(counted)
    return re.search(r"\b" + r"\w*\W+".join(tokens), _folded(text)) is not None


def _readings(number: str, language: Language) -> set[str]:
    """What a number of a sheet may mean: 3,887 is one number in English, and may be meant as in English elsewhere."""
    return numbers(number, language) | numbers(number, "en")


# Evidence is looked for in every aspect, of which there are some 1,600 texts.
@lru_cache(maxsize=4000)
def _folded(text: str) -> str:
    return fold(text)


@lru_cache(maxsize=4000)
def _dated(text: str) -> set[date]:
    return dates(text)


@lru_cache(maxsize=4000)
def _said(text: str, language: Language) -> set[str]:
    """The numbers of a text, with their scale and without: 57 million is 57000000, and 57."""
    return numbers(text, language) | numbers(_LETTERS.sub("·", text), language)
