"""What an answer is made of: frozen data, no behaviour."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from assistant.knowledge import Language

Status = Literal["answered", "clarify", "unknown", "smalltalk", "declined"]


class Citation(BaseModel):
    """A passage that a sentence rests on; `n` is its marker [n] in the answer."""

    model_config = ConfigDict(frozen=True)

    n: int
    id: str
    title: str
    source: str
    url: str | None
    quote: str


class Reply(BaseModel):
    """What a patron gets: the body of `POST /api/chat`, but for its ids."""

    model_config = ConfigDict(frozen=True)

    language: Language
    status: Status
    answer: str
    citations: tuple[Citation, ...] = ()
    suggestions: tuple[str, ...] = ()


class Focus(BaseModel):
    """What a turn was about, kept with it so that a follow-up ("and in 2015?") can be made whole.

    `entities` are entry ids, `aspects` aspect ids of the evidence, `years` the years asked for.
    """

    model_config = ConfigDict(frozen=True)

    question: str = ""
    entities: tuple[str, ...] = ()
    aspects: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    years: tuple[int, ...] = ()


class Turn(BaseModel):
    """One question and its reply, as the conversation remembers them."""

    model_config = ConfigDict(frozen=True)

    message: str
    reply: Reply
    focus: Focus
