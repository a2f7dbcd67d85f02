"""Knowledge → passages: each aspect's text, its typical questions, and questions for what we lack."""

from collections.abc import Iterator

from assistant.index import Passage
from assistant.knowledge import LANGUAGES, Entry, Knowledge, Language, Topic


def passages_of(knowledge: Knowledge) -> list[Passage]:
    """Every passage of the knowledge base, its id unique and stable while its place in the file is."""
    found = [passage for entry in knowledge.entries for passage in _of_entry(entry)]
    return found + [passage for topic in knowledge.topics for passage in _of_topic(topic)]


def _of_entry(entry: Entry) -> Iterator[Passage]:
    for aspect in entry.aspects:
        name = f"{entry.id}#{aspect.id}"
        for language in LANGUAGES:
            title = entry.title[language]
            yield Passage(f"{name}/{language}", name, language, "text", aspect.text[language], title)
            yield from _questions(name, language, aspect.questions[language], title)


def _of_topic(topic: Topic) -> Iterator[Passage]:
    for language in LANGUAGES:
        yield from _questions(f"topic#{topic.id}", language, topic.questions[language], "")


def _questions(name: str, language: Language, questions: tuple[str, ...], title: str) -> Iterator[Passage]:
    for number, question in enumerate(questions, 1):
        yield Passage(f"{name}/{language}/{number}", name, language, "question", question, title)
