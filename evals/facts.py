"""Whether a text holds the facts that a case of a suite expects of it."""

import re

from assistant.fold import fold
from assistant.numbers import numbers

_WORD = re.compile(r"[^\W\d_]+")


def missing(facts: str, text: str, language: str) -> list[str]:
    """The items of `facts` ("3887;қаржы|қаражат": all of them, in any one way each) that `text` does not hold."""
    items = [item for item in facts.split(";") if item.strip()]
    return [item for item in items if not any(_holds(text, way.strip(), language) for way in item.split("|"))]


def _holds(text: str, way: str, language: str) -> bool:
    """A number in any notation, or the beginning of a word however it is typed."""
    if _is_number(way):
        return way in numbers(text, language) | numbers(_WORD.sub("·", text), language)  # 57 million: 57000000, and 57
    return re.search(rf"\b{re.escape(fold(way))}", fold(text)) is not None


def _is_number(way: str) -> bool:
    return re.fullmatch(r"\d+(\.\d+)?", way) is not None
