"""Whether a reply is right: pure functions, no model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assistant.grounding import MARKER, is_supported
from assistant.knowledge import Language
from assistant.language import CLEARLY, Identifier
from assistant.schema import Citation, Reply
from assistant.sentences import sentences
from assistant.words import folded_words
from evals.cases import Case
from evals.facts import missing

STEM = 4  # letters by which forms of a word are known


@dataclass(frozen=True)
class Verdict:
    """What was right, and what was not: `missing` and `wrong` quote the case's own items, `unsupported` the reply.

    `strangers` are cited entries that the case does not allow. An answer without any citation is not `cited`.
    """

    status: bool
    language: bool
    missing: tuple[str, ...]
    wrong: tuple[str, ...]
    cited: bool
    unsupported: tuple[str, ...]
    strangers: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether all of it was right."""
        right = self.status and self.language and self.cited
        return right and not (self.missing or self.wrong or self.unsupported or self.strangers)


def judge(case: Case, reply: Reply) -> Verdict:
    """Compare a reply with what its case expects: facts of answers only, and of nothing what is forbidden."""
    said = MARKER.sub("", reply.answer)
    is_answer = reply.status == "answered"
    right = reply.status in case.status
    return Verdict(
        status=right,
        language=reply.language == case.language and _reads_as(said) in (None, case.language),
        missing=tuple(missing(case.facts, said, reply.language)) if is_answer or not right else (),
        wrong=tuple(fact for fact in case.forbidden if not missing([fact], said, reply.language)),
        cited=not is_answer or bool(reply.citations and MARKER.search(reply.answer)),
        unsupported=unsupported(reply),
        strangers=_strangers(case.sources, reply.citations) if is_answer else (),
    )


def _reads_as(text: str) -> Language | None:
    """The language that a text is clearly in, whatever it is said to be in."""
    told = Identifier.load().identify(text)
    return told.language if told.confidence >= CLEARLY else None


def unsupported(reply: Reply) -> tuple[str, ...]:
    """The sentences with markers whose numbers, names or links the passages they cite do not hold.

    Nor does one stand that cites a passage with no word in common.
    """
    cited = {citation.n: citation for citation in reply.citations}
    parts = (part for line in reply.answer.split("\n") for part in sentences(line) if MARKER.search(part))
    return tuple(part for part in parts if not (is_supported(part, cited, reply.language) and _all_bear(part, cited)))


def _all_bear(sentence: str, cited: Mapping[int, Citation]) -> bool:
    said = _stems(MARKER.sub("", sentence))
    passages = (cited[int(number)] for number in MARKER.findall(sentence) if int(number) in cited)
    return all(said & _stems(f"{passage.title} {passage.quote}") for passage in passages)


def _stems(text: str) -> set[str]:
    return {word[:STEM] for word in folded_words(text)}


def _strangers(allowed: Sequence[str], citations: Sequence[Citation]) -> tuple[str, ...]:
    """The ids of cited passages that are neither among the allowed ones nor of an allowed entry."""
    ids = dict.fromkeys(citation.id for citation in citations)
    return tuple(id for id in ids if allowed and id not in allowed and id.split("#")[0] not in allowed)
