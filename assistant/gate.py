"""Whether the best candidate answers the question: several signals, weighed by a logistic regression.

One cosine cannot tell (AUROC 0.66 in Kazakh; design, section 4). The weights in gate.json are fitted by
`python -m evals.calibrate` on typical questions left out one by one, and on questions for what we lack.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import exp
from pathlib import Path

from assistant.catalogue import Catalogue
from assistant.question import BROAD, FORMS, Question
from assistant.retrieval import Candidate, Gap, coverage, covers

MODEL = Path(__file__).with_name("gate.json")
SIGNALS = (
    "score", "lead", "alike", "alike_lead", "covered", "unseen", "answers", "lacks", "named", "short",
)  # fmt: skip
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
        data = json.loads(MODEL.read_text(encoding="utf-8"))
        return cls(tuple(data["weights"][signal] for signal in SIGNALS), data["bias"])

    def chance(self, signals: Sequence[float]) -> float:
        """The probability that the candidate answers the question."""
        weighed = self.bias + sum(weight * signal for weight, signal in zip(self.weights, signals, strict=True))
        return 1 / (1 + exp(-max(-30.0, min(30.0, weighed))))


def signals(
    question: Question,
    candidate: Candidate,
    gap: Gap | None,
    vocabulary: frozenset[str],
    catalogue: Catalogue,
    is_seen: Callable[[str], bool],
) -> tuple[float, ...]:
    """The signals of a candidate, in the order of SIGNALS.

    `vocabulary` is what its aspect's questions may use; `is_seen` tells the words that the knowledge base uses at all.
    """
    wording = question.wording
    rare = sum(catalogue.rarity(token) for token in wording)
    strange = [token for token in wording if not is_seen(token) and not covers(vocabulary, token)]
    asked = set(question.topics) - FORMS - BROAD
    answered = asked.intersection(candidate.known.aspect.answers if candidate.known else ())
    lacked = [topic for topic in asked - answered if catalogue.topics[topic].missing]
    return (
        candidate.score,
        candidate.score - (gap.score if gap else NO_GAP),
        candidate.alike,
        candidate.alike - (gap.alike if gap else 0.0),
        coverage(wording, vocabulary, catalogue),
        sum(map(catalogue.rarity, strange)) / rare if rare else 0.0,
        float(bool(answered)),
        float(bool(lacked) and not answered),
        float(bool(question.entities)),
        1 / (1 + len(wording)),
    )
