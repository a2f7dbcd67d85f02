"""Words, and whether two of them are forms of one word: endings differ, a letter may be mistyped."""

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from sys import intern

from rapidfuzz.distance import OSA, Prefix

from assistant.fold import fold

_WORD = re.compile(r"[^\W_]+(?:['’ʼ][^\W_]+)*")
LONGEST_ENDING = 12  # "кітапхана|ларымыздағы": plural, possessive, locative and adjective ending on one word
OTHER_ENDING = 3  # letters that replace an ending: библиотек|ой for библиотек|а
SHORTEST = 3  # letters of a word that has forms
START = 2  # letters that are hardly ever mistyped
TYPO_FROM = 6  # a mistyped letter is forgiven in words of this length and longer


def words(text: str) -> list[str]:
    """The words and numbers of a text, in order, without punctuation."""
    return _WORD.findall(text)


@lru_cache(maxsize=50_000)
def folded_words(text: str) -> tuple[str, ...]:
    """The words of a text, folded; passages and names come up again and again, and keep each word in memory once."""
    return tuple(map(intern, words(fold(text))))


@lru_cache(maxsize=20_000)
def same_word(left: str, right: str) -> bool:
    """Whether two folded words are forms of one: a common beginning and endings, or one slip of the finger."""
    return same_stem(left, right) or is_slip(left, right)


def same_stem(left: str, right: str) -> bool:
    """Whether two folded words differ in their endings at most."""
    short, long = (left, right) if len(left) <= len(right) else (right, left)
    if short == long:
        return True
    if len(short) < SHORTEST or short[0] != long[0] or short.isdigit() or long.isdigit():
        return False
    common = Prefix.similarity(short, long)
    if common == len(short):
        return len(long) - common <= (LONGEST_ENDING if common >= 4 else common - 1)
    if common >= 4 and len(short) - common <= (2 if len(short) > 6 else 1) and len(long) - common <= OTHER_ENDING:
        return True
    return len(short) == 4 and common == 3 and len(long) <= 5 and not short.isascii()  # "must" is no "music"


def is_slip(left: str, right: str) -> bool:
    """Whether one folded word begins as the other would with one letter mistyped, missing, doubled or swapped."""
    short, long = (left, right) if len(left) <= len(right) else (right, left)
    if len(short) < TYPO_FROM or short[0] != long[0] or short.isdigit() or long.isdigit():
        return False
    lengths = range(len(short) - 1, len(short) + 2)
    return any(OSA.distance(short, long[:length], score_cutoff=1) <= 1 for length in lengths)


class Lexicon:
    """All words that the knowledge base and the dialogue use, folded, and which of them a patron's word may be."""

    def __init__(self, known: Iterable[str]) -> None:
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        self._by_start: dict[str, list[str]] = defaultdict(list)
        for word in known:
            self._by_stem[word[:SHORTEST]].append(word)
            self._by_start[word[:START]].append(word)
        self.forms = lru_cache(maxsize=50_000)(self._forms)  # the words of questions come again and again

    def has_form(self, token: str) -> bool:
        """Whether a folded word is known in some form."""
        return any(same_stem(token, word) for word in self._by_stem.get(token[:SHORTEST], ()))

    def _forms(self, token: str) -> frozenset[str]:
        """The token and every form of it; those it may be a slip of, where it is a form of none."""
        forms = [word for word in self._by_stem.get(token[:SHORTEST], ()) if same_stem(token, word)]
        if not forms and len(token) >= TYPO_FROM:
            forms = [word for word in self._by_start.get(token[:START], ()) if is_slip(token, word)]
        return frozenset((token, *forms))
