"""What a message asks: who, where, when, what of it, and how it is put."""

from dataclasses import dataclass, replace
from functools import cached_property

from assistant.catalogue import YEAR, Catalogue
from assistant.fold import fold
from assistant.knowledge import Language
from assistant.names import Mention
from assistant.words import words

# Topics that say how a question is put, not what it asks for.
MOST_WORDS = 80  # of a message that are looked at; longer ones repeat themselves or are no question
FORMS = frozenset(
    {
        "list",
        "count",
        "compare",
        "alternative",
        "superlative",
        "residence",
        "lack",
        "anaphora",
        "pronoun",
        "ellipsis",
        "next-year",
        "previous-year",
        "same-year",
        "than",
        "where",
        "question-word",
        "asking",
    }
)
# Topics of different numbers: how many users the centres had is not answered by how many centres there were.
COUNTED = frozenset({"users", "visits", "trainings", "books", "events-count", "centres", "jobs", "hours-taught"})
LITTLE = 3  # letters of a word that asks for nothing
LOCATION = "location"  # the topic of "where is it"
# Topics that nearly every question touches; what is missing of them is never worth a refusal.
BROAD = frozenset({"overview", "number", "event", "definition", "service"})


@dataclass(frozen=True)
class Question:
    """A message understood. `text` is in the language's own script; `tokens` are its folded words.

    `mentions` are the entries named, `places` the place ids that are not part of a name, `topics` what is asked for,
    `facets` the (facet, value) pairs spoken of, `free` the tokens that none of these account for,
    `wording` the tokens outside the names, `said` every form of every token that the knowledge base uses.
    """

    text: str
    language: Language
    tokens: tuple[str, ...]
    mentions: tuple[Mention, ...]
    places: tuple[str, ...]
    years: tuple[int, ...]
    topics: tuple[str, ...]
    facets: tuple[tuple[str, str], ...]
    free: tuple[str, ...]
    wording: tuple[str, ...]
    said: frozenset[str]

    @cached_property
    def entities(self) -> tuple[str, ...]:
        """The entries named for certain."""
        return tuple(mention.entries[0] for mention in self.mentions if mention.certain and len(mention.entries) == 1)

    @cached_property
    def forms(self) -> frozenset[str]:
        """How the question is put: the ids of forms.yaml; a pronoun points back too."""
        found = FORMS.intersection(self.topics)
        return found | {"anaphora"} if "pronoun" in found else found

    def about(self, entities: tuple[str, ...]) -> "Question":
        """The same question about these entries (a follow-up made whole)."""
        return replace(self, mentions=tuple(Mention((entry,), frozenset(), True) for entry in entities))


def understand(text: str, language: Language, catalogue: Catalogue) -> Question:
    """Read a message that is already in its language's own script."""
    tokens = tuple(words(fold(text))[:MOST_WORDS])
    topics = catalogue.topic_patterns.find(tokens)
    is_compared = language == "kk" and len(tokens) > 1  # "Karaganda" alone is a city, and not "қарағанда"
    than = frozenset(place for found in topics if found.name == "than" and is_compared for place in found.places)
    places = [found for found in catalogue.place_patterns.find(tokens) if not than.issuperset(found.places)]
    placed = frozenset(place for found in places for place in found.places)
    mentions = catalogue.names.find(["" if place in than else token for place, token in enumerate(tokens)], placed)
    if {"list", "count"}.intersection(found.name for found in topics):
        mentions = [mention for mention in mentions if not catalogue.names.is_kind(tokens, mention.places - placed)]
    named = frozenset(place for mention in mentions if mention.certain for place in mention.places)
    places = [found for found in places if not named.intersection(found.places)]
    topics = [found for found in topics if not named.issuperset(found.places)]
    facets = [found for found in catalogue.facet_patterns.find(tokens) if not named.intersection(found.places)]
    taken = named.union(*(found.places for found in (*places, *topics, *facets)))
    return Question(
        text=text,
        language=language,
        tokens=tokens,
        mentions=tuple(mentions),
        places=tuple(dict.fromkeys(found.name for found in places)),
        years=tuple(dict.fromkeys(int(year) for year in YEAR.findall(text))),
        topics=tuple(dict.fromkeys(found.name for found in topics)),
        facets=tuple(dict.fromkeys((f.name.split(":")[0], f.name.split(":")[1]) for f in facets)),
        free=tuple(token for place, token in enumerate(tokens) if place not in taken),
        wording=tuple(token for place, token in enumerate(tokens) if place not in named),
        said=frozenset(form for token in tokens for form in catalogue.lexicon.forms(token)),
    )
