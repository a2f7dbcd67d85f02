"""Knowledge and dialogue → passages: aspects' texts and typical questions, questions for what we lack, small talk."""

from collections.abc import Iterator

from assistant.attribute import LACKED, TALK
from assistant.dialogue import Dialogue
from assistant.index import Passage
from assistant.knowledge import LANGUAGES, Entry, Knowledge, Language, WordLists


def passages_of(knowledge: Knowledge, dialogue: Dialogue) -> list[Passage]:
    """Every passage of knowledge and dialogue, its id unique and stable while its place in the file is."""
    found = [passage for entry in knowledge.entries for passage in _of_entry(entry)]
    found += [passage for topic in knowledge.topics for passage in _asked_of(LACKED + topic.id, topic.questions)]
    intents = dialogue.intents.items()
    return found + [passage for name, intent in intents for passage in _asked_of(TALK + name, intent.utterances)]


def _of_entry(entry: Entry) -> Iterator[Passage]:
    for aspect in entry.aspects:
        name = f"{entry.id}#{aspect.id}"
        for language in LANGUAGES:
            title = entry.title[language]
            yield Passage(f"{name}/{language}", name, language, "text", aspect.text[language], title)
            yield from _questions(name, language, aspect.questions[language], title)


def _asked_of(name: str, texts: WordLists) -> Iterator[Passage]:
    for language in LANGUAGES:
        yield from _questions(name, language, texts[language], "")


def _questions(name: str, language: Language, questions: tuple[str, ...], title: str) -> Iterator[Passage]:
    for number, question in enumerate(questions, 1):
        yield Passage(f"{name}/{language}/{number}", name, language, "question", question, title)
