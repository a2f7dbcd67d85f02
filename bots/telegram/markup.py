"""Our Markdown → runs of text with tags → Telegram's HTML, in which nothing but our own tags is markup."""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, takewhile

# A tag is what stands between < and > when it opens: `b`, `blockquote expandable`, `a href="…"`.
BOLD, ITALIC, CODE, BLOCK, QUOTE, FOLDED = "b", "i", "code", "pre", "blockquote", "blockquote expandable"

_INLINE = re.compile(
    r"\*\*(?P<bold>[^*\n]+)\*\*|(?<!\w)\*(?P<italic>[^*\s][^*\n]*)\*(?!\w)|`(?P<code>[^`\n]+)`"
    r"|\[(?P<label>[^\]\n]{1,300})\]\((?P<url>https?://(?:[^\s()]|\([^\s()]*\)){1,600})\)"
)
_HEADING, _BULLET = re.compile(r"#{1,6}\s+(.*)"), re.compile(r"(\s*)[-*•]\s+(.*)")
FENCE = "```"
_FENCE, _RULE = re.compile(r"\s*```"), re.compile(r"[:\s-]*")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Run:
    """Text under the same tags, the outermost first."""

    text: str
    tags: tuple[str, ...] = ()


Runs = tuple[Run, ...]


def clean(text: str) -> str:
    """A text without control characters and halves of surrogate pairs, which no message may hold."""
    return _CONTROL.sub("", text.encode("utf-8", "replace").decode("utf-8"))


def link(url: str) -> str:
    """The tag of a link."""
    return f'a href="{html.escape(url)}"'


def runs(markdown: str, *around: str) -> Runs:
    """A text of ours as runs, all of them under the tags `around`: bold, italics, code, links, lists, tables."""
    found: list[Run] = []
    for number, line in enumerate(_lines(clean(markdown).strip("\n").split("\n"))):
        found += [Run("\n", around)] * bool(number) + [Run(run.text, around + run.tags) for run in line]
    return tuple(found)


def to_html(text: Iterable[Run]) -> str:
    """Telegram's HTML: every tag closed, and none crossing another."""
    parts: list[str] = []
    opened: list[str] = []
    for run in (run for run in text if run.text):
        kept = _common(opened, run.tags)
        parts += [_closing(tag) for tag in reversed(opened[kept:])] + [f"<{tag}>" for tag in run.tags[kept:]]
        parts.append(html.escape(run.text, quote=False))
        opened = list(run.tags)
    return "".join(parts + [_closing(tag) for tag in reversed(opened)])


def to_plain(text: Iterable[Run]) -> str:
    """The same without any tags, for a server that refuses them."""
    return "".join(run.text for run in text)


def _lines(lines: list[str]) -> Iterator[list[Run]]:
    """Each line's runs; a table becomes a line a row, since none fits a telephone."""
    for is_table, group in groupby(_fences_joined(lines), key=lambda line: line.startswith("|")):
        found = list(group)
        yield from _table(found) if is_table else (list(_line(line)) for line in found)


def _fences_joined(lines: list[str]) -> Iterator[str]:
    """The lines, each fenced block as one that begins with the fence."""
    rest = iter(lines)
    for line in rest:
        block = list(takewhile(lambda line: not _FENCE.match(line), rest)) if _FENCE.match(line) else []
        yield "\n".join([FENCE, *block]) if block else line


def _table(lines: list[str]) -> Iterator[list[Run]]:
    header, *rows = ([cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines)
    rows = [row for row in rows if not all(_RULE.fullmatch(cell) for cell in row)]
    yield from (list(_row(header, row)) for row in rows or [header])


def _row(header: list[str], cells: list[str]) -> Iterator[Run]:
    yield from _inline(cells[0], BOLD)
    for name, cell in zip(header[1:], cells[1:], strict=False):
        yield from [Run("\n• "), *_inline(f"{name}: {cell}" if name else cell)]


def _line(line: str) -> Iterator[Run]:
    if line.startswith(FENCE):
        yield Run(line.removeprefix(FENCE).strip("\n"), (BLOCK,))
    elif heading := _HEADING.match(line):
        yield from _inline(heading[1], BOLD)
    elif bullet := _BULLET.match(line):
        yield from [Run(f"{bullet[1]}• "), *_inline(bullet[2])]
    else:
        yield from _inline(line)


def _inline(text: str, *around: str) -> Iterator[Run]:
    end = 0
    for found in _INLINE.finditer(text):
        yield Run(text[end : found.start()], around)
        end = found.end()
        tag = {"bold": BOLD, "italic": ITALIC, "code": CODE, "url": ""}[found.lastgroup or ""] or link(found["url"])
        words = found["bold"] or found["italic"] or found["code"] or found["label"]
        yield Run(words, around if tag in around else (*around, tag))
    yield Run(text[end:], around)


def _common(opened: list[str], tags: tuple[str, ...]) -> int:
    """How many tags, from the outermost, stay open."""
    same = [one == other for one, other in zip(opened, tags, strict=False)]
    return (same + [False]).index(False)


def _closing(tag: str) -> str:
    return f"</{tag.split(' ')[0]}>"
