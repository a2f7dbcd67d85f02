"""What the HTTP API needs of the core: to answer, and to tell whether it can."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from assistant.author import Author, Tell
from assistant.contract import ModelCondition, Ready
from assistant.conversation import Answer
from assistant.index import Index
from assistant.knowledge import LANGUAGES, Language
from assistant.llm import USUAL, Patience
from assistant.schema import Turn
from assistant.settings import Settings


@dataclass(frozen=True)
class Core:
    """`ready` raises IndexUnavailable where there is no index to answer from.

    Where a language model writes, `live` answers too, and tells each sentence as soon as it has passed, and `recall`
    answers without the model.
    """

    answer: Answer
    ready: Callable[[], Ready]
    live: Callable[[Tell, str, Language | None, Sequence[Turn]], Turn] | None = None
    recall: Answer | None = None
    close: Callable[[], None] = lambda: None


def open_core(settings: Settings, patience: Patience = USUAL) -> Core:
    """The real one, with `patience` for a language model; raises what `open_librarian` does."""
    from assistant.ask import ask, open_librarian  # onnxruntime and Chroma: over a second to import

    librarian = open_librarian(settings, patience)

    def answer(message: str, language: Language | None, history: Sequence[Turn]) -> Turn:
        return ask(message, language=language, history=history, librarian=librarian)

    def ready() -> Ready:
        return readiness(librarian.shelf.index(), librarian.author)

    if librarian.author is None:
        return Core(answer, ready)
    built_in = replace(librarian, author=None)

    def live(tell: Tell, message: str, language: Language | None, history: Sequence[Turn]) -> Turn:
        return ask(message, language=language, history=history, librarian=librarian, tell=tell)

    def recall(message: str, language: Language | None, history: Sequence[Turn]) -> Turn:
        return ask(message, language=language, history=history, librarian=built_in)

    return Core(answer, ready, live, recall, librarian.author.close)


def readiness(index: Index, author: Author | None = None) -> Ready:
    """The version of an index, how many passages it has in each language, and how the language model does."""
    counts = Counter(passage.language for passage in index.passages)
    passages = {language: counts[language] for language in LANGUAGES}
    return Ready(index=index.version, passages=passages, llm=condition(author) if author else None)


def condition(author: Author) -> ModelCondition:
    """What came of the language model's answers since the start."""
    tally, chat = author.tally, author.chat
    return ModelCondition(
        model=chat.name,
        state="resting" if chat.breaker.is_open else "spent" if chat.budget.is_spent else "ready",
        written=tally.written,
        fallbacks=dict(tally.fallbacks),
        dropped=dict(tally.dropped),
        tokens_today=chat.budget.usage.tokens,
    )
