"""Which libraries a question is about that it does not name in full: by their place and type."""

from assistant.catalogue import Catalogue
from assistant.knowledge import Entry
from assistant.question import FORMS, LITTLE, Question

UNLISTED = "unlisted-library"  # the topic that says that no library of a place is known
REGIONAL = "regional"  # the type of library that a place stands for where no other is spoken of


def side_by_side(question: Question, catalogue: Catalogue) -> Question:
    """The question, of every library it compares: "Чем Павлодарская областная отличается от Атырауской?"."""
    if not _compares(question, catalogue):
        return question
    named = [library_of(place, _types(question.entities, catalogue), catalogue) for place in question.places]
    compared = tuple(dict.fromkeys([*question.entities, *(entry for entry in named if entry)]))
    return question.about(compared) if len(compared) > max(1, len(question.entities)) else question


def meant_by_place(question: Question, catalogue: Catalogue) -> Question:
    """The question, of a library told by place and type: "I'm off to Mangystau. What's the regional library like?".

    A place that is all that is said stands for its regional library.
    """
    types = _named_types(question) or (frozenset({REGIONAL}) if _is_bare(question) else frozenset())
    if question.entities or len(question.places) != 1 or len(types) != 1 or {"list", "count"} & question.forms:
        return question
    meant = library_of(question.places[0], types, catalogue)
    return question.about((meant,)) if meant else question


def _is_bare(question: Question) -> bool:
    return not (set(question.topics) - FORMS) and all(len(word) <= LITTLE for word in question.free)


def is_unheld(question: Question, catalogue: Catalogue) -> bool:
    """Whether a question is about a library of a place that has none here: "the Kyzylorda Regional Library"."""
    if question.entities or not _named_types(question) or {"list", "count"} & question.forms:
        return False
    asked = [place for place in question.places if catalogue.places[place].kind != "country"]
    return bool(asked) and not any(_of_place(place, catalogue) for place in asked)


def library_of(place: str, types: frozenset[str], catalogue: Catalogue) -> str | None:
    """The one library, of one of these types, that a place stands for."""
    alike = [each.id for each in _of_place(place, catalogue) if types.intersection(each.facets.get("type", ()))]
    return alike[0] if len(alike) == 1 else None


def _of_place(place: str, catalogue: Catalogue) -> list[Entry]:
    """The libraries of all that a place stands for."""
    meant = catalogue.stands_for(place)
    return [library for library in catalogue.libraries() if meant.intersection(library.facets.get("place", ()))]


def _named_types(question: Question) -> frozenset[str]:
    return frozenset(value for facet, value in question.facets if facet == "type")


def _compares(question: Question, catalogue: Catalogue) -> bool:
    """Whether a question compares libraries only, of which one at least may be known by its place."""
    if not all(catalogue.entries[entry].kind == "library" for entry in question.entities):
        return False
    is_of_libraries = bool(question.entities or question.facets)
    return "compare" in question.forms or ("alternative" in question.forms and is_of_libraries)


def _types(entries: tuple[str, ...], catalogue: Catalogue) -> frozenset[str]:
    named = (kind for entry in entries for kind in catalogue.entries[entry].facets.get("type", ()))
    return frozenset(named) or frozenset({REGIONAL})
