"""Question → evidence: the aspects that answer it, and how sure that they do.

Hits are ranked by cosine + 0.3 × BM25 ÷ Σ idf. On top of that, what the question says outright must hold: an entry
named, a year, a place. Whether the best is good enough is weighed by `assistant.gate`, calibrated on data.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.catalogue import Catalogue, Known
from assistant.fold import fold
from assistant.index import Hit
from assistant.knowledge import Topic
from assistant.question import BROAD, FORMS, Question
from assistant.words import same_word, words

DEEP = 12  # candidates whose wording is compared with the question's word by word

OWN, MENTIONED = 0.10, 0.05  # for an aspect of an entry that the question names, or that speaks of it
ASKED = 0.08  # for each topic asked for that the aspect answers
PLACED = 0.05  # for an aspect about the place asked for
WORDED = 0.15  # × the share of a typical question's wording that the question has
SPOKEN = 0.05  # for a gap whose own words the question uses


@dataclass(frozen=True)
class Candidate:
    """An aspect (or a piece of a document) that may answer, with its best hit and its score, higher is better."""

    known: Known | None
    hit: Hit
    score: float
    alike: float


@dataclass(frozen=True)
class Gap:
    """Something we lack that the question may be asking for."""

    topic: Topic
    score: float
    alike: float


@dataclass(frozen=True)
class Found:
    """Everything retrieval can say: candidates and gaps, best first, and what the question demands that none meets.

    `unmet`: "entity" (nothing is known of it), "year" or "place" where candidates fell away for that alone.
    """

    candidates: tuple[Candidate, ...]
    gaps: tuple[Gap, ...]
    unmet: str | None


def retrieve(question: Question, hits: Sequence[Hit], catalogue: Catalogue) -> Found:
    """Rank the hits for a question; `hits` best first, of the question's language."""
    best: dict[str, Hit] = {}
    for hit in hits:
        best.setdefault(hit.passage.aspect, hit)
    gaps = [_gap(question, hit, catalogue) for name, hit in best.items() if name.startswith("topic#")]
    rest = [(catalogue.known.get(name), hit) for name, hit in best.items() if not name.startswith(("topic#", "intent#"))]
    fitting, unmet = _fitting(question, rest, catalogue)
    shallow = sorted(fitting, key=lambda pair: -_score(question, *pair, alike=0.0))
    candidates = [_candidate(question, known, hit, catalogue) for known, hit in shallow[:DEEP]]
    return Found(
        tuple(sorted(candidates, key=lambda candidate: -candidate.score)),
        tuple(sorted(gaps[:DEEP], key=lambda gap: -gap.score)),
        unmet,
    )


Pair = tuple[Known | None, Hit]


def _fitting(question: Question, pairs: list[Pair], catalogue: Catalogue) -> tuple[list[Pair], str | None]:
    """The hits that the question's own words do not rule out, and which demand ruled out all the rest."""
    demands = (
        ("entity", [pair for pair in pairs if _is_about(question.entities, pair[0])]),
        ("year", [pair for pair in pairs if _is_of_year(question.years, pair)]),
        ("place", [pair for pair in pairs if _is_in(question, pair[0], catalogue)]),
    )
    for name, kept in demands:
        left = [pair for pair in pairs if pair in kept]
        if pairs and not left:
            return pairs if name == "place" else [], name
        pairs = left
    return pairs, None


def _is_about(entities: Sequence[str], known: Known | None) -> bool:
    return not entities or (known is not None and not known.mentions.isdisjoint(entities))


def _is_of_year(years: Sequence[int], pair: Pair) -> bool:
    known, hit = pair
    if not years:
        return True
    if known is None:
        return any(str(year) in hit.passage.text for year in years)
    return not known.years.isdisjoint(years)


def _is_in(question: Question, known: Known | None, catalogue: Catalogue) -> bool:
    """Whether an aspect is about a place asked for; the country, and places inside a name, ask for nothing."""
    asked = {place for place in question.places if catalogue.places[place].kind != "country"}
    if not asked or known is None:
        return True
    return any(known.places & catalogue.within(place) or _holds(known.places, place, catalogue) for place in asked)


def _holds(places: Iterable[str], place: str, catalogue: Catalogue) -> bool:
    return any(place in catalogue.within(inner) for inner in places)


def _score(question: Question, known: Known | None, hit: Hit, *, alike: float) -> float:
    score = hit.score + WORDED * alike
    if known is None:
        return score
    if known.entry.id in question.entities:
        score += OWN
    elif not known.mentions.isdisjoint(question.entities):
        score += MENTIONED
    asked = set(question.topics) - FORMS - BROAD
    score += ASKED * min(2, len(asked.intersection(known.aspect.answers)))
    if question.places and known.places.intersection(question.places):
        score += PLACED
    return score


def _candidate(question: Question, known: Known | None, hit: Hit, catalogue: Catalogue) -> Candidate:
    alike = likeness(question.tokens, hit.passage.text, catalogue) if hit.passage.kind == "question" else 0.0
    return Candidate(known, hit, _score(question, known, hit, alike=alike), alike)


def _gap(question: Question, hit: Hit, catalogue: Catalogue) -> Gap:
    topic = catalogue.topics[hit.passage.aspect.removeprefix("topic#")]
    alike = likeness(question.tokens, hit.passage.text, catalogue)
    return Gap(topic, hit.score + WORDED * alike + (SPOKEN if topic.id in question.topics else 0.0), alike)


def likeness(tokens: Sequence[str], text: str, catalogue: Catalogue) -> float:
    """The share of a typical question's wording, weighed by rarity, that the question has too (0…1)."""
    wording = _tokens(text)
    total = sum(catalogue.rarity(word) for word in wording)
    had = sum(catalogue.rarity(word) for word in wording if any(same_word(word, token) for token in tokens))
    return had / total if total else 0.0


def coverage(wording: Sequence[str], vocabulary: frozenset[str], catalogue: Catalogue) -> float:
    """The share of a question's wording, weighed by rarity, that an aspect's vocabulary accounts for (0…1)."""
    total = sum(catalogue.rarity(token) for token in wording)
    covered = sum(catalogue.rarity(token) for token in wording if covers(vocabulary, token))
    return covered / total if total else 1.0


@lru_cache(maxsize=100_000)
def covers(vocabulary: frozenset[str], token: str) -> bool:
    """Whether a folded word, or another form of it, is among the words of a vocabulary."""
    return token in vocabulary or any(same_word(token, word) for word in vocabulary)


@lru_cache(maxsize=50_000)
def _tokens(text: str) -> tuple[str, ...]:
    return tuple(words(fold(text)))
