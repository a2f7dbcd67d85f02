"""What the HTTP API needs of the core: to answer, and to tell whether it can."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant.contract import Ready
from assistant.conversation import Answer
from assistant.index import Index
from assistant.knowledge import LANGUAGES, Language
from assistant.schema import Turn
from assistant.settings import Settings


@dataclass(frozen=True)
class Core:
    """`ready` raises IndexUnavailable where there is no index to answer from."""

    answer: Answer
    ready: Callable[[], Ready]


def open_core(settings: Settings) -> Core:
    """The real one; raises IndexUnavailable, ModelError or KnowledgeError."""
    from assistant.ask import ask, open_librarian  # onnxruntime and Chroma: over a second to import

    librarian = open_librarian(settings)

    def answer(message: str, language: Language | None, history: Sequence[Turn]) -> Turn:
        return ask(message, language=language, history=history, librarian=librarian)

    return Core(answer, lambda: readiness(librarian.shelf.index()))


def readiness(index: Index) -> Ready:
    """The version of an index, and how many passages it has in each language."""
    counts = Counter(passage.language for passage in index.passages)
    return Ready(index=index.version, passages={language: counts[language] for language in LANGUAGES})
