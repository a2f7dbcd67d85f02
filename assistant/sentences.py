"""Sentences of a text, initials and abbreviations not taken for their ends."""

import re

# A full stop ends a sentence before a space and a capital, a digit or a quotation mark, unless it follows an initial
# ("А. С. Пушкин") or an abbreviation that names go with.
_END = re.compile(r"(?<=[.!?…])[»”\"')\]]*\s+(?=[«“\"(]?[\w])")
_NOT_END = re.compile(r"(?:^|[\s«“(.])(?:[^\W\d_]|им|г|т|д|обл|ул|Dr|Mr|Ms|St|No|vs|etc|e\.g|i\.e)\.$", re.IGNORECASE)


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
