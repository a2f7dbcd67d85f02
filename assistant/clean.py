"""Text as a person meant it: no invisible, forbidden or piled-up characters.

What goes, and why, is from the Unicode Standard (chapters 2, 5, 23) and UTS #39: bidi marks, zero-width and tag
characters hide text from people that programs still read; stacked marks ("zalgo") freeze whatever draws them.
Kazakh letters are never folded here: that is `assistant.fold`, for search only.
"""

import re
import unicodedata

# control, format (bidi, zero-width, tags), surrogate, private use, unassigned
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_MARKS = frozenset({"Mn", "Mc", "Me"})
_PILED = 3
_MAYBE_PILED = re.compile(r"[^\w\s]{4}")


def clean(text: str) -> str:
    """`text` in NFC without characters nobody sees, at most 3 marks on a letter, single spaces, none at the ends."""
    text = " ".join(text.split())
    if text.isascii() and text.isprintable():
        return text
    text = unicodedata.normalize("NFC", "".join(map(_seen, text)))
    # Dropping a character can leave two spaces where one was meant.
    return " ".join(_unpiled(text).split())


def _seen(character: str) -> str:
    """The character, or nothing where it is of a kind that is not text."""
    return "" if unicodedata.category(character) in _DROPPED else character


def _unpiled(text: str) -> str:
    """`text` with the fourth and later marks on one letter taken off."""
    if not _MAYBE_PILED.search(text):
        return text
    kept, run = [], 0
    for character in text:
        run = run + 1 if unicodedata.category(character) in _MARKS else 0
        if run <= _PILED:
            kept.append(character)
    return "".join(kept)
