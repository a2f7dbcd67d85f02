"""The built-in writer: a plan → an answer in one of the three languages, every factual sentence with its [n]."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from assistant.catalogue import Catalogue
from assistant.dialogue import Dialogue
from assistant.index import Passage
from assistant.knowledge import Language
from assistant.phrases import Phrases
from assistant.schema import Citation, Plan, Status
from assistant.sentences import sentences
from assistant.words import folded_words

SUGGESTIONS = 3
_ITEM = re.compile(r"\s*(?:[-*•]|\d{1,2}[.)])\s")
_MARKS = ".!?…:;"


@dataclass
class Draft:
    """An answer in the making: paragraphs, the citations they use, and numbers that were counted."""

    language: Language
    status: Status = "answered"
    paragraphs: list[str] = field(default_factory=list)
    citations: dict[str, Citation] = field(default_factory=dict)
    derived: set[str] = field(default_factory=set)
    suggestions: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The whole answer in Markdown."""
        return "\n\n".join(self.paragraphs)

    def cite(self, citation: Citation) -> int:
        """The number of a citation, given on its first use."""
        kept = self.citations.setdefault(citation.id, citation.model_copy(update={"n": len(self.citations) + 1}))
        return kept.n


@dataclass(frozen=True)
class Writer:
    """Everything that the built-in writer takes its words from."""

    catalogue: Catalogue
    documents: Mapping[str, Passage]
    phrases: Phrases
    dialogue: Dialogue
    contact: str | None

    def write(self, plans: Sequence[Plan], language: Language, variety: int = 0) -> Draft:
        """Say the plans one after another; `variety` chooses between equally good wordings of small talk."""
        draft = Draft(language)
        said = [status for plan in plans if (status := self._say(plan, draft, variety))]
        draft.status = "answered" if "answered" in said else said[0]
        draft.suggestions = self._suggestions(plans, language)
        return draft

    def _say(self, plan: Plan, draft: Draft, variety: int) -> Status:
        """Add a plan's paragraphs to the draft; what it amounts to."""
        if plan.kind == "intent":
            return self._small_talk(plan, draft, variety)
        if plan.kind == "clarify":
            return self._clarify(plan, draft)
        if plan.kind == "unknown":
            return self._unknown(plan, draft)
        if plan.kind in ("list", "count"):
            return self._list(plan, draft)
        for aspect in plan.aspects:
            self._aspect(aspect, draft)
        return "answered"

    def _small_talk(self, plan: Plan, draft: Draft, variety: int) -> Status:
        intent = self.dialogue.intents[plan.topic or ""]
        replies = intent.replies[draft.language] or (self.phrases.say("nothing_to_repeat", draft.language),)
        draft.paragraphs.append(replies[variety % len(replies)])
        return intent.status

    def _clarify(self, plan: Plan, draft: Draft) -> Status:
        titles = [self.catalogue.entries[entry].title[draft.language] for entry in plan.entries]
        if not titles:
            draft.paragraphs.append(self.phrases.say("clarify_unnamed", draft.language))
            return "clarify"
        names = "\n".join(f"- {title}" for title in titles)
        draft.derived.add(str(len(titles)))
        draft.paragraphs.append(self.phrases.say("clarify", draft.language, names=names, count=len(titles)))
        return "clarify"

    def _unknown(self, plan: Plan, draft: Draft) -> Status:
        if any(aspect in self.documents for aspect in plan.aspects):
            return self._unsure(plan, draft)
        topic = self.catalogue.topics.get(plan.topic or "")
        missing = topic.missing[draft.language] if topic and topic.missing else None
        missing = missing or self.phrases.say("unknown", draft.language)
        if topic and topic.elsewhere:
            advice = self.phrases.say("unknown_elsewhere", draft.language)
        elif self.contact:
            advice = self.phrases.say("ask_librarian_at", draft.language, contact=self.contact)
        else:
            advice = self.phrases.say("ask_librarian", draft.language)
        draft.paragraphs.append(f"{missing} {advice}")
        if plan.aspects:
            draft.paragraphs.append(self.phrases.say("nearest", draft.language))
            for aspect in plan.aspects:
                self._aspect(aspect, draft, join=True)
        return "unknown"

    def _unsure(self, plan: Plan, draft: Draft) -> Status:
        """The nearest piece of a librarian's document, which may not answer what was asked."""
        draft.paragraphs.append(self.phrases.say("nearest_document", draft.language))
        for aspect in plan.aspects:
            self._aspect(aspect, draft, join=True)
        return "unknown"

    def _list(self, plan: Plan, draft: Draft) -> Status:
        labels = [self.catalogue.facets[facet, value].label[draft.language] for facet, value in map(pair, plan.facets)]
        labels = labels or [self.phrases.say("libraries", draft.language)]
        heading = "; ".join([labels[0], *(label[:1].lower() + label[1:] for label in labels[1:])])
        if plan.places:
            heading += f" ({', '.join(self.catalogue.places[place].title[draft.language] for place in plan.places)})"
        draft.derived.add(str(len(plan.entries)))
        lines = [self.phrases.say("list", draft.language, label=heading, count=len(plan.entries))]
        for entry, aspect in zip(plan.entries, plan.aspects, strict=True):
            number = draft.cite(self._citation(aspect, draft.language))
            lines.append(f"- {self.catalogue.entries[entry].title[draft.language]} [{number}]")
        draft.paragraphs.append("\n".join(lines))
        return "answered"

    def _aspect(self, aspect: str, draft: Draft, *, join: bool = False) -> None:
        """Say an aspect's text, each sentence marked; `join`: in the paragraph begun."""
        citation = self._citation(aspect, draft.language)
        marked = mark(citation.quote, draft.cite(citation))
        if join and draft.paragraphs:
            draft.paragraphs[-1] += f" {marked}"
        else:
            draft.paragraphs.append(marked)

    def _citation(self, aspect: str, language: Language) -> Citation:
        """The citation of an aspect or of a piece of a librarian's document; numbered when it is used."""
        if aspect in self.documents:
            passage = self.documents[aspect]
            name = aspect.removeprefix("document:").split("#")[0]
            return Citation(n=0, id=aspect, title=passage.title, source=name, url=None, quote=passage.text)
        known = self.catalogue.known[aspect]
        sources = [self.catalogue.sources[name] for name in known.aspect.sources or known.entry.sources]
        return Citation(
            n=0,
            id=aspect,
            title=known.entry.title[language],
            source="; ".join(source.title[language] for source in sources),
            url=next((source.url for source in sources if source.url), None),
            quote=known.aspect.text[language],
        )

    def _suggestions(self, plans: Sequence[Plan], language: Language) -> list[str]:
        """Next questions that can be answered: the choices, or what else is known of what was spoken of."""
        if plans[0].kind == "clarify":
            return [self.catalogue.entries[entry].title[language] for entry in plans[0].entries[:SUGGESTIONS]]
        said = {aspect for plan in plans for aspect in plan.aspects}
        spoken = [
            entry for plan in plans for entry in (plan.entries or [aspect.split("#")[0] for aspect in plan.aspects])
        ]
        near = [known for entry in dict.fromkeys(spoken) for known in self.catalogue.by_entry.get(entry, ())]
        if any(plan.kind in ("list", "count") for plan in plans):
            near = [self.catalogue.by_entry[entry][0] for entry in spoken]
            said = set()
        starters = [self.catalogue.known[aspect] for aspect in STARTERS if aspect in self.catalogue.known]
        questions = [known.aspect.questions[language][0] for known in [*near, *starters] if known.id not in said]
        return [self._asked(question) for question in list(dict.fromkeys(questions))[:SUGGESTIONS]]

    def _asked(self, question: str) -> str:
        """A typical question or request as a button: with a capital and its mark."""
        question = question[:1].upper() + question[1:]
        if question.endswith(("?", ".", "!")):
            return question
        forms = {found.name for found in self.catalogue.topic_patterns.find(folded_words(question))}
        return f"{question}?" if forms & ASKING else f"{question}."


ASKING = {"question-word", "asking", "alternative"}  # forms of a sentence that ends with a question mark
# What a conversation may well begin with.
STARTERS = ("public-libraries#number", "dosai#overview", "choosing-a-library#criteria", "top-30-list#overview")


def pair(name: str) -> tuple[str, str]:
    """The facet and the value that a plan's "facet:value" names."""
    facet, _, value = name.partition(":")
    return facet, value


def mark(text: str, number: int) -> str:
    """`text` with [number] at the end of every sentence and list item, before its full stop."""
    return "\n".join(_mark_line(line, number) for line in text.split("\n"))


def _mark_line(line: str, number: int) -> str:
    if not line.strip():
        return line
    if _ITEM.match(line):
        return _mark_sentence(line, number)
    return " ".join(_mark_sentence(sentence, number) for sentence in sentences(line))


def _mark_sentence(sentence: str, number: int) -> str:
    end = len(sentence.rstrip(_MARKS + " "))
    return f"{sentence[:end]} [{number}]{sentence[end:].rstrip()}"
