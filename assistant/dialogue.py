"""Small talk, abuse, attempts to change the orders, and wishes to hear the answer in another language."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from assistant.attribute import TALK, Asked
from assistant.catalogue import Catalogue
from assistant.errors import KnowledgeError
from assistant.index import Hit
from assistant.knowledge import LANGUAGES, WordLists
from assistant.patterns import Patterns
from assistant.question import BROAD, FORMS, Question
from assistant.ranking import coverage, likeness
from assistant.records import LOADER
from assistant.words import folded_words

FILE = "dialogue.yaml"
REPEAT = "repeat_"
LONGEST = 30  # words of a message that may still be small talk by likeness
BRIEF = 8  # words of small talk at most
ALIKE = 0.62  # of the utterance's wording in the message, and of the message's in the utterance
LIKELY = 0.4  # chance from which a message is small talk by what it sounds like
SURELY = 0.8  # …and from which it is abuse, or an attempt on the orders
NEAR = 0.86  # cosine: below it, the same words mean something else


class Intent(BaseModel):
    """One kind of small talk: how people say it, how we reply, and the status of that reply.

    `words` are word patterns that show it wherever they stand in a message.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Literal["smalltalk", "declined"]
    utterances: WordLists
    replies: WordLists
    words: WordLists = WordLists()


@dataclass(frozen=True)
class Dialogue:
    """The intents of prompts/dialogue.yaml."""

    intents: dict[str, Intent]
    patterns: Patterns

    @classmethod
    def load(cls, folder: Path) -> "Dialogue":
        """Read and validate; raises KnowledgeError with every problem."""
        intents = _read(folder / FILE)
        named = ((name, word) for name, intent in intents.items() for word in intent.words.all())
        return cls(intents, Patterns(named))

    def shown(self, question: Question) -> list[str]:
        """The intents that a message's own words show."""
        return [found.name for found in self.patterns.find(question.tokens)]

    def told(self, question: Question, shown: Sequence[str]) -> str | None:
        """Which of the intents shown it is: an attempt on the orders always, the rest where nothing is asked."""
        names = [name for name in shown if not name.startswith(REPEAT)]
        if "injection" in names:
            return "injection"
        if not names or not _asks_nothing(question):
            return None
        rude = next((name for name in names if self.intents[name].status == "declined"), None)
        return rude or (names[0] if _is_brief(question) else None)

    def intent(self, question: Question, shown: Sequence[str], hits: Sequence[Hit], catalogue: Catalogue) -> str | None:
        """The small talk that a message is like, if it is little else."""
        if len(question.tokens) > LONGEST:
            return None
        near = [hit for hit in hits if hit.passage.aspect.startswith(TALK) and _may_be(hit, shown)]
        best = max(near, key=lambda hit: _agreement(question, hit, catalogue), default=None)
        if best is None or best.cosine < NEAR or _agreement(question, best, catalogue) < ALIKE:
            return None
        rival = next((hit for hit in hits if not hit.passage.aspect.startswith(TALK)), None)
        if rival and _agreement(question, rival, catalogue) > _agreement(question, best, catalogue):
            return None
        return best.passage.aspect.removeprefix(TALK)

    def sounded(self, question: Question, asked_for: Asked) -> str | None:
        """The small talk that a brief message sounds like, though it has no such words ("you saved my day")."""
        if not (_asks_nothing(question) and _is_brief(question)):
            return None
        names = [name for name in self.intents if not name.startswith(REPEAT)]
        shares = {name: asked_for.together.get(TALK + name, 0.0) for name in names}
        likeliest = max(shares, key=lambda name: shares[name])
        doubted = self.intents[likeliest].status == "declined" and shares[likeliest] < SURELY
        return None if doubted or sum(shares.values()) < LIKELY else likeliest


def _is_brief(question: Question) -> bool:
    """Whether a message is short, and asks for nothing by any word."""
    asks = set(question.topics) - FORMS or "question-word" in question.forms
    return len(question.tokens) <= BRIEF and not asks


def _asks_nothing(question: Question) -> bool:
    """Whether a message names nothing that a library could be asked for."""
    return not (question.mentions or question.facets or set(question.topics) - FORMS - BROAD)


def _may_be(hit: Hit, shown: Sequence[str]) -> bool:
    """Whether a wish to hear the answer in a language names that language."""
    name = hit.passage.aspect.removeprefix(TALK)
    return not name.startswith(REPEAT) or name in shown


def _agreement(question: Question, hit: Hit, catalogue: Catalogue) -> float:
    """The smaller of two shares: of the utterance's wording in the message, of the message's in the utterance."""
    utterance = frozenset(folded_words(hit.passage.text))
    return min(likeness(question.said, hit.passage.text, catalogue), coverage(question.tokens, utterance, catalogue))


def _read(path: Path) -> dict[str, Intent]:
    try:
        data = yaml.load(path.read_text(encoding="utf-8-sig"), LOADER)  # noqa: S506, a SafeLoader
        intents = TypeAdapter(dict[str, Intent]).validate_python(data)
    except FileNotFoundError:
        raise KnowledgeError([f"{path}: this file does not exist; expected the small talk in kk, ru and en"]) from None
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise KnowledgeError([f"{path.name}:1: this is not valid YAML in UTF-8: {error}"]) from error
    except ValidationError as error:
        places = (".".join(map(str, fault["loc"])) + ": " + fault["msg"] for fault in error.errors())
        raise KnowledgeError([f"{path.name}:1: {place}" for place in places]) from None
    problems = list(_gaps(path.name, intents))
    if problems:
        raise KnowledgeError(problems)
    return intents


def _gaps(file: str, intents: dict[str, Intent]) -> Iterator[str]:
    for name, intent in intents.items():
        for language in LANGUAGES:
            if not intent.replies[language] and not name.startswith("repeat_"):
                yield f"{file}:1: intent '{name}' has no reply in '{language}'"
            if not intent.utterances[language]:
                yield f"{file}:1: intent '{name}' has no utterances in '{language}'"
