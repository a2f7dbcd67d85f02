"""Whether a text holds the facts that a case of a suite expects of it."""

import re
from collections.abc import Iterable
from functools import lru_cache

from assistant.fold import fold
from assistant.knowledge import Language
from assistant.numbers import SPACES, numbers
from assistant.words import words

_LETTERS = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(rf"\d[\d.,{SPACES}]*")


def missing(facts: Iterable[str], text: str, language: Language) -> list[str]:
    """The facts ("3887", "қаржы|қаражат": in any one way) that `text` does not hold."""
    return [fact for fact in facts if not any(_holds(text, way.strip(), language) for way in fact.split("|"))]


def _holds(text: str, way: str, language: Language) -> bool:
    """A number in any notation, or words by their beginnings, however they are typed and whatever stands between."""
    if _NUMBER.fullmatch(way):
        return numbers(way, language) <= _said(text, language)
    tokens = [re.escape(word) for word in words(fold(way))]
    return bool(tokens) and re.search(r"\b" + r"\w*\W+".join(tokens), _folded(text)) is not None


# Evidence is looked for in every aspect, of which there are some 1,600 texts.
@lru_cache(maxsize=4000)
def _folded(text: str) -> str:
    return fold(text)


@lru_cache(maxsize=4000)
def _said(text: str, language: Language) -> set[str]:
    """The numbers of a text, with their scale and without: 57 million is 57000000, and 57."""
    return numbers(text, language) | numbers(_LETTERS.sub("·", text), language)
