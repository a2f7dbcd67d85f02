"""A reply of the core as a patron reads it: the answer, its sources in short, and that an AI wrote it."""

from collections.abc import Iterator, Sequence

from assistant.contract import ChatReply, Message
from assistant.knowledge import Language
from assistant.phrases import Phrases
from assistant.schema import Citation
from bots.telegram.markup import BOLD, FOLDED, ITALIC, QUOTE, Run, Runs, clean, link, runs

GAP = Run("\n\n")


def letter(reply: ChatReply, phrases: Phrases, asked: str | None = None) -> Runs:
    """The message for a reply; `asked` is the question, where a button asked it and nobody sees it in the chat."""
    question = (Run(clean(asked), (QUOTE,)), Run("\n")) if asked else ()
    sources = (GAP, *_sources(reply.citations)) if reply.citations else ()
    label = phrases.say("ai_label", reply.language)
    return (*question, *runs(reply.answer), *sources, GAP, Run(f"🤖 {label}", (ITALIC,)))


def full_sources(message: Message, language: Language, phrases: Phrases) -> Runs:
    """Every source of an answer with the words it was taken from."""
    heading = Run(phrases.say("sources", language), (BOLD,))
    return (heading, *(run for citation in message.citations for run in _full(citation)))


def _full(citation: Citation) -> Iterator[Run]:
    yield from (GAP, *_titled(citation), Run(f"\n{clean(citation.source)}\n"), *runs(citation.quote, QUOTE))


def _sources(citations: Sequence[Citation]) -> Iterator[Run]:
    """One line a source, whatever it is cited for; Telegram folds what is longer than three lines."""
    by_source: dict[tuple[str, str, str | None], list[Citation]] = {}
    for citation in citations:
        by_source.setdefault((citation.title, citation.source, citation.url), []).append(citation)
    for number, (first, *others) in enumerate(by_source.values()):
        more = "".join(f"[{other.n}] " for other in others)
        mark, title = _titled(first)
        for run in (Run("\n" if number else ""), mark, Run(more), title, Run(f" — {clean(first.source)}")):
            yield Run(run.text, (FOLDED, *run.tags))


def _titled(citation: Citation) -> tuple[Run, ...]:
    is_web = (citation.url or "").startswith(("https://", "http://"))
    return Run(f"[{citation.n}] "), Run(clean(citation.title), (link(citation.url or ""),) if is_web else ())
