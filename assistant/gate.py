"""Whether the best candidate answers the question: several signals, weighed by a logistic regression.

One cosine cannot tell (AUROC 0.66 in Kazakh; design, section 4). The weights in weights.json are fitted by
`python -m evals.calibrate_gate` on the suites that are worked with, of which no question was ever taught.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp

from assistant.attribute import Asked, Attributes
from assistant.catalogue import Catalogue
from assistant.question import BROAD, FORMS, Question
from assistant.ranking import UNLIKELY, WEIGHTS, coverage, covers
from assistant.retrieval import WORDED, Candidate, Gap

SIGNALS = (
    *("fit", "lead", "alike", "alike_lead", "covered", "unseen", "answers", "lacks", "named", "short", "exact"),
    *("chance", "chance_lead", "worded", "meant"),
)
EXACT = 0.9  # share of a typical question that makes the message the same question
NO_GAP = 0.8  # the score of "no gap is near": below what unrelated questions get
FAR = -6.0  # ln P of a candidate below which that it answers the topic says nothing: the price of other courses


@dataclass(frozen=True)
class Gate:
    """Weights by signal, the bias, and the model of what a question asks for."""

    weights: tuple[float, ...]
    bias: float
    attributes: Attributes

    @classmethod
    def load(cls, embedding: str) -> "Gate":
        """The weights that are shipped; what vectors tell of attributes was learnt from the default embedding's."""
        data = json.loads(WEIGHTS.read_text(encoding="utf-8"))
        attributes = Attributes.load() if embedding == "e5-small" else Attributes.load().without_vectors()
        return cls(tuple(data["gate"][signal] for signal in SIGNALS), data["gate"]["bias"], attributes)

    def chance(self, signals: Sequence[float]) -> float:
        """The probability that the candidate answers the question."""
        weighed = self.bias + sum(weight * signal for weight, signal in zip(self.weights, signals, strict=True))
        return 1 / (1 + exp(-max(-30.0, min(30.0, weighed))))


def signals(
    question: Question, candidate: Candidate, gap: Gap | None, asked_for: Asked, catalogue: Catalogue
) -> tuple[float, ...]:
    """The signals of a candidate, in the order of SIGNALS."""
    rare = sum(catalogue.rarity(token) for token in question.wording)
    free = set(question.free)
    strange = [
        token
        for token in question.wording
        if token in free and not catalogue.is_seen(token) and not covers(candidate.vocabulary, token, catalogue)
    ]
    asked = set(question.topics) - FORMS - BROAD
    answered = asked.intersection(candidate.known.aspect.answers)
    understood = frozenset(question.tokens) - free if answered else frozenset()
    lacked = catalogue.lacking(asked - answered)
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
        *_lacking(candidate, asked_for),
    )


def _lacking(candidate: Candidate, asked_for: Asked) -> tuple[float, ...]:
    """How surely something is asked for that the knowledge base lacks."""
    is_near = candidate.hit.chance >= FAR
    return asked_for.lacking(candidate.known.aspect.answers if is_near else ())
