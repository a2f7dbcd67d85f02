"""Which attribute a question asks for (hours, strength, number, who paid …), by its words and by its vector.

An embedding hears above all whom a question is about, while what is asked of it is often one word: so softmax
regression over hashed words, pairs of words and letter 4-grams, folded, and beside it a perceptron over the vector and
what inner layers made of it. Both are taught 101,183 questions of every attribute whatever the entry, 40,893 of them
for what nobody holds, by `python -m evals.train_attribute`. Of 7,929 left out when there were 97,139, the half of both
takes what is held for lacked, or the other way round, in 7.9 % (words alone 12.4, the perceptron alone 9.3, over the
vector alone 11.0).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import pairwise
from math import log
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from assistant.classifier import Floats, softmax
from assistant.embedding import Embedded
from assistant.fold import fold
from assistant.perceptron import Perceptron
from assistant.words import words

WORDED, MEANT = (Path(__file__).with_name(f"attribute-{kind}.npz") for kind in ("words", "vectors"))
BUCKETS = 1 << 15
GRAM, WORD, STEM = 4, 6, 5  # letters of a gram, and by which a word and a word of a pair are known
MOST_WORDS = 60
CERTAIN = 1e-6  # chances nearer to 0 and 1 are as good as certain
LACKED, TALK = "topic#", "intent#"

Chances = Mapping[str, float]  # class → probability; a class is an aspect's own id, "topic#ID" or "intent#ID"


@dataclass(frozen=True)
class Asked:
    """What a question asks for, as its words and as its vector tell."""

    worded: Chances
    meant: Chances

    @cached_property
    def together(self) -> Chances:
        """The probability of each class by words and vector taken together."""
        return {name: (share + self.meant.get(name, 0.0)) / 2 for name, share in self.worded.items()}

    @property
    def is_lacked(self) -> bool:
        """Whether the likeliest class is something lacked, or nothing."""
        return (self.likeliest or "").startswith((LACKED, TALK))

    def lacking(self, answered: Iterable[str] = ()) -> tuple[float, float]:
        """The log odds, of each kind, that something lacked or nothing is asked for; `answered` is not lacked."""
        held = {LACKED + topic for topic in answered}
        worded, meant = self._lacking
        return _log_odds(worded - _sum(self.worded, held)), _log_odds(meant - _sum(self.meant, held))

    @cached_property
    def _lacking(self) -> tuple[float, float]:
        """The probability, of each kind, that something lacked or nothing is asked for."""
        return _lacking(self.worded), _lacking(self.meant)

    @cached_property
    def first(self) -> str:
        """The class that is likelier than any other."""
        return max(self.together, key=self.together.__getitem__)

    @property
    def likeliest(self) -> str | None:
        """The class that is likelier than all others together, if there is one."""
        return self.first if self.together[self.first] > 0.5 else None


@dataclass(frozen=True)
class Words:
    """A softmax regression over hashed features: `weights` (buckets × classes) times `scale`."""

    classes: tuple[str, ...]
    idf: Floats
    weights: NDArray[np.int8]
    scale: Floats
    bias: Floats

    def chances(self, text: str) -> Chances:
        """The probability of every class."""
        buckets, shares = weighed(text, self.idf)
        scores = shares @ self.weights[buckets].astype(np.float32) * self.scale + self.bias
        return dict(zip(self.classes, softmax(scores).tolist(), strict=True))


@dataclass(frozen=True)
class Attributes:
    """Both models; `vectors` is None where questions are embedded by another model than it was taught with."""

    words: Words
    vectors: Perceptron | None

    @classmethod
    @cache
    def load(cls) -> "Attributes":
        """The models that are shipped, read once a process."""
        with np.load(WORDED, allow_pickle=False) as file:
            parts = {name: file[name] for name in ("idf", "weights", "scale", "bias")}
            return cls(Words(classes=tuple(file["classes"].tolist()), **parts), Perceptron.load(MEANT))

    def without_vectors(self) -> "Attributes":
        """The same by words alone."""
        return replace(self, vectors=None)

    def asked(self, text: str, embedded: Embedded) -> Asked:
        """What a question asks for."""
        worded = self.words.chances(text)
        if self.vectors is None:
            return Asked(worded, worded)
        meant = self.vectors.chances(embedded.vector + embedded.inner).tolist()
        return Asked(worded, dict(zip(self.vectors.classes, meant, strict=True)))


def _lacking(chances: Chances) -> float:
    return sum(share for name, share in chances.items() if name.startswith((LACKED, TALK)))


def _sum(chances: Chances, names: Iterable[str]) -> float:
    return sum(chances.get(name, 0.0) for name in names)


def _log_odds(chance: float) -> float:
    chance = min(max(chance, CERTAIN), 1 - CERTAIN)
    return log(chance / (1 - chance))


def weighed(text: str, idf: Floats) -> tuple[NDArray[np.intp], Floats]:
    """The buckets of a text's features, and each one's share of a vector of length 1."""
    buckets = np.unique(np.fromiter(hashed(text), np.intp))
    shares = idf[buckets]
    return buckets, shares / max(float(np.linalg.norm(shares)), 1e-6)


def hashed(text: str) -> Iterator[int]:
    """The bucket of each feature of a text."""
    tokens = words(fold(text))[:MOST_WORDS]
    for feature in _features(tokens):
        yield crc32(feature.encode("utf-8", "replace")) % BUCKETS


def _features(tokens: list[str]) -> Iterator[str]:
    for token in tokens:
        yield f"w{token[:WORD]}"
        marked = f"<{token}>"
        yield from (marked[start : start + GRAM] for start in range(max(1, len(marked) - GRAM + 1)))
    for left, right in pairwise(tokens):
        yield f"p{left[:STEM]} {right[:STEM]}"
