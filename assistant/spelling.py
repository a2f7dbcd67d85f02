"""Mistyped words put right before a question is searched for: an embedding of a slip is far from that of the word."""

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache

from rapidfuzz.distance import OSA
from rapidfuzz.process import extractOne

from assistant.fold import fold
from assistant.words import TYPO_FROM, Lexicon

SECOND_FROM = 10  # letters of a word in which two slips are forgiven
_WORD = re.compile(r"[^\W\d_]+")


class Spelling:
    """The words that the knowledge base uses, by their first letter: it is hardly ever mistyped."""

    def __init__(self, surfaces: Mapping[str, str], lexicon: Lexicon) -> None:
        self._surfaces, self._lexicon = surfaces, lexicon
        self._by_letter: dict[str, list[str]] = defaultdict(list)
        for word, surface in surfaces.items():
            if surface and len(word) >= TYPO_FROM - 1 and word.isalpha():
                self._by_letter[word[0]].append(word)
        self._right = lru_cache(maxsize=20_000)(self._nearest)

    def corrected(self, text: str) -> str:
        """The text with every word that is no form of a known one, but a slip of one, written as that one."""
        return _WORD.sub(lambda match: self._right(match.group()), text)

    def _nearest(self, word: str) -> str:
        folded = fold(word)
        if len(folded) < TYPO_FROM or not folded.isalpha() or self._lexicon.has_form(folded):
            return word
        slips = 2 if len(folded) >= SECOND_FROM else 1
        found = extractOne(folded, self._by_letter.get(folded[0], ()), scorer=OSA.distance, score_cutoff=slips)
        if found is None:
            return word
        surface = self._surfaces[found[0]]
        return surface.capitalize() if word[0].isupper() else surface
