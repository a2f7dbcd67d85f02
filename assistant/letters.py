"""Which letter is likely to follow others in Kazakh and Russian words: a small letter n-gram model.

Trained by `evals/train_script.py`; up to six letters, counts smoothed by absolute discounting and searched with "stupid
backoff" (Brants et al. 2007), which needs nothing but a dictionary.
"""

from functools import cache
from pathlib import Path
from typing import Self

import numpy as np

from assistant.knowledge import Language

MODEL = Path(__file__).with_name("letters.npz")
LONGEST = 6
# Costs are kept in one byte each: nats × this.
STEPS = 16.0
_BACKOFF = 0.9
_UNSEEN = 14.0
# Sums looked up before; forgotten when there are too many.
_REMEMBERED = 200_000


class Letters:
    """Costs (−log probability, in nats) of letters after letters in the words of one language; a space ends a word."""

    def __init__(self, costs: dict[str, float]) -> None:
        """`costs` of each known n-gram's last letter after the ones before it."""
        self._costs = costs
        self._summed: dict[str, float] = {}

    @classmethod
    @cache
    def load(cls, language: Language, path: Path = MODEL) -> Self:
        """The model of "kk" or "ru" shipped with Shyraq, read once a process."""
        with np.load(path, allow_pickle=False) as file:
            grams = file[f"{language}_grams"].tobytes().decode().split("\n")
            nats = [step / STEPS for step in range(256)]  # a number that many n-grams cost is in memory once
            return cls({gram: nats[cost] for gram, cost in zip(grams, file[f"{language}_costs"].tolist(), strict=True)})

    def cost(self, context: str, letter: str) -> float:
        """How unlikely `letter` is after `context`, its last five letters or fewer."""
        gram = context + letter
        cost = self._summed.get(gram)
        if cost is None:
            if len(self._summed) >= _REMEMBERED:
                self._summed = {}
            cost = self._summed[gram] = self._backed_off(gram)
        return cost

    def _backed_off(self, gram: str) -> float:
        penalty = 0.0
        for start in range(len(gram)):
            known = self._costs.get(gram[start:])
            if known is not None:
                return known + penalty
            penalty += _BACKOFF
        return _UNSEEN
