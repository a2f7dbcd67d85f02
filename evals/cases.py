"""Cases of an evaluation suite: rows of a spreadsheet saved as CSV, or conversations in YAML."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, ValidationError, model_validator

from assistant.contract import MESSAGE_LIMIT
from assistant.errors import KnowledgeError
from assistant.knowledge import Language, Line
from assistant.records import Record, causes, explain, read_records
from assistant.schema import Status

ENDINGS = (".csv", ".yaml", ".yml")
LARGEST = 2**20  # characters of a cell; the reader of tables takes 131,072 by itself
REQUIRED = ("id", "language", "question", "status")
COLUMNS = (*REQUIRED, "facts", "forbidden", "sources", "category", "note")
SEPARATOR = "sep="
TURN = "||"  # between the turns of a conversation in one cell; the last reply is judged
ITEM, WAY = ";", "|"  # between facts, and between the ways to say one


def _split(separator: str) -> BeforeValidator:
    """One cell or a list of them → a list without empty items."""

    def split(value: Any) -> Any:
        parts = value.split(separator) if isinstance(value, str) else value
        return [part.strip() for part in parts if part.strip()] if _are_texts(parts) else value

    return BeforeValidator(split)


def _are_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(part, str) for part in value)


def _as_text(value: Any) -> Any:
    """A year written without quotes in YAML is a number to YAML."""
    if not isinstance(value, list):
        return value
    return [str(part) if isinstance(part, int | float) else part for part in value]


Turn = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MESSAGE_LIMIT)]
Facts = Annotated[tuple[Line, ...], _split(ITEM), BeforeValidator(_as_text)]


class Case(Record):
    """A question and what is right. `turns` are asked in order, and the last reply is judged.

    `facts` and `forbidden`: items as `evals.facts` reads them ("3887", "қаржы|қаражат"); `sources`: ids of entries, or
    of aspects ("entry#aspect"), that may be cited, any where it is empty; `variant`: how a made variant was typed.
    """

    id: Line
    language: Language
    turns: Annotated[tuple[Turn, ...], _split(TURN), Field(min_length=1)]
    status: Annotated[tuple[Status, ...], _split(WAY), Field(min_length=1)]
    facts: Facts = ()
    forbidden: Facts = ()
    sources: Annotated[tuple[Line, ...], _split(WAY)] = ()
    category: Line = "other"
    note: str = ""
    variant: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _of_one_question(cls, data: Any) -> Any:
        """A `question` is the turns of a case that may have one."""
        if isinstance(data, dict) and "question" in data and "turns" not in data:
            return {"turns" if name == "question" else name: value for name, value in data.items()}
        return data

    @property
    def is_answerable(self) -> bool:
        """Whether nothing but an answer is right."""
        return self.status == ("answered",)

    @property
    def is_unanswerable(self) -> bool:
        """Whether an answer would be wrong."""
        return "answered" not in self.status


def read_cases(path: Path) -> list[Case]:
    """Read a suite; raises KnowledgeError: file, row, column, what was found and what was expected."""
    problems: list[str] = []
    if path.suffix.lower() not in ENDINGS:
        raise KnowledgeError([f"{path.name}: found a file of the kind '{path.suffix}'; save the sheet as “CSV UTF-8”"])
    read = _rows if path.suffix.lower() == ".csv" else _conversations
    found = list(read(path, problems))
    counts = Counter(case.id for case in found)
    problems += [f"{path.name}: found the id '{id}' {n} times; ids must be unique" for id, n in counts.items() if n > 1]
    if not found and not problems:
        problems.append(f"{path.name}: found no cases; expected one a row under the names of the columns")
    if problems:
        raise KnowledgeError(problems)
    return found


def _conversations(path: Path, problems: list[str]) -> Iterator[Case]:
    for case, _ in read_records(path, Path(path.name), Case, problems):
        yield case


def _rows(path: Path, problems: list[str]) -> Iterator[Case]:
    text = _text(path)
    if text.startswith(SEPARATOR):  # the line by which Excel tells itself
        text = text.partition("\n")[2]
    first = text.split("\n", 1)[0]
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ",")
    csv.field_size_limit(LARGEST)
    try:
        names = _without_end([name.strip().lower() for name in next(rows, [])])
        problems += _header_faults(names, path.name)
        if not problems:
            for number, cells in enumerate(rows, 2):
                if any(cell.strip() for cell in cells):
                    yield from _row(names, cells, f"{path.name}: row {number}", problems)
    except csv.Error as error:
        problems.append(f"{path.name}: line {rows.line_num}: this is not a table ({error}); save the sheet as CSV anew")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise KnowledgeError([f"{path}: this file cannot be read: {error.strerror}"]) from error
    except UnicodeDecodeError as error:
        fault = f"{path.name}: found text that is not UTF-8 (byte {error.start}); expected “CSV UTF-8”: save it so"
        raise KnowledgeError([fault]) from error


def _header_faults(names: Sequence[str], file: str) -> list[str]:
    missing = [column for column in REQUIRED if column not in names]
    strange = [name for name in names if name not in COLUMNS]
    found = ", ".join(names) or "nothing"
    if missing:
        return [f"{file}: row 1: found the columns {found}; expected {', '.join(missing)} too"]
    if strange:
        return [f"{file}: row 1: found the column {strange[0]!r}; expected none but {', '.join(COLUMNS)}"]
    return [f"{file}: row 1: found two columns of one name in {found}"] if len(set(names)) < len(names) else []


def _row(names: Sequence[str], cells: Sequence[str], where: str, problems: list[str]) -> Iterator[Case]:
    cells = _without_end(cells) if len(cells) > len(names) else cells
    if len(cells) > len(names):
        problems.append(f"{where}: found {len(cells)} cells; expected {len(names)}, as in row 1 (quotes are missing?)")
        return
    filled = {name: cell for name, cell in zip(names, cells, strict=False) if cell.strip()}
    try:
        yield Case.model_validate(filled)
    except ValidationError as error:
        faults = causes([dict(fault) for fault in error.errors()])
        problems += [f"{where}, column {_by_column(explain(fault))}" for fault in faults]


def _without_end(cells: Sequence[str]) -> Sequence[str]:
    """The cells without empty ones at the end, which spreadsheets leave."""
    filled = [place for place, cell in enumerate(cells, 1) if cell.strip()]
    return cells[: max(filled, default=0)]


def _by_column(fault: str) -> str:
    """A fault by the name of its column, not by the place of an item in it."""
    return re.sub(r"^'(\w+)\.\d+'", r"'\1'", fault).replace("'turns'", "'question'")
