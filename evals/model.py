"""What a language model does to the scores: the built-in writer's beside its own, and a judge's votes, never a gate."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import numpy as np
from rich.console import Console

from assistant.author import Author
from assistant.errors import LLMFault
from assistant.grounding import MARKER
from assistant.instructions import Instructions, fenced
from assistant.knowledge import LANGUAGES
from assistant.llm import Chat
from evals.metrics import Figure, Metric, Result, figure, metrics
from ingest.progress import watched

BESIDE = ("passed", "facts", "hallucinated", "refused", "language", "cited", "supported", "p50", "p95")
VOTES = 3  # on each question; an odd number, so that there is a majority
JUDGED = 20  # answers a language: six votes each
TEMPERATURE = 0.7  # so that a judge in doubt says now this, now that


def beside(plain: Sequence[Result]) -> list[Metric]:
    """The built-in writer's figures for the same cases, each called plain_…, without a bar of its own."""
    found = {metric.id: metric for metric in metrics(plain)}
    return [replace(found[name], id=f"plain_{name}", bar=None) for name in BESIDE if name in found]


def account(author: Author) -> dict[str, Any]:
    """How often the model wrote and how often the built-in writer had to, why, and how fast it was."""
    tally, spoken = author.tally, author.tally.spoken
    seconds = sum(each.seconds - each.first for each in spoken)
    return {
        "model": author.chat.name,
        "written": tally.written,
        "fallbacks": dict(tally.fallbacks),
        "dropped": dict(tally.dropped),
        "tokens_per_second": round(sum(each.tokens_out for each in spoken) / seconds, 1) if seconds else None,
        "first_ms": round(1000 * median(each.first for each in spoken)) if spoken else None,
        "whole_ms": round(1000 * median(each.seconds for each in spoken)) if spoken else None,
    }


@dataclass(frozen=True)
class Votes:
    """A judge's votes on one answer; None is a vote that was neither yes nor no."""

    language: str
    faithful: tuple[bool | None, ...]
    relevant: tuple[bool | None, ...]


def judged(results: Sequence[Result], chat: Chat, instructions: Instructions, console: Console) -> list[Metric]:
    """Faithfulness, relevancy, and how often a judge's votes on one thing differ, over a sample of answers."""
    answered = [result for result in results if result.reply.status == "answered" and result.case.variant is None]
    sample = [result for language in LANGUAGES for result in _spread(answered, language)]
    votes = [_votes(result, chat, instructions) for result in watched(sample, len(sample), "Judging", console.print)]
    found = [
        _metric("faithful", votes, lambda each: _majority(each.faithful)),
        _metric("relevant", votes, lambda each: _majority(each.relevant)),
        _metric("flips", votes, _flips, "low"),
    ]
    return [metric for metric in found if metric.values]


def _spread(results: Sequence[Result], language: str) -> Sequence[Result]:
    """JUDGED of a language's results at most, from all over the suites."""
    mine = [result for result in results if result.case.language == language]
    return [mine[round(place)] for place in np.linspace(0, len(mine) - 1, min(JUDGED, len(mine)))]


def _votes(result: Result, chat: Chat, instructions: Instructions) -> Votes:
    reply = result.reply
    quotes = "\n\n".join(fenced(citation.n, citation.quote) for citation in reply.citations)
    answer, question = fenced("answer", MARKER.sub("", reply.answer)), fenced("question", result.case.turns[-1])
    faithful = instructions.say("llm-judge-faithfulness.md", evidence=quotes, answer=answer)
    relevant = instructions.say("llm-judge-relevancy.md", question=question, answer=answer)
    return Votes(reply.language, *(tuple(_vote(chat, asked) for _ in range(VOTES)) for asked in (faithful, relevant)))


def _vote(chat: Chat, asked: str) -> bool | None:
    try:
        said = chat.complete("Reply with one word, yes or no.", asked, temperature=TEMPERATURE).strip().lower()
    except LLMFault:
        return None
    return True if said.startswith("yes") else False if said.startswith("no") else None


def _majority(votes: tuple[bool | None, ...]) -> float | None:
    """1 or 0 by the majority of all votes; None where there is none."""
    for choice in (True, False):
        if 2 * votes.count(choice) > len(votes):
            return float(choice)
    return None


def _flips(votes: Votes) -> float:
    """The share of both questions on which the votes differ."""
    return sum(len(set(each)) > 1 for each in (votes.faithful, votes.relevant)) / 2


def _metric(name: str, votes: Sequence[Votes], read: Callable[[Votes], float | None], better: str = "high") -> Metric:
    return Metric(name, dict(_figures(votes, read)), better)


def _figures(votes: Sequence[Votes], read: Callable[[Votes], float | None]) -> Iterator[tuple[str, Figure]]:
    for language in (*LANGUAGES, "all"):
        values = [read(each) for each in votes if language in ("all", each.language)]
        told = np.array([value for value in values if value is not None])
        if len(told):
            yield language, figure(told)
