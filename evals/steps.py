"""Where the time of a reply goes: a stopwatch on the parts of the real path."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assistant import ask, thought
from assistant.contract import ChatRequest
from assistant.conversation import converse
from assistant.core import open_core
from assistant.embedding import E5Small
from assistant.index import Index
from assistant.language import Identifier
from assistant.settings import Settings
from assistant.store import Store
from assistant.writer import Writer

# Each step, and what does it: the owner of a name, and the name.
STEPS: dict[str, tuple[tuple[Any, str], ...]] = {
    "language": ((Identifier, "identify"),),
    "understanding": ((ask, "understand"),),
    "embedding": ((E5Small, "embed_question"),),
    "search": ((Index, "search"),),
    "ranking and planning": ((thought, "retrieve"), (thought, "plan")),
    "writing": ((Writer, "write"),),
    "grounding": ((ask, "grounded"),),
    "storing": ((Store, "record"),),
}
WARM = 10  # questions before the watch is started


def step_times(settings: Settings, questions: Sequence[str], folder: Path) -> dict[str, float]:
    """Mean milliseconds a question by step, then "the rest" and "all"; conversations are kept in `folder`."""
    answer, store = open_core(settings).answer, Store(f"sqlite:///{folder}/steps.db")
    for question in questions[:WARM]:
        converse(ChatRequest.model_validate({"message": question}), answer, lambda: store)
    spent: dict[str, float] = defaultdict(float)
    with _watched(spent):
        began = time.perf_counter()
        for question in questions:
            converse(ChatRequest.model_validate({"message": question}), answer, lambda: store)
        whole = time.perf_counter() - began
    spent |= {"the rest": whole - sum(spent.values()), "all": whole}
    return {step: 1000 * seconds / len(questions) for step, seconds in spent.items()}


@contextmanager
def _watched(spent: dict[str, float]) -> Iterator[None]:
    """While it lasts, every step adds the seconds it takes to `spent`."""
    parts = [(step, owner, name, getattr(owner, name)) for step, places in STEPS.items() for owner, name in places]
    for step, owner, name, part in parts:
        setattr(owner, name, _timed(part, step, spent))
    try:
        yield
    finally:
        for _, owner, name, part in parts:
            setattr(owner, name, part)


def _timed(part: Callable[..., Any], step: str, spent: dict[str, float]) -> Callable[..., Any]:
    def timed(*given: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return part(*given, **named)
        finally:
            spent[step] += time.perf_counter() - began

    return timed
