"""Sentences of a text, initials and abbreviations not taken for their ends."""

import re
from collections.abc import Iterable, Iterator

# A full stop ends a sentence before a space and a capital, a digit or a quotation mark, unless it follows an initial
# ("А. С. Пушкин") or an abbreviation that names go with.
_END = re.compile(r"(?<=[.!?…])[»”\"')\]]*\s+(?=[«“\"(]?[\w])")
_NOT_END = re.compile(
    r"(?:^|[\s«“(.])(?:[^\W\d_]|им|г|т|д|обл|ул|пр|пос|мкр|кв|тел|көш|Dr|Mr|Ms|St|No|vs|etc|e\.g|i\.e)\.$",
    re.IGNORECASE,
)


def sentences(text: str) -> list[str]:
    """The sentences of one paragraph, in order; joined by spaces they are the paragraph again."""
    found: list[str] = []
    start = 0
    for match in _END.finditer(text):
        head = text[start : match.start()]
        if _NOT_END.search(head) or text[match.end()].islower() or _is_quoting(text[start : match.end()]):
            continue
        found.append(text[start : match.end()].strip())
        start = match.end()
    return [*found, text[start:].strip()] if text[start:].strip() else found


def _is_quoting(head: str) -> bool:
    """Whether a quotation was opened and not yet closed."""
    return head.count("«") > head.count("»") or head.count("“") > head.count("”")


_HEAD = re.compile(r"\s*(?:[-*•–—]|\d{1,2}[.)])\s+(?=\S)")
_MARKED = re.compile(r"([.!?…]+[»”\"']?)[ \t]*((?:\[\d{1,3}\][ \t]*)+)")
_SEVERAL = re.compile(r"\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})+)\]|【(\d{1,3})[^】]*】")


def headed(line: str) -> tuple[str, str]:
    """The mark of a list's item ("- ", "2. ") and what stands behind it; "" where a line is no item."""
    head = _HEAD.match(line)
    return (f"{head.group().strip()} ", line[head.end() :]) if head else ("", line)


def parted(line: str) -> list[str]:
    """The sentences of one line, the mark of an item left at the first of them."""
    head, text = headed(line)
    first, *rest = sentences(text) or [""]
    return [head + first, *rest] if first else []


def coming(pieces: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The sentences of a text that is still being written, each as soon as the next has begun.

    Each comes with what parts it from the one before: "", " ", a line's end or two. Markers that stand behind a full
    stop are put before it, where an answer has them.
    """
    text, gap = "", ""
    for piece in pieces:
        text += piece
        *lines, text = text.split("\n")
        for line in lines:
            for part in parted(marked_inside(line)):
                yield gap, part
                gap = " "
            gap = "\n\n" if gap.startswith("\n") or not line.strip() else "\n"
        *whole, rest = parted(marked_inside(text)) or [""]
        for part in whole:
            yield gap, part
            gap = " "
        text = rest + text[len(text.rstrip()) :] if whole else text
    for part in parted(marked_inside(text)):
        yield gap, part
        gap = " "


def marked_inside(text: str) -> str:
    """`text` with "[1, 2]" as "[1] [2]", and "Yes. [1]" as "Yes [1]."."""
    text = _SEVERAL.sub(lambda match: " ".join(f"[{n}]" for n in re.findall(r"\d+", match[1] or match[2])), text)
    return _MARKED.sub(lambda match: f" {match[2].strip()}{match[1]} ", text)
