"""Two questions in one message, told apart: "Где она находится и кто директор?"."""

import re
from dataclasses import replace

from assistant.catalogue import Catalogue
from assistant.question import BROAD, FORMS, Question, understand

COUNTRY = "kazakhstan"
MOST = 3
LONGEST = 6  # pieces, of which some ask nothing
FEWEST = 2  # words that a part must have
_SENTENCE = re.compile(r"(?<=[?!.])\s+")
_JOINT = re.compile(
    r"\s*[,;]?\s+(?:и|а также|а ещё|а еще|также|және|әрі|сондай-ақ|сонымен қатар|ал|тағы|and|and also|also|plus)\s+"
    r"|\s*[,;]\s+",
    re.IGNORECASE,
)


def parts(question: Question, catalogue: Catalogue) -> tuple[Question, ...]:
    """The questions that a message holds, made whole with the names of the first; none where it is one."""
    for pattern in (_SENTENCE, _JOINT):
        pieces = [piece.strip() for piece in pattern.split(question.text) if piece.strip()]
        if not 2 <= len(pieces) <= LONGEST:
            continue
        understood = [understand(piece, question.language, catalogue) for piece in pieces]
        asking = [piece for piece in understood if _asks(piece)]
        if 2 <= len(asking) <= MOST and _differ(asking):
            return tuple(_whole(piece, question, catalogue) for piece in asking)
    return ()


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


def _whole(piece: Question, question: Question, catalogue: Catalogue) -> Question:
    """A piece with the name, the place and the years that only another piece gives."""
    if question.years and not piece.years:
        dated = f"{piece.text} {' '.join(map(str, question.years))}"
        piece = replace(understand(dated, question.language, catalogue), wording=piece.wording)
    if piece.entities or piece.places:
        return piece
    if not question.entities:
        place = catalogue.places.get((*question.places, COUNTRY)[0])
        title = place.title[question.language] if place else ""
        return replace(understand(f"{title}: {piece.text}", question.language, catalogue), wording=piece.wording)
    title = catalogue.entries[question.entities[0]].title[question.language]
    whole = understand(f"{title}: {piece.text}", question.language, catalogue)
    return replace(whole.about(question.entities[:1]), wording=piece.wording, topics=piece.topics)
