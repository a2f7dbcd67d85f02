"""Mistyped words put right before a question is searched for: an embedding of a slip is far from that of the word."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache

from rapidfuzz.distance import OSA
from rapidfuzz.process import extractOne

from assistant.fold import fold
from assistant.words import TYPO_FROM, Lexicon

SECOND_FROM = 10  # letters of a word in which two slips are forgiven
SHORTEST = 3  # letters of a common word that is known in spite of a slip
CHANGED_FROM = 5  # letters of a short word in which a slip may be more than two letters swapped or one doubled
_WORD = re.compile(r"[^\W\d_]+")
_PAIR = re.compile(r"(?<![^\W_])([^\W\d_]{2,40}) (?=([^\W\d_]{1,40})(?![^\W_]))")
_DOUBLED = re.compile(r"(.)\1")


class Spelling:
    """The words that the knowledge base uses, by their first letter: it may be left out, but is hardly ever another."""

    def __init__(self, surfaces: Mapping[str, str], lexicon: Lexicon, common: Iterable[str] = ()) -> None:
        """`common`: the folded words that questions are made of, the commonest first; short slips are theirs alone."""
        self._surfaces = surfaces
        self._by_letter: dict[str, list[str]] = defaultdict(list)
        for word, surface in surfaces.items():
            if surface and len(word) >= TYPO_FROM - 1 and word.isalpha():
                self._by_letter[word[0]].append(word)
        self._beheaded = {word[1:]: word for words in self._by_letter.values() for word in words}
        self._common = [word for word in common if len(word) >= SHORTEST and word.isalpha() and surfaces.get(word)]
        self._right = lru_cache(maxsize=20_000)(self._nearest)
        self._is_known = lru_cache(maxsize=20_000)(lexicon.has_form)

    def corrected(self, text: str) -> str:
        """The text with every word that is no form of a known one, but a slip of one, written as that one."""
        spaced = _PAIR.sub(self._spaced, text) if " " in text else text
        return _WORD.sub(lambda match: self._right(match.group(), match.start() == 0), spaced)

    def _spaced(self, match: re.Match[str]) -> str:
        """The first of two words; its last letter goes to the next where that makes both known: "whichr egions"."""
        left, right = match.groups()
        moved = fold(left[:-1]), fold(left[-1] + right)
        is_slip = not self._is_known(fold(right)) and all(self._surfaces.get(word) for word in moved)
        return f"{left[:-1]} {left[-1]}" if is_slip else match.group()

    def _nearest(self, word: str, begins: bool) -> str:
        folded = fold(word)
        if not folded.isalpha() or self._is_known(folded):
            return word
        if len(folded) < TYPO_FROM:
            found = None if word[0].isupper() and not begins else self._common_word(folded)  # a name may be unknown
        else:
            found = self._long_word(folded)
        if found is None:
            return word
        surface = self._surfaces[found]
        return surface.capitalize() if word[0].isupper() else surface

    def _long_word(self, folded: str) -> str | None:
        slips = 2 if len(folded) >= SECOND_FROM else 1
        alike = self._by_letter.get(folded[0], ())
        found = extractOne(folded, alike, scorer=OSA.distance, score_cutoff=slips)
        return found[0] if found else self._beheaded.get(folded)

    def _common_word(self, folded: str) -> str | None:
        """The commonest word of questions that a short one is a slip of."""
        single = _DOUBLED.sub(r"\1", folded)
        for word in self._common:
            is_swapped = len(word) == len(folded) and sorted(word) == sorted(folded)
            may_change = len(folded) >= CHANGED_FROM and word[0] == folded[0]
            if word == single or ((is_swapped or may_change) and OSA.distance(folded, word, score_cutoff=1) <= 1):
                return word
        return None
