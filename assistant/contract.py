"""What goes over the wire: the bodies of the HTTP API's requests and replies."""

import unicodedata
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from assistant.knowledge import Language
from assistant.schema import Citation, Status

MESSAGE_LIMIT = 2000
COMMENT_LIMIT = 2000


def encodable(text: str) -> str:
    """`text` in NFC with U+FFFD for what no database and no UTF-8 holds: lone surrogates (legal in JSON) and NUL."""
    return unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd"))


def _encodable(value: Any) -> Any:
    return encodable(value) if isinstance(value, str) else value


def _no_boolean(value: Any) -> Any:
    if isinstance(value, bool):  # Python takes true for 1
        raise PydanticCustomError("rating", "neither 1 nor -1")
    return value


Text = Annotated[str, BeforeValidator(_encodable)]
Rating = Annotated[Literal[1, -1], BeforeValidator(_no_boolean)]


def _message(text: str) -> str:
    text = text.strip()
    if not text:
        raise PydanticCustomError("message_empty", "nothing but spaces")
    if len(text) > MESSAGE_LIMIT:
        raise PydanticCustomError("message_too_long", "too long")
    return text


# JSON Schema's regular expressions (ECMA-262) take U+FEFF for a space, and not U+001C to 1F and U+0085, as Python does.
SEEN = r"[^\s\x1c-\x1f\x85]|\ufeff"
# Told by hand, since trimming and NFC come before counting: pydantic's own limits would count what was sent.
MESSAGE_SCHEMA = {"type": "string", "minLength": 1, "maxLength": MESSAGE_LIMIT, "pattern": SEEN}
MESSAGE_HELP = "The patron's words: 1 to 2000 characters, counted after trimming and Unicode normalisation (NFC)."


class ChatRequest(BaseModel):
    """A patron's message. Unknown fields are ignored, so that newer channels work with older cores."""

    model_config = ConfigDict(frozen=True)

    message: Annotated[Text, AfterValidator(_message), WithJsonSchema(MESSAGE_SCHEMA)] = Field(description=MESSAGE_HELP)
    conversation_id: Text | None = Field(
        None, max_length=64, description="From an earlier reply; null or absent starts a conversation."
    )
    language: Language | None = Field(
        None, description="The language to fall back on where the message itself does not show one."
    )


class ChatReply(BaseModel):
    """The answer, with the keys to its conversation and to itself."""

    model_config = ConfigDict(frozen=True)

    conversation_id: str
    message_id: str
    language: Language
    status: Status
    answer: str = Field(description="Markdown; each factual sentence ends with its [n].")
    citations: tuple[Citation, ...]
    suggestions: tuple[str, ...] = Field(description="Up to three next questions, in the same language.")


class Message(BaseModel):
    """A past message and its answer. `rating` is what the patron gave, if anything."""

    model_config = ConfigDict(frozen=True)

    message_id: str
    created_at: datetime
    message: str
    language: Language
    status: Status
    answer: str
    citations: tuple[Citation, ...]
    suggestions: tuple[str, ...]
    rating: Literal[1, -1] | None


class Conversation(BaseModel):
    """A conversation, oldest message first."""

    model_config = ConfigDict(frozen=True)

    conversation_id: str
    messages: tuple[Message, ...]


class FeedbackRequest(BaseModel):
    """A patron's thumb up (1) or down (-1); the last one given counts. Unknown fields are ignored."""

    model_config = ConfigDict(frozen=True)

    message_id: Text = Field(max_length=64)
    rating: Rating
    comment: Text | None = Field(None, max_length=COMMENT_LIMIT)


class Feedback(BaseModel):
    """Feedback as it was kept."""

    message_id: str
    rating: Rating
    comment: str | None


class Health(BaseModel):
    """The process is up."""

    status: Literal["ok"] = "ok"


class ModelCondition(BaseModel):
    """A language model since the start: answers it wrote, and how often the built-in writer answered instead, and why.

    `dropped` are its sentences that did not pass. While it rests or is spent, the built-in writer answers.
    """

    model: str
    state: Literal["ready", "resting", "spent"]
    written: int
    fallbacks: dict[str, int]
    dropped: dict[str, int]
    tokens_today: int


class Ready(BaseModel):
    """An index is open: its version, and how many passages each language has."""

    status: Literal["ready"] = "ready"
    index: str
    passages: dict[Language, int]
    llm: ModelCondition | None = Field(default=None, description="The language model that writes, where one is set.")


class Fault(BaseModel):
    """What went wrong: a code for programs and a sentence for the patron."""

    code: str
    message: str


class FaultReply(BaseModel):
    """The body of every 4xx and 5xx."""

    error: Fault
