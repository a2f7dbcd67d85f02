"""Greetings, thanks and apologies around a question, left aside: what is asked is understood without them."""

import re
from dataclasses import dataclass
from pathlib import Path

from assistant.errors import KnowledgeError
from assistant.knowledge import WordLists
from assistant.records import read_records
from assistant.words import folded_words

FILE = "courtesies.yaml"
_WORD = re.compile(r"[^\W_]+(?:['’ʼ][^\W_]+)*")
_APOSTROPHES = str.maketrans("’ʼ", "''")


class Courtesies:
    """The courtesies of prompts/courtesies.yaml, as the folded words of each."""

    def __init__(self, courtesies: WordLists) -> None:
        self._known = {_folded(text) for text in courtesies.all()}
        self._longest = max(map(len, self._known), default=0)

    @classmethod
    def load(cls, folder: Path) -> "Courtesies":
        """Read and validate; raises KnowledgeError with every problem."""
        problems: list[str] = []
        found = [record for record, _ in read_records(folder / FILE, Path(FILE), WordLists, problems)]
        if problems or len(found) != 1:
            raise KnowledgeError(problems or [f"{FILE}:1: found {len(found)} records; expected one with kk, ru and en"])
        return cls(found[0])

    def without(self, text: str) -> str:
        """The text without the courtesies that it begins and ends with; all of it where it is nothing else."""
        words = [_Word(match.start(), match.end(), _folded(match.group())) for match in _WORD.finditer(text)]
        first, last = 0, len(words)
        while cut := self._cut(words[first:last]):
            first, last = first + cut[0], last - cut[1]
        if (first, last) == (0, len(words)):
            return text
        return _trimmed(text, words[first].start, words[last - 1].end)

    def _cut(self, words: "list[_Word]") -> tuple[int, int] | None:
        """How many words a courtesy takes off the beginning, or off the end; the longest first, never the last word."""
        for size in range(min(len(words) - 1, self._longest), 0, -1):
            for part, cut in ((words[:size], (size, 0)), (words[-size:], (0, size))):
                if tuple(token for word in part for token in word.tokens) in self._known:
                    return cut
        return None


def _folded(text: str) -> tuple[str, ...]:
    return folded_words(text.translate(_APOSTROPHES))


@dataclass(frozen=True)
class _Word:
    start: int
    end: int
    tokens: tuple[str, ...]


def _trimmed(text: str, start: int, end: int) -> str:
    """The text between two places, with the mark that ends its last sentence."""
    closing = text[end:].lstrip()[:1]
    return text[start:end] + (closing if closing in ("?", "!", "»", "”", '"') else "")
