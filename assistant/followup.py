"""Makes a follow-up whole from the turn before: "and in 2015?", "а где она находится?", "ал Павлодар ше?"."""

from collections.abc import Sequence
from dataclasses import replace

from assistant.catalogue import ORDINAL, YEAR, Catalogue
from assistant.libraries import library_of
from assistant.question import BROAD, FORMS, Question, understand
from assistant.schema import Focus, Turn
from assistant.words import same_word

SHORT = 7  # words: a longer message says itself what it is about, unless it points back
POINTERS = frozenset({"anaphora", "ellipsis", "same-year"})
BESIDE = frozenset({"anaphora", "compare"})  # "how does it differ from Y?"
SHIFTS = {"next-year": 1, "previous-year": -1}


def resume(question: Question, history: Sequence[Turn], catalogue: Catalogue) -> Question | None:
    """The question made whole, or None where it stands by itself or nothing came before."""
    focus = next((turn.focus for turn in reversed(history) if turn.focus.question), None)
    if focus is None or not (_leans(question) or _was_asked_to_name(history[-1])):
        return None
    if "same-year" in question.forms and focus.years:
        question = replace(question, years=focus.years, text=f"{question.text} {focus.years[-1]}")
    shifted = _shifted(question, focus)
    if shifted or (question.years and not _asks(question) and "same-year" not in question.forms):
        return _with_years(question, focus, shifted or question.years, catalogue)
    compared = beside(question, focus.entities[0], catalogue) if focus.entities else None
    if compared:
        return compared
    if question.entities or question.places:
        return _with_subject(question, focus, catalogue) if not _asks(question) else None
    return link(question, focus.entities, catalogue) if focus.entities else None


def continued(question: Question, focus: Focus, catalogue: Catalogue) -> Question | None:
    """The question after the one before, as if both were one message; None where it is of something else."""
    if not focus.plans or question.entities or question.places or len(question.tokens) > 2 * SHORT:
        return None
    whole = understand(f"{focus.question} {question.text}", question.language, catalogue)
    return whole if whole.entities else whole.about(focus.entities[:1])


def linked(title: str, scrap: str) -> str:
    """A scrap of a question made whole by what it is of."""
    return f"{title}: {scrap}"


def link(question: Question, entries: Sequence[str], catalogue: Catalogue) -> Question:
    """The question, asked of these entries; of what a figure is about, where they are figures."""
    spoken = [entry for entry in entries if catalogue.entries[entry].kind != "figure"]
    return _about(question, spoken, catalogue) if spoken else _of_the_country(question, entries[0], catalogue)


def beside(question: Question, entry: str, catalogue: Catalogue) -> Question | None:
    """The question, asked of an entry and of the one that it is compared with; None where it does not compare two."""
    other = _compared_with(question, entry, catalogue) if question.forms >= BESIDE else None
    if other is None or other == entry:
        return None
    title = catalogue.entries[entry].title[question.language]
    return replace(question, text=linked(title, question.text), places=()).about((entry, other))


def _compared_with(question: Question, entry: str, catalogue: Catalogue) -> str | None:
    """The one entry that a question names, be it by the place alone of a library of the same type."""
    if question.entities or catalogue.entries[entry].kind != "library":
        return question.entities[0] if len(question.entities) == 1 else None
    types = frozenset(catalogue.entries[entry].facets.get("type", ()))
    named = {library_of(place, types, catalogue) for place in question.places} - {None}
    return named.pop() if len(named) == 1 else None


def _of_the_country(question: Question, figure: str, catalogue: Catalogue) -> Question:
    """The question, asked of what a figure was about: another figure may answer it."""
    title = catalogue.entries[figure].title[question.language]
    whole = understand(linked(title, question.text), question.language, catalogue)
    return replace(whole, topics=question.topics, facets=question.facets, wording=question.wording)


def choice(question: Question, history: Sequence[Turn], catalogue: Catalogue) -> str | None:
    """The entry picked from those that the last turn offered ("the academic one", "the second")."""
    plan = history[-1].focus.plans[0] if history and history[-1].focus.plans else None
    if plan is None or plan.kind != "clarify" or not plan.entries:
        return None
    picked = [int(found.name.removeprefix(ORDINAL)) for found in catalogue.ordinal_patterns.find(question.tokens)]
    if picked and picked[0] <= len(plan.entries) and len(question.tokens) <= SHORT:
        return plan.entries[picked[0] - 1]
    shares = {entry: _named_share(question, entry, plan.entries, catalogue) for entry in plan.entries}
    best = max(shares, key=lambda entry: shares[entry])
    others = [share for entry, share in shares.items() if entry != best]
    clear = shares[best] > max(others, default=0.0)
    return best if clear and (shares[best] > 1 or len(question.tokens) <= SHORT) else None


def _named_share(question: Question, entry: str, offered: Sequence[str], catalogue: Catalogue) -> float:
    """The share of an offered entry's own title words that the message has, those of all the others left out."""
    title = understand(catalogue.entries[entry].title[question.language], question.language, catalogue).tokens
    had = [word for word in title if any(same_word(word, token) for token in question.tokens)]
    return len(had) / len(title) + (0.5 + 0.01 * len(title) if len(had) == len(title) else 0.0)


def _was_asked_to_name(turn: Turn) -> bool:
    """Whether a turn ended by asking the patron to name what the question was about."""
    return any(plan.kind == "clarify" and not plan.entries for plan in turn.focus.plans)


def _leans(question: Question) -> bool:
    """Whether a message needs what came before: it points back, or is too short to ask anything alone."""
    if question.forms & (POINTERS | SHIFTS.keys()):
        return len(question.tokens) <= 2 * SHORT and not (
            question.entities and "anaphora" not in question.forms and _asks(question)
        )
    stands = question.forms & {"list", "count"} or (question.places and "compare" in question.forms)
    return len(question.tokens) <= SHORT and not question.entities and not stands


def _asks(question: Question) -> bool:
    """Whether a message says what it wants to know, and not only of what or when."""
    return bool(set(question.topics) - FORMS - BROAD) or len(question.free) > 3


def _shifted(question: Question, focus: Focus) -> tuple[int, ...]:
    """The year after or before the one spoken of."""
    shift = next((SHIFTS[form] for form in SHIFTS if form in question.forms), 0)
    return (max(focus.years) + shift,) if shift and focus.years else ()


def _with_years(question: Question, focus: Focus, years: tuple[int, ...], catalogue: Catalogue) -> Question:
    said = " ".join(map(str, years))
    first = YEAR.search(focus.question)
    start, end = first.span() if first else (len(focus.question),) * 2
    text = f"{focus.question[:start]} {said} {_without_years(focus.question[end:])}"
    whole = understand(text, question.language, catalogue)
    return whole if whole.entities else replace(whole.about(focus.entities), years=years)


def _with_subject(question: Question, focus: Focus, catalogue: Catalogue) -> Question:
    """What was asked, now of another library, person or place."""
    asked = _without_places(focus.frame, catalogue) if question.places else focus.frame
    return understand(f"{asked} {question.text}", question.language, catalogue)


def _without_places(frame: str, catalogue: Catalogue) -> str:
    tokens = frame.split()
    named = {place for found in catalogue.place_patterns.find(tokens) for place in found.places}
    return " ".join(token for place, token in enumerate(tokens) if place not in named)


def _about(question: Question, entries: Sequence[str], catalogue: Catalogue) -> Question:
    titles = " ".join(catalogue.entries[entry].title[question.language] for entry in entries[:2])
    whole = understand(linked(titles, question.text), question.language, catalogue)
    return replace(
        whole.about(tuple(entries)), topics=question.topics, facets=question.facets, wording=question.wording
    )


def _without_years(text: str) -> str:
    return YEAR.sub("", text)


def frame(question: Question) -> str:
    """What a question asks, without the names and years that a follow-up may exchange."""
    return _without_years(" ".join(question.wording))
