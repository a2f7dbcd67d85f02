"""What a language model is told: the files of prompts/ that begin with `llm-`, validated."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from string import Template

from assistant.clauses import Reading
from assistant.errors import KnowledgeError
from assistant.knowledge import Language, WordLists, Words
from assistant.records import Record, read_records
from assistant.words import folded_words

# The placeholders that each file must have, and no other.
FILES: Mapping[str, frozenset[str]] = {
    "llm-writer.md": frozenset({"language"}),
    "llm-evidence.md": frozenset({"language", "question", "evidence"}),
    "llm-again.md": frozenset({"language"}),
    "llm-followup.md": frozenset({"history", "message"}),
    "llm-judge-faithfulness.md": frozenset({"evidence", "answer"}),
    "llm-judge-relevancy.md": frozenset({"question", "answer"}),
}
WORDS = "llm-words.yaml"
_PLACEHOLDER = re.compile(r"\$(?:\$|(?P<name>[a-z]+)|(?P<stray>))")
_FENCE = re.compile("[⟦⟧]")


class ModelWords(Record):
    """`languages`: each language's name for a model; `guarded`: words that turn or widen what a sentence says.

    `denying`: those of them that say no; `linking`: words that say nothing by themselves.
    """

    languages: Words
    guarded: WordLists
    denying: WordLists
    linking: WordLists


class Instructions:
    """The instructions of a prompts folder."""

    def __init__(self, texts: Mapping[str, Template], words: ModelWords) -> None:
        self._texts, self._words = texts, words

    @classmethod
    def load(cls, folder: Path) -> "Instructions":
        """Read and validate; raises KnowledgeError with every problem, each with file and line."""
        problems: list[str] = []
        texts = {name: _read(folder / name, problems) for name in FILES}
        for name, text in texts.items():
            problems += _faults(name, text)
        words = [record for record, _ in read_records(folder / WORDS, Path(WORDS), ModelWords, problems)]
        if not problems and len(words) != 1:
            problems.append(f"{WORDS}:1: found {len(words)} records; expected one with languages, guarded …")
        if problems:
            raise KnowledgeError(problems)
        return cls({name: Template(text.strip()) for name, text in texts.items()}, words[0])

    def say(self, name: str, **values: str) -> str:
        """The text of a file, its placeholders filled."""
        return self._texts[name].substitute(values)

    def name(self, language: Language) -> str:
        """A language, as a model knows it."""
        return self._words.languages[language]

    def reading(self, language: Language) -> Reading:
        """How a language's sentences are read: which words turn a meaning, which say nothing by themselves."""
        said = self._words
        denying, linking = _folded(said.denying[language]), _folded(said.linking[language])
        turning = tuple(dict.fromkeys((*_folded(said.guarded[language]), *denying)))
        return Reading(language, frozenset(linking), turning, frozenset(denying))


def fenced(name: object, text: str) -> str:
    """`text` as data between marks that it cannot close: ⟦1⟧ … ⟦/1⟧."""
    return f"⟦{name}⟧\n{_FENCE.sub('', text)}\n⟦/{name}⟧"


def _folded(lines: Iterable[str]) -> list[str]:
    return [word for line in lines for word in folded_words(line)]


def _read(path: Path, problems: list[str]) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        problems.append(f"{path.name}:1: this file cannot be read: {error.strerror}; expected instructions to a model")
    except UnicodeDecodeError as error:
        problems.append(f"{path.name}:1: this file is not UTF-8 text (byte {error.start}); save it as UTF-8")
    return ""


def _faults(name: str, text: str) -> Iterator[str]:
    """What is wrong with a file that could be read."""
    expected, seen = FILES[name], set()
    known = ", ".join(f"${each}" for each in sorted(expected))
    for line, match in (
        (number, m) for number, row in enumerate(text.split("\n"), 1) for m in _PLACEHOLDER.finditer(row)
    ):
        found = match["name"]
        if match["stray"] is not None:
            yield f"{name}:{line}: found a $ by itself; expected {known}, or $$ for a dollar sign"
        elif found and found not in expected:
            yield f"{name}:{line}: found ${found}; expected {known}"
        seen.add(found)
    if text:
        yield from (f"{name}:1: ${missing} is missing; expected {known}" for missing in sorted(expected - seen))
