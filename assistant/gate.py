"""Whether the best candidate answers the question: several signals, weighed by a logistic regression.

One cosine cannot tell (AUROC 0.66 in Kazakh; design, section 4). The weights in weights.json are fitted by
`python -m evals.calibrate` on typical questions left out one by one, and on questions for what we lack.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import exp

from assistant.catalogue import Catalogue
from assistant.question import BROAD, FORMS, Question
from assistant.ranking import UNLIKELY, WEIGHTS, coverage, covers
from assistant.retrieval import WORDED, Candidate, Gap

SIGNALS = tuple("fit lead alike alike_lead covered unseen answers lacks named short exact chance chance_lead".split())
EXACT = 0.9  # share of a typical question that makes the message the same question
NO_GAP = 0.8  # the score of "no gap is near": below what unrelated questions get


@dataclass(frozen=True)
class Gate:
    """Weights by signal, and the bias."""

    weights: tuple[float, ...]
    bias: float

    @classmethod
    @cache
    def load(cls) -> "Gate":
        """The weights that are shipped."""
        data = json.loads(WEIGHTS.read_text(encoding="utf-8"))
        return cls(tuple(data["gate"][signal] for signal in SIGNALS), data["gate"]["bias"])

    def chance(self, signals: Sequence[float]) -> float:
        """The probability that the candidate answers the question."""
        weighed = self.bias + sum(weight * signal for weight, signal in zip(self.weights, signals, strict=True))
        return 1 / (1 + exp(-max(-30.0, min(30.0, weighed))))


def signals(
    question: Question, candidate: Candidate, gap: Gap | None, catalogue: Catalogue, is_seen: Callable[[str], bool]
) -> tuple[float, ...]:
    """The signals of a candidate, in the order of SIGNALS; `is_seen` tells the words that the knowledge base uses."""
    rare = sum(catalogue.rarity(token) for token in question.wording)
    free = set(question.free)
    strange = [
        t for t in question.wording if t in free and not is_seen(t) and not covers(candidate.vocabulary, t, catalogue)
    ]
    asked = set(question.topics) - FORMS - BROAD
    answered = asked.intersection(candidate.known.aspect.answers if candidate.known else ())
    understood = frozenset(question.tokens) - free if answered else frozenset()
    lacked = [topic for topic in asked - answered if catalogue.topics[topic].missing]
    return (
        candidate.fit,
        candidate.hit.score + WORDED * candidate.alike - (gap.score if gap else NO_GAP),
        candidate.alike,
        candidate.alike - (gap.alike if gap else 0.0),
        coverage(question.wording, candidate.vocabulary | understood, catalogue),
        sum(map(catalogue.rarity, strange)) / rare if rare else 0.0,
        float(bool(answered)),
        float(bool(lacked) and not answered),
        float(bool(question.entities)),
        1 / (1 + len(question.wording)),
        float(candidate.alike >= EXACT and candidate.alike > (gap.alike if gap else 0.0)),
        max(candidate.hit.chance, UNLIKELY),
        max(candidate.hit.chance, UNLIKELY) - (gap.chance if gap else UNLIKELY),
    )
