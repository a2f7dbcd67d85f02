"""Whether a reply is right: pure functions, no model."""

from dataclasses import dataclass

from assistant.grounding import MARKER, is_supported
from assistant.schema import Reply
from assistant.sentences import sentences
from evals.cases import Case
from evals.facts import missing


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
    said = MARKER.sub("", reply.answer)
    is_answer = reply.status == "answered"
    expected = case.facts if is_answer or reply.status not in case.status else ""
    absent = missing(case.facts, said, reply.language) if expected else []
    forbidden = [item for item in case.forbidden.split(";") if item.strip()] if is_answer else []
    wrong = [item for item in forbidden if not missing(item, said, reply.language)]
    right = reply.status in case.status
    return Verdict(right, reply.language == case.language, tuple(absent), tuple(wrong), is_cited(reply))


def is_cited(reply: Reply) -> bool:
    """Whether an answer cites, and all sentences with markers are held by what they cite; other replies need not."""
    cited = {citation.n: citation for citation in reply.citations}
    parts = [part for line in reply.answer.split("\n") for part in sentences(line) if MARKER.search(part)]
    held = all(is_supported(part, cited, reply.language) for part in parts)
    return held and (reply.status != "answered" or bool(cited and parts))
