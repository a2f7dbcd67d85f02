"""The last check before an answer leaves: every number, name, link and [n] stands in the evidence that it cites."""

import re
from collections.abc import Mapping

from assistant.fold import fold
from assistant.knowledge import Language
from assistant.numbers import numbers
from assistant.schema import Citation
from assistant.sentences import sentences
from assistant.words import same_word, words

MARKER = re.compile(r"\s?\[(\d{1,3})\]")
_LINK = re.compile(r"(?:https?://|www\.)\S+|\b[\w.+-]+@[\w-]+\.[\w.]+", re.IGNORECASE)
_NAME = re.compile(r"(?<![.!?…»”]\s)(?<!^)(?<![-–—•*]\s)\b[A-ZА-ЯЁӘҒҚҢӨҰҮҺІ][\w’'-]*\w")
_ORDER = re.compile(r"\s*\d{1,2}[.)]\s+(?=\S)")


def grounded(
    answer: str, citations: Mapping[int, Citation], language: Language, derived: frozenset[str], granted: str = ""
) -> str:
    """The answer without the sentences that their evidence does not hold.

    `derived` are numbers that were counted, not read: the length of a list. A sentence without a marker may hold
    no number or link of its own; a marker that points nowhere goes. `granted` is the operator's own text, such as the
    address of a librarian: what it holds may always be said.
    """
    derived |= numbers(granted, language)
    kept = []
    for line in (_without_strays(line, citations) for line in answer.split("\n")):
        order = _ORDER.match(line)
        head = order.group() if order else ""
        said = (
            part for part in sentences(line[len(head) :]) if is_supported(part, citations, language, derived, granted)
        )
        body = " ".join(said)
        kept.append(head + body if body else "")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _without_strays(text: str, citations: Mapping[int, Citation]) -> str:
    """The text without markers that point nowhere, nor any that taking one out of another leaves: "[[7]9]"."""
    while True:
        left = MARKER.sub(lambda match: match.group() if int(match.group(1)) in citations else "", text)
        if left == text:
            return text
        text = left


def is_supported(
    sentence: str,
    citations: Mapping[int, Citation],
    language: Language,
    derived: frozenset[str] = frozenset(),
    granted: str = "",
) -> bool:
    """Whether the evidence that a sentence cites holds all its numbers, names and links."""
    cited = [citations[int(number)] for number in MARKER.findall(sentence) if int(number) in citations]
    said = MARKER.sub("", sentence)
    evidence = " ".join(f"{citation.title} . {citation.quote}" for citation in cited)
    if not numbers(said, language) <= numbers(evidence, language) | derived:
        return False
    if any(link.rstrip(".,)") not in f"{evidence} {granted}" for link in _LINK.findall(said)):
        return False
    known = words(fold(evidence))
    return not cited or all(any(same_word(word, other) for other in known) for word in _names(said))


def _names(said: str) -> list[str]:
    """The folded words of a sentence that are written as names, its first word left out."""
    return [word for name in _NAME.findall(said) for word in words(fold(name))]
