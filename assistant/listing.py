"""Question → the libraries that share what it names: "which libraries in Almaty are for children", "how many …"."""

from collections import Counter
from collections.abc import Collection, Sequence
from functools import lru_cache
from math import log
from typing import Literal

from assistant.catalogue import Catalogue, Known
from assistant.gate import EXACT
from assistant.knowledge import Entry
from assistant.libraries import UNLISTED
from assistant.question import BROAD, FORMS, Question
from assistant.retrieval import Found
from assistant.schema import Plan

LIKELY = log(0.5)  # the classifier's chance from which an aspect is meant, though a list was asked for
UNDERSTOOD = 0.25  # of a question's wording, from which a list is what it asks for
SETTLED = 0.4  # the same where only a place is given
LISTED = "list"  # the class of questions that a list answers
STRENGTHS, CHALLENGES = "strength", "challenge"
PROVING = {"strength", "challenge", "audience"}  # facets that an aspect of the same name speaks of
# Kinds whose aspects may name libraries outright.
DIRECT = {"figure", "event", "system", "organisation", "person", "glossary"}


def list_libraries(question: Question, found: Found, meant: str | None, catalogue: Catalogue) -> Plan | None:
    """Libraries that share what the question names, where it asks for libraries by what they are like.

    `meant`: what it asks for beyond doubt, which LISTED is in other words than those of forms.yaml.
    """
    kind: Literal["count", "list"] = "count" if "count" in question.forms else "list"
    forms = question.forms & {"list", "count", "where"}
    is_bare = bool(question.free and question.places) and not question.topics and _is_kind(question, catalogue)
    if question.entities or question.years or not (forms or meant == LISTED or is_bare):
        return None
    facets = _facets(question)
    places = [place for place in question.places if catalogue.places[place].kind != "country"]
    if kind == "list" and (_asks_else(meant, catalogue) or ("superlative" in question.forms and meant != LISTED)):
        return None
    if not facets and (not places or forms == {"where"} or _asks_for_gap(question, catalogue)):
        return None
    if _is_said_outright(question, found):
        return None
    if not (facets and meant == LISTED) and _understood(question, catalogue) < (UNDERSTOOD if facets else SETTLED):
        return None
    nearby = _nearby(places, catalogue)
    if not nearby and not facets and (meant == LISTED or kind == "count" or is_bare):
        return Plan(kind="unknown", topic=UNLISTED, chance=0.0)
    entries = [entry for entry in nearby if _has_all(entry, facets)] or [
        entry for entry in nearby if _has(entry, facets)
    ]
    if not entries:
        return None
    proofs = tuple(_proof(entry, facets, catalogue).id for entry in entries)
    names = tuple(f"{facet}:{value}" for facet, value in facets)
    return Plan(kind=kind, aspects=proofs, entries=tuple(e.id for e in entries), facets=names, places=tuple(places))


def _is_kind(question: Question, catalogue: Catalogue) -> bool:
    """Whether a question says no more than "libraries", its place aside."""
    return catalogue.names.is_kind(question.free, frozenset(range(len(question.free))))


def _asks_for_gap(question: Question, catalogue: Catalogue) -> bool:
    """Whether the words ask for something that we are known to lack, such as the names of villages."""
    asked = [catalogue.topics[topic] for topic in question.topics if topic not in FORMS | BROAD]
    return any(topic.is_gap for topic in asked)


def _asks_else(meant: str | None, catalogue: Catalogue) -> bool:
    """Whether what is asked for beyond doubt is nothing that libraries have in common, such as a word's meaning."""
    return meant in _unshared(catalogue)


@lru_cache(maxsize=2)
def _unshared(catalogue: Catalogue) -> frozenset[str]:
    """The aspects that no two libraries have."""
    had = Counter(known.aspect.id for entry in catalogue.libraries() for known in catalogue.by_entry[entry.id])
    return frozenset(known.aspect.id for known in catalogue.known.values() if had[known.aspect.id] < 2)


def _facets(question: Question) -> list[tuple[str, str]]:
    """The facets spoken of: challenges where something lacks, strengths otherwise."""
    lacking = bool({"lack", "challenge"}.intersection(question.topics))
    challenges = [pair for pair in question.facets if pair[0] == CHALLENGES]
    if lacking and challenges:
        return [pair for pair in question.facets if pair[0] != STRENGTHS]
    return [] if lacking else [pair for pair in question.facets if pair[0] != CHALLENGES]


def _understood(question: Question, catalogue: Catalogue) -> float:
    """The share of the wording, weighed by rarity, that facets, places and forms account for."""
    total = sum(catalogue.rarity(token) for token in question.tokens)
    return 1 - sum(catalogue.rarity(token) for token in question.free) / total if total else 0.0


def _is_said_outright(question: Question, found: Found) -> bool:
    """Whether an aspect was written for just this question."""
    best = found.candidates[0] if found.candidates else None
    if best is None or best.known.entry.kind not in DIRECT:
        return False
    return best.alike > EXACT or best.hit.chance >= LIKELY


def _has_all(entry: Entry, facets: Sequence[tuple[str, str]]) -> bool:
    return all(value in entry.facets.get(facet, ()) for facet, value in facets)


def _has(entry: Entry, facets: Sequence[tuple[str, str]]) -> bool:
    """Whether an entry has one value of each facet spoken of ("for children and for adults")."""
    kinds = {facet for facet, _ in facets}
    return all(any(value in entry.facets.get(kind, ()) for facet, value in facets if facet == kind) for kind in kinds)


def _nearby(places: Sequence[str], catalogue: Catalogue) -> list[Entry]:
    """The libraries of these places; of the regions whose centres they are, where no library lies in a place itself."""
    regions = {region for place in places for region in catalogue.stands_for(place)}
    lying = [entry for entry in catalogue.libraries() if _lies_in(entry, places, catalogue)]
    return lying or [entry for entry in catalogue.libraries() if _lies_in(entry, regions, catalogue)]


def _lies_in(entry: Entry, places: Collection[str], catalogue: Catalogue) -> bool:
    mine = {part for place in entry.facets.get("place", ()) for part in catalogue.within(place)}
    return not places or bool(mine.intersection(places))


def _proof(entry: Entry, facets: Sequence[tuple[str, str]], catalogue: Catalogue) -> Known:
    """The aspect of an entry that shows why it is on a list."""
    aspects = {known.aspect.id: known for known in catalogue.by_entry[entry.id]}
    wanted = facets[0][0] if len(facets) == 1 and facets[0][0] in PROVING else "overview"
    return aspects.get(wanted) or aspects.get("overview") or catalogue.by_entry[entry.id][0]
