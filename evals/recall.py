"""Whether the facts of a question are found: in a reply, or among the best passages of Shyraq's retrieval."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from assistant.ask import Librarian
from assistant.clean import clean
from assistant.knowledge import Language
from assistant.question import understand
from assistant.retrieval import retrieve
from evals.facts import missing

TOP = 5


@dataclass(frozen=True)
class Case:
    """A question of a suite, and what its answer must contain."""

    question: str
    language: Language
    facts: str


def read_cases(suite: Path) -> list[Case]:
    """The questions of a suite that have facts to look for and are asked in one message."""
    languages = {language: language for language in get_args(Language)}
    with suite.open(encoding="utf-8", newline="") as file:
        answered = [row for row in csv.DictReader(file) if row["status"] == "answered" and row["facts"]]
    single = [row for row in answered if "||" not in row["question"]]
    return [Case(row["question"], languages[row["language"]], row["facts"]) for row in single]


def share(cases: Sequence[Case], texts: Iterable[Sequence[str]]) -> float:
    """The share of cases all of whose facts are in their texts."""
    pairs = zip(cases, texts, strict=True)
    return sum(not missing(case.facts, "\n\n".join(found), case.language) for case, found in pairs) / len(cases)


def best_passages(case: Case, librarian: Librarian) -> list[str]:
    """The texts of the five aspects or pieces of documents that retrieval puts first, best first."""
    index, message = librarian.shelf.index(), clean(case.question)
    language = librarian.identifier.identify(message, None).language or case.language
    question = understand(message, language, index.catalogue)
    hits = index.search(language, question.text, librarian.model.embed_query(question.text))
    best = retrieve(question, hits, index.catalogue, librarian.ranking).candidates[:TOP]
    return [found.known.aspect.text[language] if found.known else found.hit.passage.text for found in best]
