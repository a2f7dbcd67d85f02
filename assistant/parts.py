"""Two questions in one message, told apart: "Где она находится и кто директор?"."""

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from assistant.catalogue import YEAR, Catalogue
from assistant.fold import fold
from assistant.knowledge import LANGUAGES
from assistant.question import BROAD, FORMS, Question, understand
from assistant.words import folded_words

COUNTRY = "kazakhstan"
MOST = 3
LONGEST = 6  # pieces, of which some ask nothing
FEWEST = 2  # words that a part must have
STEM = 5  # letters by which the words of a phrase are known
_SENTENCE = re.compile(r"(?<=[?!.])\s+")
_JOINT = re.compile(
    r"\s*[,;]?\s+(?:и|а также|а ещё|а еще|также|және|әрі|сондай-ақ|сонымен қатар|ал|тағы|and|and also|also|plus)\s+",
    re.IGNORECASE,
)
_PHRASE = re.compile(rf"(?<!\w)(\w{{4,}})(?=(?![,;]){_JOINT.pattern}(\w{{4,}}))", re.IGNORECASE)
# Before "что" and "который" a comma tells of what was just said, and begins no question.
_COMMA = re.compile(rf"{_JOINT.pattern}|\s*[,;]\s+(?!что\b|чтобы\b|котор)", re.IGNORECASE)
_DATE = re.compile(rf"({YEAR.pattern})(?:-\w+)?")  # "2014-м"


@dataclass(frozen=True)
class Part:
    """One part: as it was `said`, and the ways to make it whole, the likelier first."""

    said: Question
    readings: tuple[Question, ...]


@dataclass(frozen=True)
class Parts:
    """What a message holds.

    `joined`: by "and", so that each asks for itself and one may go unanswered; `loose`: by no more than a comma.
    """

    parts: tuple[Part, ...] = ()
    joined: bool = False
    loose: bool = False


def parts(question: Question, catalogue: Catalogue) -> Parts:
    """The questions that a message holds, each made whole with names that another gives; none where it is one.

    "How many libraries are there, and what does Akmola's lack?": what comes before a name need not be about it.
    """
    for pattern in (_SENTENCE, _JOINT, _COMMA):
        pieces = _cut(question.text, pattern, catalogue)
        if not 2 <= len(pieces) <= LONGEST:
            continue
        understood = [understand(piece, question.language, catalogue) for piece in pieces]
        asking = [piece for piece in understood if _asks(piece)]
        if 2 <= len(asking) <= MOST and _differ(asking):
            found = (_part(piece, asking[:place], question, catalogue) for place, piece in enumerate(asking))
            return Parts(tuple(found), joined=pattern is _JOINT, loose=pattern is _COMMA)
    return Parts()


def by_year(question: Question, catalogue: Catalogue) -> tuple[Question, ...]:
    """The question, asked of each of its years alone: "How many visits in 2014 and in 2015?"."""
    if not 2 <= len(question.years) <= MOST:
        return ()
    return tuple(_of_year(question, year, catalogue) for year in question.years)


def _of_year(question: Question, year: int, catalogue: Catalogue) -> Question:
    text = _DATE.sub(lambda found: found.group() if found.group(1) == str(year) else "", question.text)
    return understand(text, question.language, catalogue).about(question.entities)


def _cut(text: str, pattern: re.Pattern[str], catalogue: Catalogue) -> list[str]:
    """The pieces of a text between joints, of which none is inside a phrase: "cultural and educational events"."""
    pieces, start = [], 0
    for joint in pattern.finditer(text):
        sides = folded_words(text[: joint.start()])[-1:] + folded_words(text[joint.end() :])[:1]
        if joint.group().strip() and tuple(side[:STEM] for side in sides) in _phrases(catalogue):
            continue
        pieces.append(text[start : joint.start()].strip())
        start = joint.end()
    return [piece for piece in (*pieces, text[start:].strip()) if piece]


@lru_cache(maxsize=2)
def _phrases(catalogue: Catalogue) -> frozenset[tuple[str, str]]:
    """The words that names and texts of the knowledge join by "and", by their stems."""
    texts = (
        text
        for known in catalogue.known.values()
        for language in LANGUAGES
        for text in (known.aspect.text[language], *known.entry.names(language))
    )
    joined = (_PHRASE.findall(text) for text in texts)
    stems = ((fold(left)[:STEM], fold(right)[:STEM]) for pairs in joined for left, right in pairs)
    return frozenset(stems)


def _part(piece: Question, before: list[Question], question: Question, catalogue: Catalogue) -> Part:
    said = _dated(piece, question, catalogue)
    whole = _whole(said, question, catalogue)
    leans = _topics(piece) == {"location"}  # "in which city" is asked of whoever is named beside it
    if leans or piece.entities or piece.places or not question.entities or any(other.entities for other in before):
        return Part(said, (whole,))
    return Part(said, (whole, _whole(said, replace(question, mentions=()), catalogue)))


def _asks(piece: Question) -> bool:
    return len(piece.tokens) >= FEWEST and bool(_topics(piece) or {"question-word", "asking"} & piece.forms)


def _topics(piece: Question) -> frozenset[str]:
    return frozenset(piece.topics) - FORMS - BROAD


def _differ(pieces: list[Question]) -> bool:
    """Whether every piece asks for something that the first does not, or of something else."""
    first = pieces[0]
    return all(
        _topics(piece) != _topics(first) or piece.entities != first.entities or not _topics(piece)
        for piece in pieces[1:]
    )


def _dated(piece: Question, question: Question, catalogue: Catalogue) -> Question:
    """A piece with the years that only another piece gives."""
    if not question.years or piece.years:
        return piece
    dated = f"{piece.text} {' '.join(map(str, question.years))}"
    return replace(understand(dated, question.language, catalogue), wording=piece.wording)


def _whole(piece: Question, question: Question, catalogue: Catalogue) -> Question:
    """A piece with the name or the place that only another piece gives."""
    if piece.entities or piece.places:
        return piece
    if not question.entities:
        place = catalogue.places.get((*question.places, COUNTRY)[0])
        title = place.title[question.language] if place else ""
        whole = understand(f"{title}: {piece.text}", question.language, catalogue)
        return replace(whole, wording=piece.wording, places=question.places)  # a country that nobody named asks nothing
    title = catalogue.entries[question.entities[0]].title[question.language]
    whole = understand(f"{title}: {piece.text}", question.language, catalogue)
    return replace(whole.about(question.entities[:1]), wording=piece.wording, topics=piece.topics)
