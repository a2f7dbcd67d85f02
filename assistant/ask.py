"""The path of a question, from a patron's message to a reply that its evidence holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.clean import clean
from assistant.dialogue import Dialogue
from assistant.embedding import Model, open_model
from assistant.followup import SHIFTS, choice, frame, link, resume
from assistant.gate import Gate
from assistant.grounding import grounded
from assistant.index import Hit, Index, Shelf
from assistant.knowledge import Language
from assistant.language import Identified, Identifier
from assistant.parts import parts
from assistant.phrases import Phrases
from assistant.planning import overview, plan
from assistant.question import Question, understand
from assistant.ranking import Ranking
from assistant.retrieval import retrieve
from assistant.schema import Focus, Plan, Reply, Turn
from assistant.script import to_cyrillic
from assistant.settings import Settings, shipped
from assistant.writer import Writer

# Forms that make a message a follow-up whatever else it may be; so does being barely more than a name.
POINTING = frozenset({"anaphora", "same-year", *SHIFTS})
BARE = 4
EARNEST = 0.6  # the chance that one part of a message must have, for its parts to be answered one by one
REPEATS: dict[str, Language] = {"repeat_kk": "kk", "repeat_ru": "ru", "repeat_en": "en"}


@dataclass(frozen=True)
class Librarian:
    """All that answering takes: the index in force, the models, the words."""

    shelf: Shelf
    model: Model
    identifier: Identifier
    ranking: Ranking
    gate: Gate
    phrases: Phrases
    dialogue: Dialogue
    contact: str | None


def open_librarian(settings: Settings) -> Librarian:
    """Open models, prompts and index; raises ModelError, KnowledgeError or IndexUnavailable."""
    shelf = Shelf(settings.data_dir / "index", settings.chroma_url)
    shelf.index()
    return Librarian(
        shelf=shelf,
        model=open_model(settings.embedding, settings.data_dir),
        identifier=Identifier.load(),
        ranking=Ranking.load(),
        gate=Gate.load(),
        phrases=Phrases.load(shipped("prompts")),
        dialogue=Dialogue.load(shipped("prompts")),
        contact=settings.librarian_contact,
    )


def ask(message: str, *, language: Language | None, history: Sequence[Turn], librarian: Librarian) -> Turn:
    """Answer a message; `language` is leaned on where its letters say little. Raises IndexUnavailable."""
    index = librarian.shelf.index()
    text = clean(message)
    identified = _identify(text, language, history, librarian)
    spoken = identified.language or language or "kk"
    question = understand(_in_own_script(text, identified, spoken, index), spoken, index.catalogue)
    plans, focus = _think(question, history, index, librarian)
    wanted = REPEATS.get(plans[0].topic or "")
    if wanted:
        spoken, plans, focus = wanted, *_repeat(plans, history)
    return Turn(message=message, reply=_reply(plans, spoken, len(history), index, librarian), focus=focus)


def _identify(text: str, language: Language | None, history: Sequence[Turn], librarian: Librarian) -> Identified:
    """The language of a message, leaning on the conversation's, then on the request's."""
    return librarian.identifier.identify(text, history[-1].reply.language if history else language)


def _in_own_script(text: str, identified: Identified, spoken: Language, index: Index) -> str:
    if identified.spelling != "latin" or spoken == "en":
        return text
    return to_cyrillic(text, spoken, _latin_names(index))


@lru_cache(maxsize=2)
def _latin_names(index: Index) -> frozenset[str]:
    """Words that names write in Latin letters in Kazakh and Russian too: DosAI, Alma, IFLA."""
    titles = (
        name for entry in index.catalogue.entries.values() for tongue in ("kk", "ru") for name in entry.names(tongue)
    )
    return frozenset(word.casefold() for title in titles for word in title.split() if word.isascii() and word.isalpha())


def _think(
    question: Question, history: Sequence[Turn], index: Index, librarian: Librarian
) -> tuple[tuple[Plan, ...], Focus]:
    """What to say, and what the turn was about; a vector costs more than all else, so none is made before it must."""
    told = librarian.dialogue.told(question)
    if told:
        return (Plan(kind="intent", topic=told),), Focus()
    chosen = choice(question, history, index.catalogue)
    if chosen:
        return _chosen(question, chosen, history[-1].focus, index, librarian)
    resumed = resume(question, history, index.catalogue)
    plans = () if resumed else _in_parts(question, index, librarian)
    if not plans and not (resumed and _surely_asks(question)):
        hits = _search(question, index, librarian)
        intent = librarian.dialogue.intent(question, hits, index.catalogue)
        if intent:
            return (Plan(kind="intent", topic=intent),), Focus()
        plans = (_plan(question, hits, index, librarian),)
    return _resumed(question, resumed, index, librarian) if resumed else (plans, _focus(question, plans))


def _surely_asks(question: Question) -> bool:
    """Whether a message can be no small talk."""
    return bool(question.entities or question.places or question.years or {"question-word", *SHIFTS} & question.forms)


def _chosen(
    question: Question, entry: str, before: Focus, index: Index, librarian: Librarian
) -> tuple[tuple[Plan, ...], Focus]:
    """What was asked before, now of the entry that was picked; failing that, what it is."""
    title = index.catalogue.entries[entry].title[question.language]
    whole = understand(f"{before.frame} {title}", question.language, index.catalogue).about((entry,))
    said = _plan(whole, _search(whole, index, librarian), index, librarian)
    if said.kind == "unknown":
        said = Plan(kind="aspects", aspects=(overview(entry, index.catalogue).id,))
    return (said,), _focus(whole, (said,))


def _answered(question: Question, index: Index, librarian: Librarian) -> tuple[tuple[Plan, ...], Focus]:
    """The plans for a question that stands by itself: one, or one for each of its parts."""
    plans = _in_parts(question, index, librarian)
    plans = plans or (_plan(question, _search(question, index, librarian), index, librarian),)
    return plans, _focus(question, plans)


def _in_parts(question: Question, index: Index, librarian: Librarian) -> tuple[Plan, ...]:
    """A plan for each part of a message; none where it is one question, or is better answered as one."""
    plans: tuple[Plan, ...] = ()
    for piece in parts(question, index.catalogue):
        plans = (*plans, _unsaid(_part(piece, plans, index, librarian), plans))
    return plans if _are_worth_saying(plans) else ()


def _unsaid(plan: Plan, before: Sequence[Plan]) -> Plan:
    """The plan without what the parts before have said, unless nothing would be left."""
    said = {aspect for other in before for aspect in other.aspects}
    left = tuple(aspect for aspect in plan.aspects if aspect not in said)
    return plan.model_copy(update={"aspects": left}) if plan.kind == "aspects" and left else plan


def _part(piece: Question, before: Sequence[Plan], index: Index, librarian: Librarian) -> Plan:
    """The plan for one part: as it stands, or about what the part before was answered with, whichever is surer."""
    alone = _plan(piece, _search(piece, index, librarian), index, librarian)
    spoken = [plan.aspects[0].split("#")[0] for plan in before[-1:] if plan.kind == "aspects"]
    if not spoken or piece.entities or spoken[0] not in index.catalogue.entries:
        return alone
    linked = link(piece, spoken, index.catalogue)
    joined = _plan(linked, _search(linked, index, librarian), index, librarian)
    return joined if joined.kind != "unknown" and joined.chance > alone.chance else alone


def _resumed(
    question: Question, resumed: Question, index: Index, librarian: Librarian
) -> tuple[tuple[Plan, ...], Focus]:
    """A follow-up made whole, or taken as it stands where it does not point back and that is the surer reading."""
    whole = _answered(resumed, index, librarian)
    if POINTING & question.forms or resumed.years != question.years or len(question.tokens) <= BARE:
        return whole
    alone = _answered(question, index, librarian)
    return whole if whole[0][0].chance >= alone[0][0].chance else alone


def _are_worth_saying(plans: Sequence[Plan]) -> bool:
    """Whether answering a message in parts says more than answering it whole, and one part at least for sure."""
    said = [plan for plan in plans if plan.kind != "unknown"]
    return len({plan.aspects or plan.topic for plan in plans}) > 1 and any(plan.chance >= EARNEST for plan in said)


def _search(question: Question, index: Index, librarian: Librarian) -> list[Hit]:
    vector = librarian.model.embed_query(question.text)
    about = index.catalogue.about(question.entities)
    return index.search(question.language, question.text, vector, about=about)


def _plan(question: Question, hits: Sequence[Hit], index: Index, librarian: Librarian) -> Plan:
    return plan(question, retrieve(question, hits, index.catalogue, librarian.ranking), index.catalogue, librarian.gate)


def _focus(question: Question, plans: Sequence[Plan]) -> Focus:
    spoken = [aspect.split("#")[0] for said in plans for aspect in said.aspects if said.kind in ("aspects", "compare")]
    listed = [entry for said in plans for entry in said.entries if len(said.entries) == 1]
    entities = tuple(dict.fromkeys([*question.entities, *spoken[:1], *listed]))
    entities = tuple(entity for entity in entities if not entity.startswith("document:"))
    return Focus(
        question=question.text, frame=frame(question), entities=entities, years=question.years, plans=tuple(plans)
    )


def _repeat(plans: tuple[Plan, ...], history: Sequence[Turn]) -> tuple[tuple[Plan, ...], Focus]:
    """The plans of the last answer, to be said again; small talk that says so where there is none."""
    last = next((turn.focus for turn in reversed(history) if turn.focus.plans), None)
    return (last.plans, last) if last else (plans, Focus())


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
