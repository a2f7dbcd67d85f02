"""The fixed phrases of a file in prompts/: three languages side by side, with `$name` placeholders."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

import yaml

from assistant.errors import KnowledgeError
from assistant.knowledge import LANGUAGES, Language

FILE, TELEGRAM = "phrases.yaml", "telegram.yaml"

Placeholders = Mapping[str, frozenset[str]]  # of each phrase that some code needs; it stands beside that code


@dataclass(frozen=True)
class Phrase:
    """One phrase: a template a language, all with the same placeholders, and where it stands."""

    where: str
    templates: Mapping[str, Template]


class Phrases:
    """All the phrases of one file, validated."""

    def __init__(self, phrases: Mapping[str, Phrase], file: str) -> None:
        self._phrases, self._file = phrases, file

    @classmethod
    def load(cls, folder: Path, file: str = FILE, needed: Placeholders | None = None) -> "Phrases":
        """Read and validate a file of a prompts folder; raises KnowledgeError with every problem found.

        `needed` phrases must be there, each with exactly its placeholders.
        """
        problems: list[str] = []
        phrases: dict[str, Phrase] = {}
        for key, line, node in _pairs(_root(folder / file), file, problems):
            where = f"{file}:{line}"
            if key in phrases:
                problems.append(f"{where}: phrase '{key}' already stands at {phrases[key].where}; keep one of them")
            templates = _templates(node, f"{where}: phrase '{key}'", problems)
            phrases[key] = Phrase(where, templates)
        problems += _unmet(needed or {}, phrases, file)
        if problems:
            raise KnowledgeError(problems)
        return cls(phrases, file)

    def __iter__(self) -> Iterator[str]:
        return iter(self._phrases)

    def say(self, key: str, language: Language, **values: object) -> str:
        """The phrase `key` in `language` with its placeholders filled; raises KnowledgeError where they do not fit."""
        phrase = self._phrase(key)
        template = phrase.templates[language]
        if set(template.get_identifiers()) != set(values):
            raise KnowledgeError([_misfit(phrase, key, values)])
        return template.substitute(values)

    def templates(self, language: Language) -> dict[str, str]:
        """Every phrase in `language` as it is written, for channels that fill the placeholders themselves."""
        return {key: phrase.templates[language].template for key, phrase in self._phrases.items()}

    def _phrase(self, key: str) -> Phrase:
        if key not in self._phrases:
            raise KnowledgeError([_missing(self._file, key)])
        return self._phrases[key]


def _unmet(needed: Placeholders, phrases: Mapping[str, Phrase], file: str) -> Iterator[str]:
    """What is needed and not there, and what cannot be filled as it is written."""
    for key, placeholders in needed.items():
        if key not in phrases:
            yield _missing(file, key)
        elif any(set(text.get_identifiers()) != placeholders for text in phrases[key].templates.values()):
            yield _misfit(phrases[key], key, placeholders)


def _missing(file: str, key: str) -> str:
    return f"{file}:1: phrase '{key}' is missing; expected it in kk, ru and en"


def _misfit(phrase: Phrase, key: str, placeholders: Iterable[str]) -> str:
    expected = ", ".join(f"${name}" for name in sorted(placeholders)) or "none"
    return f"{phrase.where}: phrase '{key}': expected these placeholders: {expected}"


def _root(path: Path) -> yaml.Node | None:
    """The file's YAML as nodes, which know their lines and keep double keys."""
    try:
        return yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except FileNotFoundError:
        raise KnowledgeError([f"{path}: this file does not exist; expected the phrases in kk, ru and en"]) from None
    except UnicodeDecodeError as error:
        raise KnowledgeError([f"{path.name}:1: this file is not UTF-8 text; save it as UTF-8"]) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or error
        raise KnowledgeError(
            [f"{path.name}:{mark.line + 1 if mark else 1}: this is not valid YAML: {reason}"]
        ) from error


def _pairs(node: yaml.Node | None, where: str, problems: list[str]) -> Iterator[tuple[str, int, yaml.Node]]:
    """Key, line and value of each pair of a YAML mapping."""
    if isinstance(node, yaml.MappingNode):
        yield from ((str(key.value), key.start_mark.line + 1, value) for key, value in node.value)
    else:
        problems.append(f"{where}: expected keys with values, such as 'en: …'")


def _templates(node: yaml.Node, where: str, problems: list[str]) -> dict[str, Template]:
    """The texts of one phrase by language, with what is wrong with them added to `problems`."""
    templates = {}
    for language, _, text in _pairs(node, where, problems):
        if isinstance(text, yaml.ScalarNode):
            templates[language] = Template(text.value)
    problems += [f"{where}: {fault}" for fault in _faults(templates)]
    return templates


def _faults(templates: Mapping[str, Template]) -> Iterator[str]:
    """What is wrong with the texts of one phrase."""
    for language in LANGUAGES:
        if language not in templates or not str(templates[language].template).strip():
            yield f"'{language}' is missing; expected a text in kk, ru and en"
    for other in sorted(set(templates) - set(LANGUAGES)):
        yield f"found '{other}'; expected only kk, ru and en"
    broken = [name for name, template in templates.items() if not template.is_valid()]
    yield from (f"'{name}': a $ must begin a $name; write $$ for a dollar sign" for name in broken)
    if not broken and len({frozenset(template.get_identifiers()) for template in templates.values()}) > 1:
        yield "the placeholders differ between languages; expected the same $names in all"
