"""Text as search compares it: the same for a Kazakh, a Russian and a hurried keyboard.

Folding loses nothing for character 4-grams (design, section 4) and finds the fifth of Kazakh messages typed without
ә ғ қ ң ө ұ ү һ і. It is for comparing only: what people read is never folded.
"""

import re
import unicodedata

from assistant.spellings import RUSSIAN_KEYBOARD

FOLDED = str.maketrans({**RUSSIAN_KEYBOARD, "ё": "е", "ї": "и"})
# Latin letters that look like Cyrillic ones, small and capital: the shapes differ (B is В, b is not в).
_ALIKE_LATIN = "aceikmopxyhəABCEHIKMOPTXYƏ"
_ALIKE_CYRILLIC = "асеікморхуһәАВСЕНІКМОРТХУӘ"
_TO_CYRILLIC = str.maketrans(_ALIKE_LATIN, _ALIKE_CYRILLIC)
_TO_LATIN = str.maketrans(_ALIKE_CYRILLIC, _ALIKE_LATIN)
_MARKS = re.compile("[\u0300-\u036f]+")
_LATIN = r"A-Za-z\u00c0-\u024f\u0259\u018f"
_CYRILLIC = r"\u0400-\u052f"
# Possessive and anchored at a word's start: a line of 100,000 letters must take no longer per letter than a short one.
_MIXED = re.compile(
    rf"(?<![{_LATIN}{_CYRILLIC}])(?:[{_LATIN}]++[{_CYRILLIC}]|[{_CYRILLIC}]++[{_LATIN}])[{_LATIN}{_CYRILLIC}]*+"
)
_IS_LATIN = re.compile(rf"[{_LATIN}]")
_IS_CYRILLIC = re.compile(rf"[{_CYRILLIC}]")
# "AIдың", "Primoның": a Latin name with a Kazakh ending, not a disguised word.
_ABBREVIATION = re.compile(r"(?<!\w)([A-Z]{2,}+)(?=[а-яёәғқңөұүһі])")
_NAME = re.compile(rf"(?<![{_LATIN}])([{_LATIN}]{{2,}}+)(?=[{_CYRILLIC}])")


def fold(text: str) -> str:
    """`text` in NFC and small letters, ё→е, Kazakh letters → the Russian ones, look-alikes and stress marks undone.

    A Kazakh ending is parted from the Latin name it stands on ("AIдың" → "ai дын"), so that the name is found.
    """
    folded = _folded(text) if _IS_LATIN.search(text) else _plain(text)
    # Parting or folding one letter can make the rest of a mixed word readable.
    return fold(folded) if folded != text and _MIXED.search(folded) else folded


def _folded(text: str) -> str:
    text = unmix(_ABBREVIATION.sub(r"\1 ", unicodedata.normalize("NFC", text)))
    return _plain(_NAME.sub(r"\1 ", text))


def _plain(text: str) -> str:
    """The folding of a text in which no word can be of two scripts."""
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    # й and ё are single characters by now: a mark still standing alone is a stress mark or an ornament.
    return unicodedata.normalize("NFC", _MARKS.sub("", text)).translate(FOLDED)


def unmix(text: str) -> str:
    """Words of two scripts brought to one ("кiтaпхана" with Latin i, a), where every odd letter has a twin."""
    return _MIXED.sub(_unmixed, text)


def _unmixed(match: re.Match[str]) -> str:
    """The word in Cyrillic if its Latin letters all have twins, else in Latin if its Cyrillic ones do, or as it was."""
    word = match.group()
    cyrillic = word.translate(_TO_CYRILLIC)
    if not _IS_LATIN.search(cyrillic):
        return cyrillic
    latin = word.translate(_TO_LATIN)
    return word if _IS_CYRILLIC.search(latin) else latin
