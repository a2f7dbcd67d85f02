"""The knowledge base prepared for answering: entries and aspects by id, and what each aspect is about."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from math import log1p
from sys import intern

from pydantic import BaseModel

from assistant.fold import fold
from assistant.knowledge import LANGUAGES, Aspect, Entry, FacetValue, Knowledge, Language, Place, Source, Topic
from assistant.names import Names
from assistant.patterns import Patterns
from assistant.spelling import Spelling
from assistant.words import Lexicon, folded_words, words

# Kinds that have proper names; what the others are called ("online catalogues") is for search, not for naming.
NAMED = {"library", "organisation", "person", "system"}
# Kinds that are one story: what any aspect says of place, time and people holds for all.
WHOLE = {"event", "person"}
# Forms whose words count only whole: "он" is no part of "онлайн".
WORDS = frozenset(
    {
        "alternative",
        "anaphora",
        "asking",
        "ellipsis",
        "pronoun",
        "question-word",
        "residence",
        "superlative",
        "than",
        "where",
    }
)
COMMON = 15  # entries whose questions use a word, from which it is one of those that any question is made of
ORDINAL = "ordinal-"  # ids of forms that pick one of several: "ordinal-2"
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


class References(BaseModel):
    """What is read off the whole knowledge base once, at ingest: too slow for every start.

    `named`: aspect id → ids of the places and entries that its text names; `spread`: folded word → entries that use it;
    `stems`: the same for the first letters of longer words, since endings are many; `words`: every folded word of the
    passages, with how it is written there ("": only in names and topics).
    """

    named: dict[str, list[str]] = {}
    spread: dict[str, int] = {}
    stems: dict[str, int] = {}
    words: dict[str, str] = {}


@dataclass(frozen=True)
class Known:
    """An aspect with what can be read off it: the places, years and entries that it is about."""

    id: str
    entry: Entry
    aspect: Aspect
    places: frozenset[str]
    years: frozenset[int]
    mentions: frozenset[str]


class Catalogue:
    """Built once a version of the index; never changed."""

    def __init__(self, knowledge: Knowledge, references: References) -> None:
        self.entries: dict[str, Entry] = {entry.id: entry for entry in knowledge.entries}
        self.topics: dict[str, Topic] = {topic.id: topic for topic in knowledge.topics}
        self.facets: dict[tuple[str, str], FacetValue] = {(value.facet, value.id): value for value in knowledge.facets}
        self.places: dict[str, Place] = {place.id: place for place in knowledge.places}
        self.sources: dict[str, Source] = {source.id: source for source in knowledge.sources}
        ordinals = [form for form in knowledge.forms if form.id.startswith(ORDINAL)]
        asked = [topic for topic in (*knowledge.topics, *knowledge.forms) if topic not in ordinals]
        self.topic_patterns = Patterns(_words((topic.id, topic.words.all()) for topic in asked), WORDS)
        self.ordinal_patterns = Patterns(_words((form.id, form.words.all()) for form in ordinals))
        self.facet_patterns = Patterns(_words((f"{v.facet}:{v.id}", v.words.all()) for v in knowledge.facets))
        self.place_patterns = Patterns(_words((place.id, place.words.all()) for place in knowledge.places))
        named = [entry for entry in knowledge.entries if entry.kind in NAMED]
        self.names = Names(named)
        self._references = references
        self.lexicon = Lexicon(references.words)
        common = sorted(references.spread, key=lambda word: -references.spread[word])
        self.spelling = Spelling(references.words, self.lexicon, (w for w in common if references.spread[w] >= COMMON))
        self.known: dict[str, Known] = {}
        self.by_entry: dict[str, list[Known]] = defaultdict(list)
        self._speaking_of: dict[str, list[str]] = defaultdict(list)
        for entry in knowledge.entries:
            for known in self._know_all(entry):
                self.known[known.id] = known
                self.by_entry[entry.id].append(known)
                for name in known.mentions:
                    self._speaking_of[name].append(known.id)
        self._rarities = {word: log1p(len(self.entries) / count) for word, count in references.spread.items()}
        self.vocabulary = lru_cache(maxsize=None)(self._vocabulary)  # bounded by the aspects × languages there are

    def rarity(self, word: str) -> float:
        """How telling a folded word is: idf over entries, in any language; a word nobody wrote is the most telling."""
        known = self._rarities.get(word)
        return known if known is not None else log1p(len(self.entries) / max(self._spread(word), 1))

    def is_seen(self, word: str) -> bool:
        """Whether the knowledge base uses a folded word at all."""
        return self._spread(word) > 0

    def _spread(self, word: str) -> int:
        return self._references.spread.get(word) or self._references.stems.get(_stem(word), 0)

    def within(self, place: str) -> frozenset[str]:
        """The place and all that holds it, its country left out (the country says nothing)."""
        found = set()
        while place and self.places[place].kind != "country":
            found.add(place)
            place = self.places[place].within or ""
        return frozenset(found)

    def lacking(self, topics: Iterable[str]) -> list[str]:
        """Those of these topics of which can be said that it is missing."""
        return [topic for topic in topics if topic in self.topics and self.topics[topic].missing]

    def stands_for(self, place: str) -> frozenset[str]:
        """The places of which any may be meant by this one: itself and, if it is a region's centre, the region."""
        known = self.places[place]
        return frozenset({place, known.within} if known.centre and known.within else {place})

    def about(self, entities: Iterable[str]) -> list[str]:
        """The ids of all aspects that speak of one of these entries."""
        return [name for entity in entities for name in self._speaking_of.get(entity, ())]

    def libraries(self) -> list[Entry]:
        """All library entries, in the order of the knowledge base."""
        return [entry for entry in self.entries.values() if entry.kind == "library"]

    def named_in(self, aspect: Aspect) -> list[str]:
        """The ids of the places and entries that an aspect's text names."""
        tokens = words(fold(" . ".join(aspect.text[language] for language in LANGUAGES)))
        places = self.place_patterns.find(tokens)
        placed = frozenset(place for found in places for place in found.places)
        mentions = [m.entries[0] for m in self.names.certain(tokens, placed) if len(m.entries) == 1]
        return sorted({*(found.name for found in places), *mentions})

    def _know_all(self, entry: Entry) -> list[Known]:
        """The aspects of an entry; those of an event or a person share whom, where and when it is about."""
        aspects = [self._know(entry, aspect) for aspect in entry.aspects]
        if entry.kind not in WHOLE:
            return aspects
        mentions, places, years = (
            frozenset(part for known in aspects for part in getattr(known, name))
            for name in ("mentions", "places", "years")
        )
        return [replace(known, mentions=mentions, places=places, years=years) for known in aspects]

    def _know(self, entry: Entry, aspect: Aspect) -> Known:
        known_as = f"{entry.id}#{aspect.id}"
        named = {*self._references.named.get(known_as, ()), *entry.facets.get("place", ())}
        places = frozenset(part for place in named & self.places.keys() for part in self.within(place))
        mentions = frozenset({entry.id, *(name for name in named if name in self.entries)})
        years = {int(year) for language in LANGUAGES for year in YEAR.findall(aspect.text[language])} | set(
            aspect.years
        )
        years |= {figure.year for figure in aspect.figures if figure.year}
        return Known(known_as, entry, aspect, places, frozenset(years), mentions)

    def _vocabulary(self, known_as: str, language: Language) -> frozenset[str]:
        """Every folded word that a question about this aspect may use in this language."""
        known = self.known[known_as]
        names = (name for spoken in LANGUAGES for name in known.entry.names(spoken))
        asked = (self.topics[topic].words[language] for topic in known.aspect.answers)
        texts = [known.aspect.text[language], *known.aspect.questions[language], *names, *(w for t in asked for w in t)]
        return frozenset(map(intern, words(fold("\n".join(texts)))))  # a word is in many, and in memory once


def read_references(knowledge: Knowledge, passages: Iterable[str]) -> References:
    """Read everything off the knowledge base, and off the texts of all passages, that `References` holds."""
    catalogue = Catalogue(knowledge, References())
    named = {known.id: catalogue.named_in(known.aspect) for known in catalogue.known.values()}
    used = [
        set().union(*(catalogue.vocabulary(known.id, language) for known in aspects for language in LANGUAGES))
        for aspects in catalogue.by_entry.values()
    ]
    spread = Counter(word for found in used for word in found)
    stems = Counter(stem for found in used for stem in {_stem(word) for word in found} - {""})
    met = dict.fromkeys(spread, "") | _surfaces(passages)
    return References(named=named, spread=dict(spread), stems=dict(stems), words=dict(sorted(met.items())))


def _surfaces(passages: Iterable[str]) -> dict[str, str]:
    """Every folded word, with the way it is mostly written in small letters."""
    counts = Counter(word for text in passages for word in words(text.lower()))
    found: dict[str, str] = {}
    for word, _ in counts.most_common():
        for folded in folded_words(word):
            found.setdefault(folded, word if fold(word) == folded else folded)
    return found


def _stem(word: str) -> str:
    """The first five letters of a word of six or more; forms of one word mostly share them."""
    return word[:5] if len(word) > 5 else ""


def _words(named: Iterable[tuple[str, Iterable[str]]]) -> Iterable[tuple[str, str]]:
    return ((name, text) for name, texts in named for text in texts)
