"""What an answer is made of: frozen data, no behaviour."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from assistant.knowledge import Language

Status = Literal["answered", "clarify", "unknown", "smalltalk", "declined"]


class Frozen(BaseModel):
    """Data that does not change."""

    model_config = ConfigDict(frozen=True)


class Citation(Frozen):
    """A passage that a sentence rests on; `n` is its marker [n] in the answer."""

    n: int
    id: str
    title: str
    source: str
    url: str | None
    quote: str


class Reply(Frozen):
    """What a patron gets: the body of `POST /api/chat`, but for its ids."""

    language: Language
    status: Status
    answer: str
    citations: tuple[Citation, ...] = ()
    suggestions: tuple[str, ...] = ()


class Plan(Frozen):
    """What to say, in no language yet: the writer says it in any.

    * "aspects":  the aspects' texts (`aspects`: ids, or "document:…" passages)
    * "list", "count": the entries that have all of `facets` ("facet:value") and lie in `places`; `aspects` prove each
    * "compare":  the aspects side by side
    * "clarify":  which of `entries` is meant; what at all, where there are none
    * "unknown":  what `topic` says is missing; `aspects` is the nearest that is known, if any
    * "intent":   the small talk `topic`

    `chance` is the probability that it answers the question, where that was weighed.
    """

    kind: Literal["aspects", "list", "count", "compare", "clarify", "unknown", "intent"]
    aspects: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    facets: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    topic: str | None = None
    chance: float = 1.0


class Focus(Frozen):
    """What a turn was about, kept with it so that a follow-up ("and in 2015?") can be made whole.

    `question` is the message made whole, `frame` the same without names and years, `entities` entry ids,
    `plans` what was said, one a part of the question.
    """

    question: str = ""
    frame: str = ""
    entities: tuple[str, ...] = ()
    years: tuple[int, ...] = ()
    plans: tuple[Plan, ...] = ()


class Turn(Frozen):
    """One question and its reply, as the conversation remembers them."""

    message: str
    reply: Reply
    focus: Focus
