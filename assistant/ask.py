"""The path of a question, from a patron's message to a reply that its evidence holds."""

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

from assistant.author import Author, Tell
from assistant.claims import ordinary_words
from assistant.clean import clean
from assistant.courtesy import Courtesies
from assistant.dialogue import Dialogue
from assistant.embedding import Model, open_model
from assistant.gate import Gate
from assistant.grounding import grounded
from assistant.index import Index, Shelf
from assistant.instructions import Instructions
from assistant.knowledge import Language
from assistant.language import CLEARLY, Identified, Identifier
from assistant.llm import USUAL, Patience, open_chat
from assistant.memory import remembered
from assistant.phrases import Phrases
from assistant.question import Question, understand
from assistant.ranking import Ranking
from assistant.schema import Focus, Plan, Reply, Turn
from assistant.script import in_own_letters
from assistant.settings import Settings, shipped
from assistant.thought import EARNEST, Thinker, Thought
from assistant.words import folded_words
from assistant.writer import Writer

FROM_EVIDENCE = frozenset({"aspects", "compare"})  # plans that a model may write up; lists come from structure
REPEATS: dict[str, Language] = {"repeat_kk": "kk", "repeat_ru": "ru", "repeat_en": "en"}


@dataclass(frozen=True)
class Librarian:
    """All that answering takes: the index in force, the models, the words. `author` is there where an LLM is set."""

    shelf: Shelf
    model: Model
    identifier: Identifier
    ranking: Ranking
    gate: Gate
    phrases: Phrases
    dialogue: Dialogue
    courtesies: Courtesies
    contact: str | None
    author: Author | None = None


def open_librarian(settings: Settings, patience: Patience = USUAL) -> Librarian:
    """Open models, prompts and index; raises ModelError, KnowledgeError, SettingsError or IndexUnavailable."""
    shelf = Shelf(settings.data_dir / "index", settings.chroma_url)
    dialogue = Dialogue.load(shipped("prompts"))
    with ThreadPoolExecutor(1) as beside:  # the model is read by C++: a second that the index need not wait for
        model = beside.submit(open_model, settings.embedding, settings.data_dir)
        shelf.index()
    return Librarian(
        shelf=shelf,
        model=model.result(),
        identifier=Identifier.load(),
        ranking=Ranking.load(),
        gate=Gate.load(settings.embedding),
        phrases=Phrases.load(shipped("prompts")),
        dialogue=dialogue,
        courtesies=Courtesies.load(shipped("prompts")),
        contact=settings.librarian_contact,
        author=_open_author(settings, patience, dialogue) if settings.llm else None,
    )


def _open_author(settings: Settings, patience: Patience, dialogue: Dialogue) -> Author:
    def is_hostile(text: str) -> bool:
        return any(found.name == "injection" for found in dialogue.patterns.find(folded_words(text)))

    return Author(open_chat(settings, patience), Instructions.load(shipped("prompts")), Identifier.load(), is_hostile)


def ask(
    message: str,
    *,
    language: Language | None,
    history: Sequence[Turn],
    librarian: Librarian,
    tell: Tell | None = None,
) -> Turn:
    """Answer a message; `language` is leaned on where its letters say little. Raises IndexUnavailable.

    `tell` hears the answer's sentences while a language model still writes; the built-in writer needs no such thing.
    """
    index = librarian.shelf.index()
    history = [remembered(turn, index, librarian.dialogue.intents) for turn in history]
    spoken, thought = _thought(clean(message), language, history, index, librarian)
    if librarian.author and history and thought.plans[0].kind == "unknown":
        thought = _made_whole(clean(message), spoken, history, index, librarian.author, librarian) or thought
    wanted = REPEATS.get(thought.plans[0].topic or "")
    if wanted:
        spoken, thought = wanted, _repeat(thought, history)
    reply = _reply(thought.plans, spoken, len(history), index, librarian)
    if librarian.author and all(plan.kind in FROM_EVIDENCE for plan in thought.plans):
        reply = librarian.author.write(thought.focus.question or message, reply, _ordinary(index), tell)
    return Turn(message=message, reply=reply, focus=thought.focus)


def _thought(
    text: str, language: Language | None, history: Sequence[Turn], index: Index, librarian: Librarian
) -> tuple[Language, Thought]:
    """What to say to a message without its courtesies, unless the whole of it is small talk and they are the point."""
    thinker = Thinker(index, librarian.model, librarian.ranking, librarian.gate, librarian.dialogue)
    plain = librarian.courtesies.without(text)
    question = read(plain, language, history, index, librarian, text)
    thought = thinker.think(question, history)
    if plain != text and thought.plans[0].kind == "unknown":
        whole = read(text, language, history, index, librarian)
        talk = thinker.think(whole, history)
        if talk.plans[0].kind == "intent":
            return whole.language, talk
    return question.language, thought


def read(
    text: str,
    language: Language | None,
    history: Sequence[Turn],
    index: Index,
    librarian: Librarian,
    said: str | None = None,
) -> Question:
    """A message in whatever spelling, in its language's own script, its slips put right.

    `said` is all that was said, courtesies too: they tell the language of "Рецепт бешбармака, пожалуйста".
    """
    identified = _identify(text, language, history, librarian)
    if said and said != text:
        whole = _identify(said, language, history, librarian)
        identified = whole if whole.confidence >= CLEARLY else identified
    spoken = identified.language or language or "kk"
    written = in_own_letters(text, spoken, identified.spelling, _latin_names(index))
    if written != text:
        written = librarian.courtesies.without(written)
    return understand(index.catalogue.spelling.corrected(written), spoken, index.catalogue)


def _identify(text: str, language: Language | None, history: Sequence[Turn], librarian: Librarian) -> Identified:
    """The language of a message, leaning on the conversation's, then on the request's."""
    return librarian.identifier.identify(text, history[-1].reply.language if history else language)


@lru_cache(maxsize=2)
def _latin_names(index: Index) -> frozenset[str]:
    """Words that names write in Latin letters in Kazakh and Russian too: DosAI, Alma, IFLA."""
    titles = (
        name for entry in index.catalogue.entries.values() for tongue in ("kk", "ru") for name in entry.names(tongue)
    )
    return frozenset(word.casefold() for title in titles for word in title.split() if word.isascii() and word.isalpha())


def _made_whole(
    text: str, spoken: Language, history: Sequence[Turn], index: Index, author: Author, librarian: Librarian
) -> Thought | None:
    """What to say to a follow-up that the built-in way could not make whole, where a model's way gets a sure answer."""
    whole = author.whole(text, history, spoken)
    if whole is None:
        return None
    _, thought = _thought(whole, spoken, (), index, librarian)
    sure = thought.chance >= EARNEST and all(plan.kind in FROM_EVIDENCE for plan in thought.plans)
    return thought if sure else None


@lru_cache(maxsize=2)
def _ordinary(index: Index) -> Collection[str]:
    """The words of the knowledge that are no names."""
    return ordinary_words(passage.text for passage in index.passages)


def _repeat(thought: Thought, history: Sequence[Turn]) -> Thought:
    """What was said last, to be said again; small talk that says so where there is nothing."""
    last = next((turn.focus for turn in reversed(history) if turn.focus.plans), None)
    return Thought(last.plans, last) if last else Thought(thought.plans, Focus())


def _reply(plans: Sequence[Plan], language: Language, turn: int, index: Index, librarian: Librarian) -> Reply:
    writer = Writer(index.catalogue, index.documents, librarian.phrases, librarian.dialogue, librarian.contact)
    draft = writer.write(plans, language, turn)
    cited = {citation.n: citation for citation in draft.citations.values()}
    return Reply(
        language=language,
        status=draft.status,
        answer=grounded(draft.text, cited, language, frozenset(draft.derived), librarian.contact or ""),
        citations=tuple(cited[number] for number in sorted(cited)),
        suggestions=tuple(draft.suggestions),
    )
