"""The knowledge that librarians edit, read and validated: entries, topics, facets, places, sources.

Every problem names file, line, what was found and what was expected, in a librarian's words.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from assistant.errors import KnowledgeError
from assistant.numbers import numbers
from assistant.records import LineOf, Record, read_records

Language = Literal["kk", "ru", "en"]
LANGUAGES: tuple[Language, ...] = ("kk", "ru", "en")

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class Words(Record):
    """One text in the three languages."""

    kk: Line
    ru: Line
    en: Line

    def __getitem__(self, language: str) -> str:
        return str(getattr(self, language))


class WordLists(Record):
    """Several texts in each of the three languages."""

    kk: tuple[Line, ...] = ()
    ru: tuple[Line, ...] = ()
    en: tuple[Line, ...] = ()

    def __getitem__(self, language: str) -> tuple[str, ...]:
        found: tuple[str, ...] = getattr(self, language)
        return found

    def all(self) -> Iterator[str]:
        """Every text, whatever its language."""
        for language in LANGUAGES:
            yield from self[language]


class Figure(Record):
    """A number with all that makes it true: unit, year and place."""

    value: float
    unit: Slug
    year: int | None = None
    place: Slug | None = None


class Aspect(Record):
    """One thing that an entry says: the sentence(s) of the answer, and the questions that they answer."""

    id: Slug
    answers: tuple[Slug, ...] = Field(min_length=1)
    text: Words
    questions: WordLists
    years: tuple[int, ...] = ()
    figures: tuple[Figure, ...] = ()
    sources: tuple[Slug, ...] = ()


Kind = Literal[
    "library", "glossary", "service", "figure", "event", "guide", "person", "system", "organisation", "assistant"
]


class Entry(Record):
    """One thing the assistant knows about, with its names, facets and aspects."""

    id: Slug
    kind: Kind
    sources: tuple[Slug, ...] = Field(min_length=1)
    title: Words
    aliases: WordLists = WordLists()
    facets: dict[Slug, tuple[Slug, ...]] = {}
    aspects: tuple[Aspect, ...] = Field(min_length=1)

    def names(self, language: str) -> tuple[str, ...]:
        """The title and the aliases of one language."""
        return (self.title[language], *self.aliases[language])


class Topic(Record):
    """Something people ask for: a word pattern for it and, where we may lack it, what to say then.

    `words` are word beginnings ("режим работ"); a phrase matches words in that order, each by its beginning.
    """

    id: Slug
    words: WordLists
    missing: Words | None = None
    questions: WordLists = WordLists()
    elsewhere: bool = False

    @property
    def is_gap(self) -> bool:
        """Whether there are examples of asking for it that nothing we hold answers."""
        return self.missing is not None and any(self.questions.all())


class FacetValue(Record):
    """A value that lists, counts and comparisons are made from."""

    id: Slug
    facet: Slug
    label: Words
    words: WordLists


class Place(Record):
    """A region, city or country. Only what `within` says is known of it; a place alone is no knowledge.

    `centre`: of the region that it is within, so that the region's own library may be meant by the city.
    """

    id: Slug
    kind: Literal["country", "region", "city", "foreign"]
    title: Words
    words: WordLists
    within: Slug | None = None
    centre: bool = False


class Source(Record):
    """A document that facts come from."""

    id: Slug
    title: Words
    url: str | None = None
    year: int | None = None


class Knowledge(Record):
    """All of it, consistent."""

    entries: tuple[Entry, ...] = ()
    topics: tuple[Topic, ...] = ()
    forms: tuple[Topic, ...] = ()
    facets: tuple[FacetValue, ...] = ()
    places: tuple[Place, ...] = ()
    sources: tuple[Source, ...] = ()


LISTS: dict[str, type[Record]] = {
    "topics": Topic,
    "forms": Topic,
    "facets": FacetValue,
    "places": Place,
    "sources": Source,
}
NOT_ENTRIES = {"documents"}
ENDINGS = (".yaml", ".yml")


def load(folder: Path) -> Knowledge:
    """Read and validate a knowledge folder; raises KnowledgeError with every problem found, not the first."""
    if not folder.is_dir():
        raise KnowledgeError(
            [f"{folder}: this folder does not exist; SHYRAQ_KNOWLEDGE_DIR must name the knowledge folder"]
        )
    problems: list[str] = []
    lists: dict[str, list[Any]] = {name: [] for name in LISTS}
    entries: list[Entry] = []
    lines: dict[str, str] = {}
    for path in sorted(path for ending in ENDINGS for path in folder.rglob(f"*{ending}")):
        where = path.relative_to(folder)
        if where.parts[0] in NOT_ENTRIES or path.is_dir():
            continue
        shape: type[Record] | None = LISTS.get(path.stem) if len(where.parts) == 1 else None
        for record, line in read_records(path, where, shape or Entry, problems):
            (lists[path.stem] if shape else entries).append(record)
            problems += _placed(record, f"{path.stem if shape else 'entry'}:{record.id}", where, line, lines)
    knowledge = Knowledge(entries=tuple(entries), **{name: tuple(found) for name, found in lists.items()})
    problems += list(_inconsistencies(knowledge, lines))
    if not entries and not problems:
        problems.append(f"{folder}: no entries found; expected YAML files such as libraries/pavlodar.yaml")
    if problems:
        raise KnowledgeError(problems)
    return knowledge


def _placed(record: Any, key: str, where: Path, line: LineOf, lines: dict[str, str]) -> Iterator[str]:
    """Note where a record and its aspects stand; a fault where its id is taken."""
    if key in lines:
        yield f"{where}:{line()}: id '{record.id}' is already used at {lines[key]}; ids must be unique"
    lines.setdefault(key, f"{where}:{line()}")
    for number, aspect in enumerate(record.aspects if isinstance(record, Entry) else ()):
        lines.setdefault(f"{key}#{aspect.id}", f"{where}:{line('aspects', number)}")


def _inconsistencies(knowledge: Knowledge, lines: dict[str, str]) -> Iterator[str]:
    """What no single record can show: references to nothing, gaps between languages, numbers that differ."""
    for entry in knowledge.entries:
        named = f"entry '{entry.id}'"
        yield from (f"{lines[f'entry:{entry.id}']}: {named}: {fault}" for fault in _entry_faults(entry, knowledge))
        for aspect in entry.aspects:
            where = f"{lines[f'entry:{entry.id}#{aspect.id}']}: {named}, aspect '{aspect.id}'"
            yield from (f"{where}: {fault}" for fault in _aspect_faults(aspect, knowledge))
    places = {place.id for place in knowledge.places}
    for place in knowledge.places:
        if place.within and place.within not in places:
            yield f"{lines[f'places:{place.id}']}: found within '{place.within}'; expected an id from places.yaml"


def _entry_faults(entry: Entry, knowledge: Knowledge) -> Iterator[str]:
    sources = {source.id for source in knowledge.sources}
    for source in {*entry.sources, *(name for aspect in entry.aspects for name in aspect.sources)} - sources:
        yield f"found source '{source}'; expected an id from sources.yaml"
    values = {(value.facet, value.id) for value in knowledge.facets}
    values |= {("place", place.id) for place in knowledge.places}
    for facet, found in entry.facets.items():
        for value in {value for value in found if (facet, value) not in values}:
            yield f"found facet '{facet}: {value}'; expected a value of facets.yaml or places.yaml"
    yield from _number_faults(entry.title)
    ids = [aspect.id for aspect in entry.aspects]
    for name in sorted({name for name in ids if ids.count(name) > 1}):
        yield f"aspect '{name}' stands twice; aspect ids must be unique within an entry"


def _aspect_faults(aspect: Aspect, knowledge: Knowledge) -> Iterator[str]:
    for topic in set(aspect.answers) - {topic.id for topic in knowledge.topics}:
        yield f"found topic '{topic}'; expected an id from topics.yaml"
    for language in LANGUAGES:
        if not aspect.questions[language]:
            yield f"no questions in '{language}'; expected at least one"
    yield from _number_faults(aspect.text)
    stated = set().union(*(numbers(aspect.text[language], language) for language in LANGUAGES))
    yield from _figure_faults(aspect.figures, stated, knowledge)


def _number_faults(text: Words) -> Iterator[str]:
    """Numbers that a text has in one language and not in another."""
    found = {language: numbers(text[language], language) for language in LANGUAGES}
    for language in LANGUAGES:
        for number in sorted(set().union(*found.values()) - found[language]):
            yield f"the number {number} stands in another language but not in '{language}'"


def _figure_faults(figures: Sequence[Figure], stated: set[str], knowledge: Knowledge) -> Iterator[str]:
    for place in {figure.place for figure in figures if figure.place} - {place.id for place in knowledge.places}:
        yield f"found place '{place}'; expected an id from places.yaml"
    for figure in figures:
        if f"{figure.value:g}" not in {f"{float(number):g}" for number in stated}:
            yield f"the figure {figure.value:g} {figure.unit} does not stand in the text"
