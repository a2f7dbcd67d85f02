"""Question → evidence: the aspects that may answer it, best first, and the gaps it may fall into.

What a question says outright must hold: an entry named, a year, a place. The rest is ordered by `assistant.ranking`;
whether the first is good enough is weighed by `assistant.gate`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.attribute import LACKED
from assistant.catalogue import Catalogue, Known
from assistant.index import Hit
from assistant.knowledge import Topic
from assistant.question import COUNTED, Question
from assistant.ranking import UNLIKELY, Ranking, features, glance, likeness

OTHER_YEARS = 1.5  # fit taken from an aspect about several years, where one year is asked for
NEAR = 4  # aspects of other years that may show that just the year asked for is not known
DEEP = 14  # candidates that are looked at closely
WORDED = 0.15  # × the share of a typical question's wording that the question has
LIKELY = 0.03  # × ln P of a gap
SPOKEN = 0.05  # for a gap whose own words the question uses


@dataclass(frozen=True)
class Candidate:
    """An aspect that may answer: its best hit, how it fits, and how alike it is worded."""

    known: Known
    hit: Hit
    fit: float
    alike: float
    vocabulary: frozenset[str]


@dataclass(frozen=True)
class Gap:
    """Something we lack that the question may be asking for."""

    topic: Topic
    score: float
    alike: float
    chance: float


@dataclass(frozen=True)
class Found:
    """Everything retrieval can say: candidates and gaps, best first, and what the question demands that none meets.

    `unmet`: "entity" (nothing is known of it), "number", "year" or "place" where candidates fell away for that alone.
    """

    candidates: tuple[Candidate, ...]
    gaps: tuple[Gap, ...]
    unmet: str | None


Aspect = tuple[Known, list[Hit]]


def retrieve(
    question: Question, hits: Sequence[Hit], meant: str | None, catalogue: Catalogue, ranking: Ranking
) -> Found:
    """Rank the hits for a question; `hits` best first, of the question's language, `meant` what it surely asks for."""
    grouped: dict[str, list[Hit]] = {}
    for hit in hits:
        grouped.setdefault(hit.passage.aspect, []).append(hit)
    lacked = [found[0] for name, found in grouped.items() if name.startswith(LACKED)]
    lacked.sort(key=lambda hit: -_pull(hit.score, hit.chance))
    gaps = [_gap(question, hit, catalogue) for hit in lacked[:DEEP]]
    rest = [(catalogue.known[name], found) for name, found in grouped.items() if name in catalogue.known]
    rest.sort(key=lambda aspect: -glance(aspect[1][0]))
    fitting, unmet = _fitting(question, rest, meant, catalogue)
    candidates = [_candidate(question, known, found, catalogue, ranking) for known, found in fitting[:DEEP]]
    if question.years and candidates and not unmet:
        others = [_candidate(question, *aspect, catalogue, ranking) for aspect in rest[:NEAR] if aspect not in fitting]
        best = max(candidate.fit for candidate in candidates)
        unmet = "year" if any(other.fit > best for other in others if not _rules_out(question, other)) else None
    return Found(
        tuple(sorted(candidates, key=lambda candidate: -candidate.fit)),
        tuple(sorted(gaps, key=lambda gap: -_pull(gap.score, gap.chance))),
        unmet,
    )


def _rules_out(question: Question, other: Candidate) -> bool:
    """Whether more than the year speaks against a candidate."""
    return not (_is_about(question.entities, other.known) and _counts(question, other.known))


def _fitting(
    question: Question, aspects: list[Aspect], meant: str | None, catalogue: Catalogue
) -> tuple[list[Aspect], str | None]:
    """The aspects that the question's own words do not rule out, and which demand ruled out all the rest."""
    demands: dict[str, Callable[[Aspect], bool]] = {
        "entity": lambda aspect: _is_about(question.entities, aspect[0]),
        "number": lambda aspect: _is_meant(meant, aspect[0]) or _counts(question, aspect[0]),
        "year": lambda aspect: not question.years or not aspect[0].years.isdisjoint(question.years),
        "place": lambda aspect: _is_in(question, aspect[0], catalogue),
    }
    for name, holds in demands.items():
        left = [aspect for aspect in aspects if holds(aspect)]
        if aspects and not left:
            return aspects if name == "place" else [], name
        aspects = left
    return aspects, None


def _is_about(entities: Sequence[str], known: Known) -> bool:
    return not entities or not known.mentions.isdisjoint(entities)


def _is_meant(meant: str | None, known: Known) -> bool:
    """Whether an aspect is what is asked for, whatever else the words count: "how many went through training"."""
    return known.aspect.id == meant


def _counts(question: Question, known: Known) -> bool:
    """Whether an aspect that is a number is the number asked for."""
    asked = COUNTED.intersection(question.topics)
    asked = asked - {"centres"} or asked  # they are what has users, visits and trainings
    counted = COUNTED.intersection(known.aspect.answers)
    return not asked or not counted or not asked.isdisjoint(counted)


def _is_in(question: Question, known: Known, catalogue: Catalogue) -> bool:
    """Whether an aspect is about a place asked for; places inside a name ask for nothing.

    Neither does the country, but where a year is given too: a region's number is not the country's.
    """
    if not question.places:
        return True
    asked = {place for place in question.places if catalogue.places[place].kind != "country"}
    if not asked:
        return not (question.years and known.places)
    return any(known.places & catalogue.stands_for(place) for place in asked)


def _candidate(question: Question, known: Known, hits: list[Hit], catalogue: Catalogue, ranking: Ranking) -> Candidate:
    best = hits[0]
    alike = likeness(question.said, best.passage.text, catalogue) if best.passage.kind == "question" else 0.0
    vocabulary = catalogue.vocabulary(known.id, question.language)
    fit = ranking.fit(features(question, known, hits, vocabulary, catalogue))
    if len(question.years) == 1 and len(known.years) > 1 and "growth" not in question.topics:
        fit -= OTHER_YEARS
    return Candidate(known, best, fit, alike, vocabulary)


def _pull(score: float, chance: float) -> float:
    """How near a gap is."""
    return score + LIKELY * max(chance, UNLIKELY)


def _gap(question: Question, hit: Hit, catalogue: Catalogue) -> Gap:
    topic = catalogue.topics[hit.passage.aspect.removeprefix(LACKED)]
    alike = likeness(question.said, hit.passage.text, catalogue)
    score = hit.score + WORDED * alike + (SPOKEN if topic.id in question.topics else 0.0)
    return Gap(topic, score, alike, max(hit.chance, UNLIKELY))
