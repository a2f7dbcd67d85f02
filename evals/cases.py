"""Cases of an evaluation suite: rows of a spreadsheet saved as CSV (UTF-8, comma or semicolon)."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from assistant.errors import KnowledgeError
from assistant.knowledge import LANGUAGES
from assistant.schema import Status

COLUMNS = ("id", "language", "question", "status", "facts", "forbidden", "category", "note")
TURN = "||"  # between the turns of a conversation; the last reply is judged
STATUSES = get_args(Status)


@dataclass(frozen=True)
class Case:
    """One row. `turns` are asked in order; `facts` and `forbidden` as `evals.facts` reads them: "3887;Абай|Abai"."""

    id: str
    language: str
    turns: tuple[str, ...]
    status: tuple[str, ...]
    facts: str
    forbidden: str
    category: str


def read_cases(path: Path) -> list[Case]:
    """Read a suite; raises KnowledgeError with file, row, column, what was found and what was expected."""
    text = path.read_text(encoding="utf-8-sig")
    delimiter = ";" if text.split("\n", 1)[0].count(";") > text.split("\n", 1)[0].count(",") else ","
    rows = list(csv.DictReader(text.splitlines(), delimiter=delimiter))
    if not rows or any(column not in rows[0] for column in COLUMNS):
        found = ", ".join(rows[0]) if rows else "nothing"
        raise KnowledgeError([f"{path.name}:1: found the columns {found}; expected {', '.join(COLUMNS)}"])
    problems = [fault for number, row in enumerate(rows, 2) for fault in _faults(row, f"{path.name}: row {number}")]
    if problems:
        raise KnowledgeError(problems)
    return [_case(row) for row in rows]


def _faults(row: dict[str, str], where: str) -> list[str]:
    problems = []
    if row["language"] not in LANGUAGES:
        problems.append(f"{where}, column language: found {row['language']!r}; expected kk, ru or en")
    for status in row["status"].split("|"):
        if status.strip() not in STATUSES:
            problems.append(f"{where}, column status: found {status!r}; expected one of {', '.join(STATUSES)}")
    if not row["question"].strip():
        problems.append(f"{where}, column question: found nothing; expected what a patron types")
    return problems


def _case(row: dict[str, str]) -> Case:
    return Case(
        id=row["id"],
        language=row["language"],
        turns=tuple(turn.strip() for turn in row["question"].split(TURN)),
        status=tuple(status.strip() for status in row["status"].split("|")),
        facts=row["facts"],
        forbidden=row["forbidden"],
        category=row["category"],
    )
