"""Outside sets: one JSON object a line, checked before anything slow begins."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant.errors import KnowledgeError


def read_jsonl(path: Path, fields: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows whose `fields` are of a type or among given values; raises KnowledgeError with every line that is not."""
    problems: list[str] = []
    rows = list(_checked(path, fields, problems))
    if not rows and not problems:
        problems.append(f"{path.name}: found no rows; expected one JSON object a line")
    if problems:
        raise KnowledgeError(problems)
    return rows


def _checked(path: Path, fields: dict[str, Any], problems: list[str]) -> Iterator[dict[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path}: this file cannot be read as UTF-8 text: {error}")
        return
    for number, line in enumerate(lines, 1):
        if line.strip():
            row = _row(line)
            faults = [name for name, kind in fields.items() if row is None or not _is(row.get(name), kind)]
            if row is None or faults:
                expected = ", ".join(f"{name}: {_named(fields[name])}" for name in faults)
                problems.append(f"{path.name}:{number}: found {line[:60]!r}; expected a JSON object with {expected}")
            else:
                yield row


def _row(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def _is(value: Any, kind: Any) -> bool:
    return isinstance(value, kind) if isinstance(kind, type) else value in kind


def _named(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else " or ".join(map(str, kind))
