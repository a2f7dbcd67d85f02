"""Question and evidence → plan: what to say, or that it is not known."""

from collections.abc import Sequence
from math import exp

from assistant.attribute import LACKED, Asked
from assistant.catalogue import Catalogue, Known
from assistant.gate import Gate, signals
from assistant.listing import LIKELY, list_libraries
from assistant.question import BROAD, COUNTED, FORMS, LITTLE, LOCATION, Question
from assistant.retrieval import Candidate, Found
from assistant.schema import Plan
from assistant.words import folded_words

SURE = 0.5  # the gate's probability from which a candidate is said
EVIDENT = 0.8  # …from which a question is answered, though its words could be part of names
FIRM = 0.85  # …from which words that speak of a gap do not stop it
TOGETHER = 2.0  # fit behind the best within which an aspect may answer the other half of a question
CLEAR = 0.85  # share from which the best candidate alone is said
DOUBTED = 0.1  # share from which the second is said beside it
REPEATED = 0.6  # share of the shorter one's words in the other, from which two aspects say much the same
TELLING = 1.15  # score from which a gap is named in the answer
SIDES = {"strength", "challenge"}  # what "pros and cons" asks for
NUMBERS = COUNTED - {"centres"}  # of which each is asked for by name; centres are also what they are of
ABROAD = "foreign-libraries"  # the topic that says that libraries of other countries are not known
MANY = 5  # entries a clarifying question may offer


def plan(question: Question, found: Found, asked_for: Asked, catalogue: Catalogue, gate: Gate) -> Plan:
    """The plan for one question."""
    return (
        _comparison(question, found, catalogue)
        or _list(question, found, asked_for, catalogue)
        or _clarification(question, found, asked_for, catalogue, gate)
        or _introduction(question, catalogue)
        or _answer(question, found, asked_for, catalogue, gate)
        or _unknown(question, found, asked_for, catalogue)
    )


def _comparison(question: Question, found: Found, catalogue: Catalogue) -> Plan | None:
    """Entries side by side, unless one aspect speaks of all of them, or it is years that are compared."""
    if len(question.entities) < 2 or "compare" not in question.forms or len(question.years) > 1:
        return None
    if found.candidates and _is_comparison(question, found.candidates[0]):
        return None
    return _side_by_side(question, None, catalogue)


def _side_by_side(question: Question, meant: str | None, catalogue: Catalogue) -> Plan:
    spoken = (_spoken_for(entry, question, meant, catalogue).id for entry in question.entities[:3])
    return Plan(kind="compare", aspects=tuple(spoken))


def _is_comparison(question: Question, best: Candidate) -> bool:
    """Whether entries are compared, and an aspect speaks of them and hardly any other, or is for just this question."""
    if best.known.entry.kind == "library" or "compare" not in question.forms:
        return False
    few = len(best.known.mentions) <= len(question.entities) + 1 or best.hit.chance >= LIKELY
    return few and len(question.entities) > 1 and best.known.mentions.issuperset(question.entities)


def _spoken_for(entry: str, question: Question, meant: str | None, catalogue: Catalogue) -> Known:
    """The aspect of an entry that best meets what is asked for, by its topics, facets or id, or its first one."""
    asked = set(question.topics) - FORMS - BROAD
    facets = catalogue.entries[entry].facets
    named = {facet for facet, value in question.facets if value in facets.get(facet, ())} | {meant}
    return max(
        catalogue.by_entry[entry],
        key=lambda known: (len(asked.intersection(known.aspect.answers)), known.aspect.id in named),
    )


def _list(question: Question, found: Found, asked_for: Asked, catalogue: Catalogue) -> Plan | None:
    """A list or a count, unless words and vector agree that something else is asked of it ("the biggest budget")."""
    return None if min(asked_for.lacking()) > 0 else list_libraries(question, found, asked_for.likeliest, catalogue)


def _clarification(question: Question, found: Found, asked_for: Asked, catalogue: Catalogue, gate: Gate) -> Plan | None:
    """Which of several entries is meant, where the question says no more than their common name.

    "Who released the national library statistics?" is of none of them, and has an answer.
    """
    unclear = [mention for mention in question.mentions if len(mention.entries) > 1]
    if not unclear or question.entities or len(unclear[0].entries) > MANY:
        return None
    beyond = set(question.topics) - FORMS - BROAD
    bare = len(question.tokens) - len(unclear[0].places) <= 4
    if not unclear[0].certain and not (bare and not beyond and not question.forms & {"list", "count"}):
        return None
    answer = _answer(question, found, asked_for, catalogue, gate)
    if answer and answer.chance >= EVIDENT and not _speaks_of(answer.aspects[0], unclear[0].entries, catalogue):
        return None
    return Plan(kind="clarify", entries=unclear[0].entries)


def _speaks_of(aspect: str, entries: Sequence[str], catalogue: Catalogue) -> bool:
    return not catalogue.known[aspect].mentions.isdisjoint(entries)


def _introduction(question: Question, catalogue: Catalogue) -> Plan | None:
    """What an entry is, where its bare name is all that was said."""
    beyond = set(question.topics) - FORMS - {"overview"}
    is_place = bool(question.places) and all(len(word) <= LITTLE for word in question.free)  # "а у Павлодарской?"
    if (
        len(question.entities) != 1
        or len(question.mentions) != 1
        or beyond
        or (len(question.wording) > 1 and not is_place)
        or question.years
    ):
        return None
    return Plan(kind="aspects", aspects=(overview(question.entities[0], catalogue).id,))


def _answer(question: Question, found: Found, asked_for: Asked, catalogue: Catalogue, gate: Gate) -> Plan | None:
    """The best candidate, if it is good enough, and another of its entry where the question asks for more."""
    if found.unmet or not found.candidates:
        return None
    candidates = meeting_first(question, found.candidates, catalogue)
    best = candidates[0]
    if _compares(question, best, catalogue):
        told = question.facets or (set(question.topics) - {LOCATION}).intersection(best.known.aspect.answers)
        doubt = min if told else max  # "stronger in digital resources" says what to compare by
        return None if doubt(asked_for.lacking()) > 0 else _side_by_side(question, asked_for.likeliest, catalogue)
    gap = found.gaps[0] if found.gaps else None
    chance = gate.chance(signals(question, best, gap, asked_for, catalogue))
    doubted = _lacked(question, best, catalogue) and not _is_comparison(question, best)
    if chance < (FIRM if doubted else SURE):
        return None
    aspects = (best.hit.passage.aspect, *_others(question, candidates))
    return Plan(kind="aspects", aspects=aspects, chance=chance)


def meeting_first(question: Question, candidates: Sequence[Candidate], catalogue: Catalogue) -> Sequence[Candidate]:
    """The candidates, one that answers what the question asks for outright before a little better one that does not."""
    lacked = set(_lacked(question, candidates[0], catalogue))
    for other in candidates[1:]:
        answers = lacked.intersection(other.known.aspect.answers)
        if answers and other.fit > candidates[0].fit - TOGETHER:
            return other, *(candidate for candidate in candidates if candidate is not other)
    return candidates


def _compares(question: Question, best: Candidate, catalogue: Catalogue) -> bool:
    """Whether libraries are weighed against each other ("which has more books"), and the candidate is of one alone."""
    libraries = {entry for entry in question.entities if catalogue.entries[entry].kind == "library"}
    return len(libraries) > 1 and not libraries <= best.known.mentions


def _lacked(question: Question, best: Candidate, catalogue: Catalogue) -> list[str]:
    """Topics that the question asks for outright and the candidate does not answer, though we may lack them.

    What examples say that we lack counts always; what one entry may lack, where nothing else asked for is answered.
    """
    answered = set(best.known.aspect.answers)
    asked = [topic for topic in question.topics if topic not in FORMS | BROAD and topic not in answered]
    lacked = catalogue.lacking(asked)
    gaps = [topic for topic in lacked if catalogue.topics[topic].is_gap]
    return gaps or (lacked if question.entities and not answered.intersection(question.topics) else [])


def _others(question: Question, candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """One more aspect: for a topic asked for that the best does not answer, or where two may be what is meant."""
    best = candidates[0]
    asked = set(question.topics) - FORMS - BROAD - set(best.known.aspect.answers)
    for other in candidates[1:]:
        if _completes(other, best, asked, both_sides=set(question.topics) >= SIDES):
            return (other.known.id,)
    if best.known.entry.kind == "figure" and "number" in best.known.aspect.answers:
        return ()  # no other number beside the one that was asked for
    shares = _shares(candidates)
    for share, other in zip(shares[1:], candidates[1:], strict=True):
        if shares[0] < CLEAR and share > DOUBTED and not _repeats(best.known, other.known, question):
            return (other.known.id,)
    return ()


def _completes(other: Candidate, best: Candidate, asked: set[str], *, both_sides: bool) -> bool:
    """Whether an aspect of the same entry answers a topic that the best does not, close to it.

    A number of the same year, and a weakness asked for beside the strength, count however far they are.
    """
    if other.known.entry.id != best.known.entry.id:
        return False
    answered = asked.intersection(other.known.aspect.answers)
    is_number = bool(NUMBERS & answered) and other.known.years == best.known.years
    is_other_side = both_sides and bool(SIDES & answered)
    return bool(answered) and (is_number or is_other_side or other.fit > best.fit - TOGETHER)


def _repeats(best: Known, other: Known, question: Question) -> bool:
    """Whether two aspects say much the same, their titles aside."""
    titles = {
        word for known in (best, other) for name in known.entry.names(question.language) for word in folded_words(name)
    }
    first, second = (set(folded_words(known.aspect.text[question.language])) - titles for known in (best, other))
    return len(first & second) > REPEATED * min(len(first), len(second))


def _shares(candidates: Sequence[Candidate]) -> list[float]:
    """The probability of each candidate to be the one asked for, by the fitted ranking."""
    powers = [exp(candidate.fit - candidates[0].fit) for candidate in candidates]
    return [power / sum(powers) for power in powers]


def _unknown(question: Question, found: Found, asked_for: Asked, catalogue: Catalogue) -> Plan:
    """What is missing, by name where it has one, and what is known of the entry that was asked about."""
    topic = _asked_topic(asked_for, catalogue) or _missing_topic(question, found, catalogue)
    elsewhere = topic is not None and catalogue.topics[topic].elsewhere
    if not elsewhere and any(catalogue.places[place].kind == "foreign" for place in question.places):
        topic, elsewhere = ABROAD, True
    nearest = [] if elsewhere else [overview(entry, catalogue).id for entry in question.entities[:1]]
    return Plan(kind="unknown", aspects=tuple(nearest), topic=topic, chance=0.0)


def _missing_topic(question: Question, found: Found, catalogue: Catalogue) -> str | None:
    spoken = [topic for topic in catalogue.lacking(question.topics) if topic not in BROAD]
    gaps = [gap.topic.id for gap in found.gaps if gap.score >= TELLING and gap.alike >= 0.5]
    both = [gap for gap in gaps if gap in spoken]
    if both or not spoken:
        return next(iter(both or gaps), None)
    held = {
        topic for entry in question.entities for known in catalogue.by_entry[entry] for topic in known.aspect.answers
    }
    lacking = [topic for topic in spoken if topic not in held]
    return next(iter(lacking or gaps), None)


def _asked_topic(asked_for: Asked, catalogue: Catalogue) -> str | None:
    """The gap that a question falls into, if one is likelier than not."""
    likeliest = asked_for.likeliest or ""
    topic = likeliest.removeprefix(LACKED)
    return topic if likeliest != topic and topic in catalogue.topics else None


def overview(entry: str, catalogue: Catalogue) -> Known:
    """The aspect that says what an entry is."""
    aspects = catalogue.by_entry[entry]
    return next((known for known in aspects if known.aspect.id == "overview"), aspects[0])
