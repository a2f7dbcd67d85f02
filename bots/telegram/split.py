"""A long text → messages that Telegram takes, cut where a reader would pause, every tag closed and opened again."""

import re
import unicodedata
from collections.abc import Sequence

from bots.telegram.markup import Run, Runs, to_html, to_plain

# core.telegram.org/bots/api#sendmessage: 4,096 UTF-16 units. Telegram counts them without tags; with them is safer.
LIMIT = 4096
_PAUSES = [re.compile(pattern) for pattern in (r"\n\n+", r"\n", r"[.!?…][»”\"')\]]*\s", r"\s")]
_JOINERS = {"\u200d", "\ufe0e", "\ufe0f"}


def units(text: str) -> int:
    """The length of a text as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def split(text: Sequence[Run], limit: int = LIMIT) -> list[Runs]:
    """The parts of a text, none longer than `limit` as HTML, none empty."""
    rest, parts = _trimmed(text), []
    while rest:
        start = _before(rest, limit + 1)  # a character takes one unit at least
        most = _fitting(start, limit)
        end = most if most == len(to_plain(start)) else _pause(to_plain(start), most)
        parts.append(_trimmed(_before(start, end)))
        rest = _trimmed(_after(rest, end))
    return [part for part in parts if part]


def _fitting(text: Runs, limit: int) -> int:
    """The most characters whose HTML is within the limit."""
    low, high = 1, len(to_plain(text))
    if units(to_html(text)) <= limit:
        return high
    while low < high:
        middle = (low + high + 1) // 2
        fits = units(to_html(_before(text, middle))) <= limit
        low, high = (middle, high) if fits else (low, middle - 1)
    return low


def _pause(text: str, most: int) -> int:
    """Where to cut: after a paragraph, line, sentence or word of the last three quarters, else as late as can be."""
    for pause in _PAUSES:
        ends = [found.end() for found in pause.finditer(text, 0, most)]
        if ends and ends[-1] > most // 4:
            return ends[-1]
    return _whole(text, most)


def _whole(text: str, end: int) -> int:
    """The last place up to `end` that does not part a letter from its accents or an emoji from its parts."""
    place = end
    while place > 1 and (_belongs(text[place]) or text[place - 1] == "\u200d"):
        place -= 1
    return place if place > 1 else end


def _belongs(character: str) -> bool:
    """Whether a character is drawn onto the one before it."""
    skin = "\U0001f3fb" <= character <= "\U0001f3ff"
    return skin or character in _JOINERS or unicodedata.category(character) in ("Mn", "Me", "Mc")


def _before(text: Runs, end: int) -> Runs:
    kept = []
    for run in text:
        if end <= 0:
            break
        kept.append(Run(run.text[:end], run.tags))
        end -= len(run.text)
    return tuple(kept)


def _after(text: Runs, start: int) -> Runs:
    kept = []
    for run in text:
        if start < len(run.text):
            kept.append(Run(run.text[max(start, 0) :], run.tags))
        start -= len(run.text)
    return tuple(kept)


def _trimmed(text: Sequence[Run]) -> Runs:
    """Without spaces at either end, which Telegram would cut off."""
    plain = to_plain(text)
    end = len(plain.rstrip())
    return _after(_before(tuple(text), end), len(plain) - len(plain.lstrip())) if end else ()
