"""The LLM writer: the built-in writer's evidence in a language model's words, each sentence checked before it leaves.

A model never decides what is known: it gets what an answer of the built-in writer cites, and that answer is given
wherever the model's is not at least as good.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Lock

from assistant.claims import DOCUMENT, TELLING, Claims, unsaid
from assistant.clean import clean
from assistant.errors import LLMFault
from assistant.fold import fold
from assistant.grounding import MARKER
from assistant.instructions import Instructions, fenced
from assistant.knowledge import Language
from assistant.language import Identifier
from assistant.llm import Chat, Spoken
from assistant.personal import masked
from assistant.schema import Citation, Reply, Turn
from assistant.sentences import coming, headed
from assistant.words import folded_words, same_word, words

Tell = Callable[[Language, str], None]  # the reply's language, and the next words of its answer

REPEATS = 3  # times that a sentence comes until it counts as endless
LEAK = 6  # words in a row of the instructions
WRONG = 2  # sentences in another language, until the answer is asked for again
TURNS = 3  # of the conversation, that a follow-up may point back to
FOLLOWUP_WORDS = 12  # of a message that may be one
FOLLOWUP_SECONDS = 10.0
_BULLET = "- "
_DECORATION = str.maketrans("", "", "*_`#>")

logger = logging.getLogger(__name__)


@dataclass
class Tally:
    """What came of the model's answers since the start."""

    written: int = 0
    fallbacks: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    spoken: list[Spoken] = field(default_factory=list)


@dataclass
class _Page:
    """An answer in the making: the sentences that passed, and what did not."""

    text: str = ""
    gap: str = ""
    wrong: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)

    def add(self, sentence: str) -> str:
        """Put a sentence at the end; what was added, with what parts it from the one before."""
        gap = "\n" if headed(sentence)[0] and self.gap == " " else self.gap
        added = (gap or " ") + sentence if self.text else sentence
        self.text, self.gap = self.text + added, ""
        return added


class Author:
    """Writes by one chat model; safe for many threads. `is_hostile` tells documents that give orders."""

    def __init__(
        self, chat: Chat, instructions: Instructions, identifier: Identifier, is_hostile: Callable[[str], bool]
    ) -> None:
        self.chat, self.tally = chat, Tally()
        self._instructions, self._identifier, self._is_hostile = instructions, identifier, is_hostile
        self._lock = Lock()

    def write(self, question: str, reply: Reply, ordinary: Collection[str], tell: Tell | None = None) -> Reply:
        """`reply` in the model's words, or as it is. `tell` hears each sentence once it has passed.

        What `tell` has heard stays: the answer goes on with what the built-in writer says besides.
        """
        cited = {citation.n: citation for citation in reply.citations if f"[{citation.n}]" in reply.answer}
        claims = Claims(cited, self._identifier, ordinary, self._instructions.reading(reply.language))
        page, fault = _Page(), None
        try:
            self._fill(page, question, claims, tell)
        except LLMFault as error:
            fault = error.reason
        return self._finished(page, reply, fault, is_told=bool(tell and page.text))

    def whole(self, message: str, history: Sequence[Turn], language: Language) -> str | None:
        """A follow-up as a question that stands by itself, in words of the conversation only; None where that fails."""
        if not history or len(folded_words(message)) > FOLLOWUP_WORDS:
            return None
        said = [masked(turn.focus.question or turn.message) for turn in history[-TURNS:]]
        asked = {"history": fenced("history", "\n".join(said)), "message": fenced("message", masked(message))}
        try:
            text = self.chat.complete(
                self._instructions.say("llm-followup.md", **asked), masked(message), limit=FOLLOWUP_SECONDS
            )
        except LLMFault as fault:
            self._count("followup_" + fault.reason)
            return None
        text = clean(text)
        return text if _is_made_of(text, message, said) else None

    def close(self) -> None:
        """Let the model go."""
        self.chat.close()

    def _fill(self, page: _Page, question: str, claims: Claims, tell: Tell | None) -> None:
        """Write on a page, a second time where the first was in another language."""
        dropped_in = [citation for citation in claims.citations.values() if citation.id.startswith(DOCUMENT)]
        if any(self._is_hostile(citation.quote) for citation in dropped_in):
            raise LLMFault("hostile")
        language = self._instructions.name(claims.language)
        system = self._instructions.say("llm-writer.md", language=language)
        evidence = "\n\n".join(_evidence(citation) for citation in claims.citations.values())
        asked = {"question": fenced("question", clean(masked(question))), "evidence": evidence, "language": language}
        user = self._instructions.say("llm-evidence.md", **asked)
        began = time.monotonic()
        if self._attempt(page, system, user, claims, tell, None):
            return
        again = self._instructions.say("llm-again.md", language=language)
        left = self.chat.patience.total - (time.monotonic() - began)
        if not self._attempt(page, system, f"{user}\n\n{again}", claims, tell, left):
            raise LLMFault("language")

    def _attempt(
        self, page: _Page, system: str, user: str, claims: Claims, tell: Tell | None, limit: float | None
    ) -> bool:
        """Write what the model says on the page; False where none of it passed, and it was in another language."""
        page.wrong, leaks = 0, _runs(system)
        stream = self.chat.stream(system, user, self._heard, limit=limit)
        try:
            for sentence in _sentences(stream, page):
                self._consider(sentence, page, claims, leaks, tell)
                if page.wrong >= WRONG and not page.text:
                    return False
        finally:
            stream.close()
        return bool(page.text or not page.wrong)

    def _consider(
        self, sentence: str, page: _Page, claims: Claims, leaks: frozenset[tuple[str, ...]], tell: Tell | None
    ) -> None:
        """Put a sentence on the page, or count why not."""
        sentence = self._without_strays(sentence, page, claims)
        key = " ".join(folded_words(sentence))
        page.seen[key] += 1
        if page.seen[key] >= REPEATS:
            raise LLMFault("repetition")
        if _runs(sentence) & leaks:
            raise LLMFault("leak")
        page.wrong += not claims.is_spoken(MARKER.sub("", headed(sentence)[1]))
        fault = "repeated" if page.seen[key] > 1 else claims.fault(sentence)
        if fault:
            page.dropped[fault] += 1
            return
        added = page.add(sentence)
        if tell:
            tell(claims.language, added)

    def _without_strays(self, sentence: str, page: _Page, claims: Claims) -> str:
        """The sentence without markers that point nowhere, which are counted."""
        strays = [n for n in MARKER.findall(sentence) if int(n) not in claims.citations]
        page.dropped["stray_marker"] += len(strays)
        return MARKER.sub(lambda match: match.group() if int(match[1]) in claims.citations else "", sentence)

    def _finished(self, page: _Page, reply: Reply, fault: str | None, *, is_told: bool) -> Reply:
        """The model's answer and what it left out; the built-in writer's where that is most of it, or after a fault."""
        left = unsaid(reply.answer, page.text, reply.language)
        most = 2 * len(left) > len(reply.answer)
        if not is_told and (fault or most):
            fault = fault or ("incomplete" if page.text else "ungrounded")
            answer = reply.answer
        else:
            answer = "\n\n".join(filter(None, (page.text, left)))
        self._count(fault, page.dropped)
        used = {int(number) for number in MARKER.findall(answer)}
        citations = tuple(citation for citation in reply.citations if citation.n in used)
        return reply.model_copy(update={"answer": answer, "citations": citations})

    def _heard(self, spoken: Spoken) -> None:
        with self._lock:
            self.tally.spoken = [*self.tally.spoken[-9999:], spoken]

    def _count(self, fault: str | None, dropped: Counter[str] = Counter()) -> None:  # noqa: B006, never changed
        with self._lock:
            self.tally.written += fault is None
            self.tally.fallbacks.update([fault] if fault else [])
            self.tally.dropped.update(+dropped)
        told = {"outcome": "fallback" if fault else "written", "fault": fault, "dropped": dict(+dropped)}
        logger.info("llm", extra={"fields": told})


def _evidence(citation: Citation) -> str:
    quote = " ".join(clean(line) for line in citation.quote.split("\n"))
    return fenced(citation.n, f"[{citation.n}] {clean(citation.title)}: {quote}")


def _sentences(stream: Iterator[str], page: _Page) -> Iterator[str]:
    """The sentences of an answer in plain text; `page.gap` is what parts each from the last one kept."""
    for gap, part in coming(stream):
        page.gap = max(page.gap, gap, key=len)
        head, text = headed(part)
        text = clean(text.translate(_DECORATION))
        if words(text):
            # Its numbers are not kept: "25. Libraries opened" would be a claim that nothing is held against.
            yield (_BULLET if head else "") + text


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    """Every LEAK words of a text that stand in a row."""
    said = words(fold(text))
    return frozenset(tuple(said[start : start + LEAK]) for start in range(len(said) - LEAK + 1))


def _is_made_of(text: str, message: str, said: Sequence[str]) -> bool:
    """Whether a text has the message's telling words, and none that nobody said."""
    spoken = words(fold(" ".join((message, *said))))
    new = [word for word in words(fold(text)) if not any(same_word(word, other) for other in spoken)]
    own = [word for word in words(fold(message)) if len(word) >= TELLING]
    kept = all(any(same_word(word, other) for other in words(fold(text))) for word in own)
    return bool(text) and kept and not [word for word in new if len(word) >= TELLING or word.isdigit()]
