"""Letter n-grams of a text as numbers: the features of the language identifier.

Words are marked at both ends and no n-gram crosses from one word to the next, so a text's features are the sum of its
words' (Cavnar & Trenkle 1994; hashing after Weinberger et al. 2009).
"""

import re
import unicodedata

import numpy as np
from numpy.typing import NDArray

from assistant.fold import unmix

BUCKETS = 1 << 18
LONGEST = 5
# A word holds a letter; digits stay where chats use them as letters ("4to"); apostrophes spell Kazakh of 2017.
_WORD = re.compile(r"[^\W\d_]+(?:['’ʼ`´]+[^\W\d_]*)*|4[^\W\d_]{2,}")
_APOSTROPHES = str.maketrans("’ʼ`´", "''''")
_SEED, _PRIME = np.uint32(2166136261), np.uint32(16777619)


def words(text: str) -> list[str]:
    """The words of `text` in small letters, of one script each, numbers and signs left out."""
    text = unicodedata.normalize("NFC", unmix(text)).translate(_APOSTROPHES).casefold()
    return _WORD.findall(text)


def ngrams(tokens: list[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Bucket of each n-gram (1 to 5 letters, word ends included) of `tokens`, and which token it is of.

    Both have shape (n,); an n-gram that occurs twice is there twice.
    """
    text = f" {' '.join(tokens)} "
    codes = np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32)
    spaces = np.cumsum(codes == 32)
    hashes = np.full(len(codes), _SEED)
    found, owners = [], []
    for size in range(1, min(LONGEST, len(codes)) + 1):
        count = len(codes) - size + 1
        hashes = (hashes[:count] ^ codes[size - 1 :]) * _PRIME
        inside = _inside(codes, spaces, size)
        found.append(hashes[inside])
        # The space before the first letter is counted already, so an n-gram's place tells its word.
        owners.append(spaces[:count][inside])
    return _mixed(np.concatenate(found)).astype(np.intp), np.concatenate(owners) - 1


def _inside(codes: NDArray[np.uint32], spaces: NDArray[np.intp], size: int) -> NDArray[np.bool_]:
    """Which n-grams of `size` hold a letter and no space but at their ends; shape (len(codes) - size + 1,)."""
    if size == 1:
        return np.asarray(codes != 32)
    count = len(codes) - size + 1
    # spaces[i] counts up to and with i: between the ends there must be none.
    clear = spaces[size - 2 : size - 2 + count] == spaces[:count]
    return np.asarray(clear & ((codes[:count] != 32) | (codes[1 : count + 1] != 32)))


def _mixed(hashes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """`hashes` with their high bits stirred into the low ones, as buckets (murmur3's last step)."""
    stirred = (hashes ^ (hashes >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    return (stirred ^ (stirred >> np.uint32(13))) & np.uint32(BUCKETS - 1)
