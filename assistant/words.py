"""Words, and whether two of them are forms of one word: endings differ, a letter may be mistyped."""

import re
from functools import lru_cache

from rapidfuzz.distance import OSA

_WORD = re.compile(r"[^\W_]+(?:['’ʼ][^\W_]+)*")
LONGEST_ENDING = 12  # "кітапхана|ларымыздағы": plural, possessive, locative and adjective ending on one word
OTHER_ENDING = 3  # letters that replace an ending: библиотек|ой for библиотек|а
TYPO_FROM = 6  # a mistyped letter is forgiven in words of this length and longer


def words(text: str) -> list[str]:
    """The words and numbers of a text, in order, without punctuation."""
    return _WORD.findall(text)


@lru_cache(maxsize=200_000)
def same_word(left: str, right: str) -> bool:
    """Whether two folded words are forms of one: a common beginning and endings, or one slip of the finger."""
    short, long = sorted((left, right), key=len)
    if short == long:
        return True
    if short[:1] != long[:1] or short.isdigit() or long.isdigit():
        return False
    common = _common(short, long)
    if len(short) < 3:
        return False
    if common == len(short):
        return len(long) - common <= (LONGEST_ENDING if common >= 4 else common - 1)
    if common >= 4 and len(short) - common <= (2 if len(short) > 6 else 1) and len(long) - common <= OTHER_ENDING:
        return True
    if len(short) == 4 and common == 3 and len(long) <= 5:
        return True
    if len(short) < TYPO_FROM:
        return False
    lengths = range(len(short) - 1, len(short) + 2)
    return any(OSA.distance(short, long[:length], score_cutoff=1) <= 1 for length in lengths)


def _common(left: str, right: str) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count
