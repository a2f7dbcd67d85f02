"""Records that librarians write in YAML: read, validated, and every fault told with its line, in plain words."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

# libyaml's loader, in every wheel of PyYAML, is ten times as fast; the other is for systems that built it without.
LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Record(BaseModel):
    """What a librarian writes: unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


# The line of a record's part: line("aspects", 0) is that of its first aspect, line() its own.
LineOf = Callable[..., int]


def read_records(path: Path, where: Path, shape: type[Record], problems: list[str]) -> Iterator[tuple[Any, LineOf]]:
    """The records of one YAML file (a mapping is one record, a list is several), each with its lines."""
    try:
        root, data = _parsed(path)
    except _UnreadableError as error:
        problems.append(f"{where}:{error}")
        return
    problems += [f"{where}:{line}: '{key}' stands twice; only one can count" for key, line in _doubled(root)]
    nodes = root.value if isinstance(root, yaml.SequenceNode) else [root]
    for item, node in zip(data if isinstance(data, list) else [data], nodes, strict=True):
        try:
            yield shape.model_validate(item), partial(_line_of, node)
        except ValidationError as error:
            faults = [dict(fault) for fault in error.errors()]
            problems += [f"{where}:{_line_of(node, *fault['loc'])}: {explain(fault)}" for fault in causes(faults)]


class _UnreadableError(Exception):
    """A file is not YAML in UTF-8: "LINE: why"."""


def _parsed(path: Path) -> tuple[yaml.Node | None, Any]:
    """The nodes of a YAML file, which know their lines, and what they mean."""
    try:
        loader = LOADER(path.read_text(encoding="utf-8-sig"))
        root = loader.get_single_node()
        return root, loader.construct_document(root) if root else None
    except OSError as error:
        raise _UnreadableError(f"1: this file cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise _UnreadableError(f"1: this file is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = f"this is not valid YAML: {error.problem or error.context}"
        raise _UnreadableError(f"{mark.line + 1 if mark else 1}: {why}") from error
    except (yaml.YAMLError, ValueError) as error:  # a control character, a 45th of May
        raise _UnreadableError(f"1: this is not valid YAML: {' '.join(str(error).split())}") from error


def _doubled(node: yaml.Node | None) -> Iterator[tuple[str, int]]:
    """Fields that one mapping has twice, with the line of the second; YAML would silently drop the first."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen:
                yield str(key.value), key.start_mark.line + 1
            seen.add(str(key.value))
            yield from _doubled(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _doubled(item)


def causes(faults: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without "too short" faults of lists whose items are what is wrong: those are consequences."""
    deeper = {fault["loc"][:length] for fault in faults for length in range(len(fault["loc"]))}
    return [fault for fault in faults if fault["type"] != "too_short" or fault["loc"] not in deeper]


def _line_of(node: yaml.Node | None, *location: int | str) -> int:
    """The line of the deepest part of `location` that the file holds."""
    line = node.start_mark.line + 1 if node else 1
    for step in location:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, value) for key, value in node.value if key.value == step), None)
            if pair is None:
                return line
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line + 1
    return line


def explain(fault: dict[str, Any]) -> str:
    """A pydantic fault in a librarian's words: where, found, expected."""
    place = ".".join(str(step) for step in fault["loc"]) or "the record"
    if fault["type"] == "missing":
        return f"'{place}' is missing; expected it to be filled in"
    if fault["type"] == "extra_forbidden":
        return f"'{place}' is not a field that can be used here; check its spelling"
    return f"'{place}': found {str(fault['input'])[:60]!r}; {fault['msg'][0].lower()}{fault['msg'][1:]}"
