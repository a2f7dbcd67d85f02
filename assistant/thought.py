"""What to say to a message: taken as it stands, part by part, or made whole from the turns before."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from assistant.attribute import LACKED, TALK, Asked
from assistant.catalogue import Catalogue
from assistant.dialogue import Dialogue
from assistant.documents import nearest_piece
from assistant.embedding import Model
from assistant.followup import SHIFTS, beside, choice, continued, frame, link, resume
from assistant.gate import Gate
from assistant.index import Hit, Index
from assistant.libraries import UNLISTED, is_unheld, meant_by_place, side_by_side
from assistant.parts import Part, by_year, parts
from assistant.planning import overview, plan
from assistant.question import LOCATION, Question, understand
from assistant.ranking import Ranking
from assistant.retrieval import retrieve
from assistant.schema import Focus, Plan, Turn

# Forms that make a message a follow-up whatever else it may be; so does being barely more than a name.
POINTING = frozenset({"anaphora", "same-year", *SHIFTS})
BARE = 4
BRIEF = 8  # words of a message that may not say of what it asks
MANY_OF = frozenset({"library", "event", "person", "organisation", "system"})  # kinds of which one has to be named
UNKNOWN = Plan(kind="unknown", chance=0.0)
DETAIL = f"{LACKED}detail"  # what a message asks for that does not say of what: "how often?"
PLAIN = 0.8  # the share of one class, and the chance of its answer, from which a message is one question
EARNEST = 0.7  # the chance that one part of a message must have, for its parts to be answered one by one…
ANSWERS, NEAR = 0.7, 0.3  # the chances from which a document's piece is an answer, and the nearest that is known
CERTAIN = 0.9  # …and where another part has no answer


@dataclass(frozen=True)
class Thought:
    """What to say, and what the turn was about."""

    plans: tuple[Plan, ...]
    focus: Focus

    @property
    def chance(self) -> float:
        """How surely the first plan answers."""
        return self.plans[0].chance


class Searched(NamedTuple):
    """What is near a question, what it asks for, and the pieces of librarians' documents near it."""

    hits: list[Hit]
    asked_for: Asked
    pieces: list[Hit]


class Thinker:
    """Thinks about one message. A vector costs more than all else: none is made before it must, nor made twice."""

    def __init__(self, index: Index, model: Model, ranking: Ranking, gate: Gate, dialogue: Dialogue) -> None:
        self._index, self._model, self._ranking, self._gate, self._dialogue = index, model, ranking, gate, dialogue
        self._catalogue = index.catalogue
        self._searched: dict[Question, Searched] = {}

    def think(self, question: Question, history: Sequence[Turn]) -> Thought:
        """The surest reading of a message."""
        shown = self._dialogue.shown(question)
        told = self._dialogue.told(question, shown)
        if told:
            return _small_talk(told)
        if not question.tokens:
            return Thought((UNKNOWN,), Focus())  # "?", "…": there is nothing to search for
        chosen = choice(question, history, self._catalogue)
        if chosen:
            return self._chosen(question, chosen, history[-1].focus)
        resumed = resume(question, history, self._catalogue)
        split = () if resumed else self._in_parts(question)
        is_place = bool(question.places) and len(question.tokens) == 1
        if not split and not is_place and not (resumed and _surely_asks(question)):
            hits, asked_for, _ = self._search(question)
            intent = self._dialogue.intent(question, shown, hits, self._catalogue)
            intent = intent or self._dialogue.sounded(question, asked_for)
            if intent:
                return _small_talk(intent)
        before = history[-1].focus if history else Focus()
        thought = self._resumed(question, resumed, before) if resumed else self._alone(question, split)
        if thought.plans[0].kind != "unknown":
            return thought
        return self._continued(question, before) or self._unnamed(question, before) or thought

    def _unnamed(self, question: Question, before: Focus) -> Thought | None:
        """A request to say what a message is about, where it asks of something that we know of many, and names none."""
        if before.question or "question-word" not in question.forms or not _names_nothing(question, self._catalogue):
            return None
        plans = (Plan(kind="clarify", chance=0.0),)
        is_held = not self._search(question).asked_for.first.startswith((LACKED, TALK))
        return Thought(plans, _focus(question, plans)) if is_held else None

    def _chosen(self, question: Question, entry: str, before: Focus) -> Thought:
        """What was asked before, now of the entry that was picked; failing that, what it is."""
        title = self._catalogue.entries[entry].title[question.language]
        whole = understand(f"{before.frame} {title}", question.language, self._catalogue).about((entry,))
        said = self._plan(whole)
        if said.kind == "unknown":
            said = Plan(kind="aspects", aspects=(overview(entry, self._catalogue).id,))
        return Thought((said,), _focus(whole, (said,)))

    def _resumed(self, question: Question, resumed: Question, before: Focus) -> Thought:
        """A follow-up made whole, or taken as it stands where it does not point back and that is the surer reading.

        It is not understood where it would be answered by what was just said: "And cultural preservation?".
        """
        whole = self._dated(resumed, before.years)
        if POINTING & question.forms or resumed.years != question.years:
            return whole
        said = whole.plans[0]
        says_more = question.entities or question.places or "question-word" in question.forms
        is_settled = said.kind != "unknown" or said.topic or not says_more
        is_repeated = _repeats(said, before)
        if len(question.tokens) <= BARE and is_settled and not is_repeated:
            return whole
        if said.topic and self._search(question).asked_for.first == f"{LACKED}{said.topic}":
            return whole  # the price of something else is no answer
        alone = self._alone(question, self._in_parts(question))
        if is_repeated and alone.chance >= EARNEST and not _names_nothing(question, self._catalogue):
            return alone
        return whole if whole.chance >= alone.chance else alone

    def _dated(self, resumed: Question, years: Sequence[int]) -> Thought:
        """What to say to a follow-up that names no year: of those spoken of, where that is the surer reading."""
        whole = self._alone(resumed, self._in_parts(resumed))
        if not years or resumed.years:
            return whole
        dated = replace(resumed, text=f"{resumed.text} {' '.join(map(str, years))}", years=tuple(years))
        told = self._alone(dated, ())
        return told if told.chance >= EARNEST and told.chance > whole.chance else whole

    def _continued(self, question: Question, before: Focus) -> Thought | None:
        """What to say to a message that goes on asking of what was said last ("how often?"); None where it does not."""
        whole = continued(question, before, self._catalogue)
        if whole is None or self._catalogue.lacking(question.topics):
            return None
        if self._search(question).asked_for.first != DETAIL:
            return None
        said = self._plan(whole)
        is_sure = said.kind == "aspects" and said.chance >= EARNEST
        spoken = {aspect.split("#")[0] for plan in before.plans for aspect in plan.aspects}
        if not is_sure or said.aspects[0].split("#")[0] not in spoken:
            return None
        return Thought((said,), _focus(whole, (said,)))

    def _alone(self, question: Question, split: tuple[Plan, ...]) -> Thought:
        """What to say to a question that stands by itself: to each of its parts, or to the whole."""
        plans = split or self._whole(question)
        return Thought(plans, _focus(question, plans))

    def _whole(self, question: Question) -> tuple[Plan, ...]:
        """The plan for a question; for each of several years, where it speaks of some of them only and each has one."""
        said = self._plan(question)
        readings = by_year(question, self._catalogue)
        if not readings or self._speaks_of(question.years, said):
            return (said,)
        plans = tuple(self._plan(reading) for reading in readings)
        spoken = {plan.aspects[0] for plan in plans if plan.kind == "aspects"}
        return plans if len(spoken) == len(plans) else (said,)

    def _speaks_of(self, years: Sequence[int], plan: Plan) -> bool:
        """Whether a plan answers by aspects that together are about all of these years."""
        known = (self._catalogue.known.get(aspect) for aspect in plan.aspects)
        spoken = {year for each in known if each for year in each.years}
        return plan.kind == "aspects" and spoken.issuperset(years)

    def _in_parts(self, question: Question) -> tuple[Plan, ...]:
        """A plan for each part of a message; none where it is one question, or is better answered as one."""
        plans: tuple[Plan, ...] = ()
        if side_by_side(question, self._catalogue) is not question:
            return ()  # what is compared is one question: "Павлодар ма, Қостанай ма, қайсысы мықты?"
        found = parts(question, self._catalogue)
        for part in found.parts:
            plans = (*plans, _unsaid(self._part(part, plans), plans))
            if plans[-1].kind == "unknown" and not found.joined:
                return ()
        if not _are_worth_saying(plans):
            return ()
        is_doubtful = found.loose or any(plan.kind == "unknown" for plan in plans)
        return () if is_doubtful and self._is_one(question) else plans

    def _is_one(self, question: Question) -> bool:
        """Whether a message is by all signs one question, and has an answer."""
        asked_for = self._search(question).asked_for
        share = asked_for.together.get(asked_for.likeliest or "", 0.0)
        return share >= PLAIN and not asked_for.is_lacked and self._plan(question).chance >= PLAIN

    def _part(self, part: Part, before: Sequence[Plan]) -> Plan:
        """The plan for one part: as it stands, or about what the part before was answered with, whichever is surer."""
        spoken = [plan.aspects[0].split("#")[0] for plan in before[-1:] if plan.kind == "aspects"]
        spoken = [entry for entry in spoken if entry in self._catalogue.entries]
        compared = beside(part.readings[0], spoken[0], self._catalogue) if spoken else None
        if compared:
            return self._plan(compared)
        alone, *others = (self._plan(reading) for reading in part.readings)
        for other in others:
            alone = other if other.chance >= EARNEST and other.chance > alone.chance else alone
        if not spoken or part.readings[0].entities:
            return alone
        joined = self._plan(link(part.said, spoken, self._catalogue))
        return joined if joined.kind != "unknown" and joined.chance > alone.chance else alone

    def _plan(self, question: Question) -> Plan:
        """What to say to a question: what the knowledge base tells, or a librarian's document where that is surer."""
        said = self._known(question)
        piece = nearest_piece(question, self._search(question).pieces, self._catalogue)
        if piece is None or not (said.kind == "unknown" or piece.named):
            return said
        if piece.chance >= ANSWERS:
            return Plan(kind="aspects", aspects=(piece.aspect,), chance=piece.chance)
        return UNKNOWN.model_copy(update={"aspects": (piece.aspect,)}) if piece.chance >= NEAR else said

    def _known(self, question: Question) -> Plan:
        question = meant_by_place(side_by_side(question, self._catalogue), self._catalogue)
        if is_unheld(question, self._catalogue):
            return Plan(kind="unknown", topic=UNLISTED, chance=0.0)
        hits, asked_for, _ = self._search(question)
        if question.entities and (asked_for.likeliest == LOCATION or "residence" in question.forms):
            question = replace(question, places=())  # "is it in Astana?" is answered by where it is; "I live in Aktau"
        found = retrieve(question, hits, asked_for.likeliest, self._catalogue, self._ranking)
        said = plan(question, found, asked_for, self._catalogue, self._gate)
        is_open = _is_of_any(said, question, self._catalogue) and _names_nothing(question, self._catalogue)
        return UNKNOWN if is_open else said

    def _search(self, question: Question) -> Searched:
        if question not in self._searched:
            embedded = self._model.embed_question(question.text)
            about = self._catalogue.about(question.entities)
            hits = self._index.search(question.language, question.text, embedded.vector, about=about)
            asked_for = self._gate.attributes.asked(question.text, embedded)
            pieces = self._index.documents_near(question.language, question.text, embedded.vector)
            self._searched[question] = Searched(hits, asked_for, pieces)
        return self._searched[question]


def _names_nothing(question: Question, catalogue: Catalogue) -> bool:
    """Whether a message does not say of what it asks: "what are its strengths?", "where is the library?"."""
    says_who = question.entities or question.places or question.facets or question.years
    if len(question.tokens) > BRIEF or says_who or {"list", "count"} & question.forms:
        return False
    is_kind = catalogue.names.is_kind(question.free, frozenset(range(len(question.free))))
    return is_kind or ("pronoun" in question.forms and len(question.free) <= 1)


def _is_of_any(plan: Plan, question: Question, catalogue: Catalogue) -> bool:
    """Whether a plan says of some entries what is known of many: where one library and another is; what "it" has."""
    entries = {aspect.split("#")[0] for aspect in plan.aspects} & catalogue.entries.keys()
    is_one_of_many = len(entries) > 1 and catalogue.entries[plan.aspects[0].split("#")[0]].kind in MANY_OF
    return plan.kind == "aspects" and ("pronoun" in question.forms or is_one_of_many)


def _repeats(plan: Plan, before: Focus) -> bool:
    """Whether a plan begins by what was just said."""
    said = {other.aspects[0] for other in before.plans if other.aspects}
    return plan.kind == "aspects" and plan.aspects[0] in said


def _small_talk(topic: str) -> Thought:
    return Thought((Plan(kind="intent", topic=topic),), Focus())


def _surely_asks(question: Question) -> bool:
    """Whether a message can be no small talk."""
    return bool(question.entities or question.places or question.years or {"question-word", *SHIFTS} & question.forms)


def _unsaid(plan: Plan, before: Sequence[Plan]) -> Plan:
    """The plan without what the parts before have said, unless nothing would be left."""
    said = {aspect for other in before for aspect in other.aspects}
    left = tuple(aspect for aspect in plan.aspects if aspect not in said)
    return plan.model_copy(update={"aspects": left}) if plan.kind == "aspects" and left else plan


def _are_worth_saying(plans: Sequence[Plan]) -> bool:
    """Whether answering a message in parts says more than answering it whole, and one part at least for sure.

    Surer still where another part has no answer: both halves of "who paid for it, and how much?" may be lacked.
    """
    said = [plan for plan in plans if plan.kind != "unknown"]
    enough = EARNEST if len(said) == len(plans) else CERTAIN
    return len({plan.aspects or plan.topic for plan in plans}) > 1 and any(plan.chance >= enough for plan in said)


def _focus(question: Question, plans: tuple[Plan, ...]) -> Focus:
    spoken = [aspect.split("#")[0] for said in plans for aspect in said.aspects if said.kind in ("aspects", "compare")]
    listed = [entry for said in plans for entry in said.entries if len(said.entries) == 1]
    entities = tuple(dict.fromkeys([*question.entities, *spoken[:1], *listed]))
    entities = tuple(entity for entity in entities if not entity.startswith("document:"))
    return Focus(question=question.text, frame=frame(question), entities=entities, years=question.years, plans=plans)
