"""Whether a reply is right: pure functions, no model. Numbers are compared as numbers, words by their beginnings."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from assistant.fold import fold
from assistant.grounding import MARKER, is_supported
from assistant.knowledge import Language
from assistant.numbers import numbers
from assistant.schema import Reply
from assistant.sentences import sentences
from evals.cases import Case

SCALES = (1, 10**3, 10**6)  # "57" in a suite is met by 57 million in an answer


@dataclass(frozen=True)
class Verdict:
    """What was right, and what was not; `missing` and `wrong` quote the case's own items."""

    status: bool
    language: bool
    missing: tuple[str, ...]
    wrong: tuple[str, ...]
    cited: bool

    @property
    def passed(self) -> bool:
        """Whether all of it was right."""
        return self.status and self.language and self.cited and not self.missing and not self.wrong


def judge(case: Case, reply: Reply) -> Verdict:
    """Compare a reply with what its case expects; facts are expected of answers only."""
    is_answer = reply.status == "answered"
    expected = case.facts if is_answer or "answered" in case.status and reply.status not in case.status else ()
    missing = tuple("|".join(item) for item in expected if not has(item, reply.answer, reply.language))
    wrong = tuple("|".join(item) for item in case.forbidden if is_answer and has(item, reply.answer, reply.language))
    return Verdict(reply.status in case.status, reply.language == case.language, missing, wrong, is_cited(reply))


def has(item: tuple[str, ...], answer: str, language: Language) -> bool:
    """Whether one of the alternatives stands in the answer."""
    said = MARKER.sub("", answer)
    found = {Decimal(number) for number in numbers(said, language)}
    return any(_has_one(alternative, said, found) for alternative in item)


def _has_one(alternative: str, said: str, found: set[Decimal]) -> bool:
    try:
        wanted = Decimal(alternative.replace(" ", "").replace(",", "."))
    except InvalidOperation:
        return re.search(rf"(?<!\w){re.escape(fold(alternative))}", fold(said)) is not None
    return any(wanted * scale in found for scale in SCALES)


def is_cited(reply: Reply) -> bool:
    """Whether an answer cites, and every sentence with a marker is held by what it cites; other replies need not cite."""
    cited = {citation.n: citation for citation in reply.citations}
    parts = [part for line in reply.answer.split("\n") for part in sentences(line) if MARKER.search(part)]
    held = all(is_supported(part, cited, reply.language) for part in parts)
    return held and (reply.status != "answered" or bool(cited and parts))
