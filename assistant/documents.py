"""A librarian's own document as evidence: its piece that is nearest to a question, and how surely that answers.

No question was ever taught of it, so nearness and words tell, weighed by a logistic regression. It is fitted by
`python -m evals.calibrate_documents` on invented files (evals/documents/): of 77 questions that the nearest piece
answers 49 % are answered and 88 % at least shown it; of 48 that nothing answers, 12 and 46 % (each file by weights of
the others).
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import exp

from assistant.catalogue import Catalogue
from assistant.fold import fold
from assistant.index import Hit
from assistant.question import BROAD, FORMS, Question
from assistant.ranking import WEIGHTS, coverage, covers
from assistant.words import folded_words, words

SIGNALS = ("cosine", "covered", "lead", "topics")
OTHERS = 6  # pieces that the nearest is compared with
NAME = 4  # letters of a word that may name a library
_NAMES = re.compile(r"[«“„\"]([^«»“”„\"]+)[»”“\"]|(?<=\s)([^\W\d_a-zа-яәғқңөұүһі][^\W\d_]+)")


@dataclass(frozen=True)
class Piece:
    """A piece of a document: its id, the signals that it answers, and whether the question names its document."""

    aspect: str
    signals: tuple[float, ...]
    named: bool

    @property
    def chance(self) -> float:
        """The probability that it answers the question."""
        weights = _weights()
        weighed = weights["bias"] + sum(
            weights[name] * signal for name, signal in zip(SIGNALS, self.signals, strict=True)
        )
        return 1 / (1 + exp(-max(-30.0, min(30.0, weighed))))


@cache
def _weights() -> dict[str, float]:
    found: dict[str, float] = json.loads(WEIGHTS.read_text(encoding="utf-8"))["documents"]
    return found


def nearest_piece(question: Question, hits: Sequence[Hit], catalogue: Catalogue) -> Piece | None:
    """The piece nearest to a question, of documents that it names if any; None where it names what none is about."""
    vocabulary = {hit: frozenset(folded_words(f"{hit.passage.title} {hit.passage.text}")) for hit in hits}
    names = _names(question, hits, catalogue)
    pool = [hit for hit in hits if all(covers(vocabulary[hit], name, catalogue) for name in names)]
    if not pool:
        return None
    best = max(pool, key=lambda hit: hit.score)
    others = sorted((hit.score for hit in hits if hit is not best), reverse=True)[:OTHERS]
    asked = [token for token in question.tokens if token not in names]
    signals = (
        best.cosine,
        coverage(asked, vocabulary[best], catalogue),
        best.score - sum(others) / len(others) if others else 0.0,
        _met(question, best, catalogue),
    )
    return Piece(best.passage.aspect, signals, bool(names))


def _names(question: Question, hits: Sequence[Hit], catalogue: Catalogue) -> list[str]:
    """The words of a question that name something the knowledge base has never heard of, as a document's title may."""
    marked = {word for quoted, name in _NAMES.findall(question.text) for word in words(fold(quoted or name))}
    titles = frozenset(word for hit in hits for word in folded_words(hit.passage.title))
    strange = [token for token in question.tokens if len(token) >= NAME and not catalogue.is_seen(token)]
    return [token for token in strange if token in marked or covers(titles, token, catalogue)]


def _met(question: Question, hit: Hit, catalogue: Catalogue) -> float:
    """The share of what is asked for outright that the piece has a word for; half where nothing is."""
    asked = set(question.topics) - FORMS - BROAD
    spoken = {found.name for found in catalogue.topic_patterns.find(folded_words(hit.passage.text))}
    return len(asked & spoken) / len(asked) if asked else 0.5
