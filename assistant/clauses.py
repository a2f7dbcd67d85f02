"""What stands beside a number or a word that turns a meaning, so that neither can be moved to another thing.

"Opened in 1896, it holds 57 thousand books" says nothing of 1896 books: of the number 1896 it knows a year, and
"opened"; of 57000 it knows "holds" and "books".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from assistant.fold import fold
from assistant.knowledge import Language
from assistant.numbers import spotted
from assistant.sentences import headed, parted
from assistant.words import same_stem, same_word, words

SAID = 2  # words on each side of a number that a sentence is held to
HELD = 3  # words on each side that its evidence may have them among
STEM = 4  # letters of a turning word that has forms
YEARS = range(1500, 2101)
_WORD = re.compile(r"[^\W_]+(?:['’ʼ][^\W_]+)*")
# Clauses end at marks and at the words that join what could stand by itself.
_MARK = re.compile(r"[;:()«»“”]|,(?!\d)|\s[–—-]\s")
_JOIN = re.compile(r"(?<!\w)(?:and|but|while|whereas|и|а|но|және|ал|бірақ|әрі)(?!\w)", re.IGNORECASE)
_SHARE = re.compile(r"\s?(?:%|(?:пайыз|процент|percent|per cent)\w*)", re.IGNORECASE)
_YEAR = re.compile(r"\s?[-–]?\s?(?:(?:жыл|год|year)\w*|жж?\b|гг?\b)", re.IGNORECASE)
_ENDING = re.compile(r"[-–‑][^\W\d_]{1,4}\b")  # "30-ға"
_WHEN = re.compile(r"\b(?:in|since|from|by|until|till|to|between|during|before|after|of|year)\s$", re.IGNORECASE)
_NEXT = re.compile(r"\s([^\W\d_]+)")

Kind = Literal["word", "linking", "turning", "count", "share", "year"]
NUMBERS: tuple[Kind, ...] = ("count", "share")  # years are none: they say when
_UNITS: dict[Kind, re.Pattern[str]] = {"share": _SHARE, "year": _YEAR}


@dataclass(frozen=True)
class Token:
    """A folded word or a number in plain digits, its clause, and the `wider` one that may have an "and" in it."""

    name: str
    kind: Kind
    clause: int
    wider: int


@dataclass(frozen=True)
class Mark:
    """A number or a turning word, the folded words beside it, and the years next to it in its sentence."""

    name: str
    kind: Kind
    beside: frozenset[str]
    years: frozenset[str]


@dataclass(frozen=True)
class Reading:
    """How a language's words are read, all folded: `linking` say nothing by themselves; `turning` turn or widen what is
    said; the `denying` among them say no.
    """

    language: Language
    linking: frozenset[str]
    turning: tuple[str, ...]
    denying: frozenset[str]

    def turned_by(self, word: str) -> str | None:
        """The turning word that a folded word is a form of."""
        return _turned_by(word, self.turning)


@lru_cache(maxsize=50_000)
def _turned_by(word: str, turning: tuple[str, ...]) -> str | None:
    if word.endswith(("n't", "n’t")):
        return "not"
    if word in turning:
        return word
    return next((other for other in turning if len(word) >= len(other) >= STEM and same_stem(word, other)), None)


def content(text: str, reading: Reading) -> list[str]:
    """The words of a text that say something by themselves, each once."""
    found = (token.name for tokens in tokenized(text, reading) for token in tokens if token.kind == "word")
    return list(dict.fromkeys(found))


def marks(text: str, reading: Reading, *, wide: bool) -> list[Mark]:
    """Every number and turning word of a text, with the words beside it; `wide`: of evidence, with more of them."""
    return [mark for tokens in tokenized(text, reading) for mark in _marked(tokens, reading, wide)]


def is_held(mark: Mark, evidence: Sequence[Mark]) -> bool:
    """Whether the evidence has the mark beside one of the words, and one of the years, that stand beside it here."""
    held = [other for other in evidence if (other.name, other.kind) == (mark.name, mark.kind)]
    return any(_meet(mark.beside, other.beside) and _meet(mark.years, other.years) for other in held)


def tokenized(text: str, reading: Reading) -> Iterator[list[Token]]:
    """The tokens of each sentence."""
    for line in text.split("\n"):
        for part in parted(line):
            yield _tokens(headed(part)[1], reading)


def _tokens(text: str, reading: Reading) -> list[Token]:
    marked = [match.start() for match in _MARK.finditer(text)]
    joined = [match.start() for match in _JOIN.finditer(text)]
    found: list[tuple[int, str, Kind]] = []
    taken = -1
    for start, end, value in spotted(text, reading.language):
        kind = _kind(text, start, end, reading)
        found.append((start, value, kind))
        found += _words(text, taken, start, reading)
        belonging = _UNITS.get(kind, _ENDING).match(text, end)
        taken = belonging.end() if belonging else end
    found += _words(text, taken, len(text), reading)
    return [
        Token(name, kind, sum(end < start for end in (*marked, *joined)), sum(end < start for end in marked))
        for start, name, kind in sorted(found)
    ]


def _words(text: str, start: int, end: int, reading: Reading) -> Iterator[tuple[int, str, Kind]]:
    """The words between two places; what is joined to a number ("7R") is left out."""
    for match in _WORD.finditer(text, max(start, 0), end):
        if match.start() > start or start < 0:
            for word in words(fold(match.group())):
                turned = reading.turned_by(word)
                saying: Kind = "linking" if word in reading.linking or word.isdigit() else "word"
                yield match.start(), turned or word, "turning" if turned else saying


def _kind(text: str, start: int, end: int, reading: Reading) -> Kind:
    """Of a number: a share with its sign or word, a year where nothing follows that it could count, or a count."""
    if _SHARE.match(text, end):
        return "share"
    digits = text[start:end]
    if not (len(digits) == 4 and digits.isdigit() and int(digits) in YEARS):
        return "count"
    following = _NEXT.match(text, end)
    counts = following and fold(following.group(1)) not in reading.linking
    return "count" if counts and not _YEAR.match(text, end) and not _WHEN.search(text[:start]) else "year"


def _marked(tokens: Sequence[Token], reading: Reading, wide: bool) -> Iterator[Mark]:
    dated = _dated(tokens)
    for place, token in enumerate(tokens):
        if token.kind not in ("word", "linking"):
            beside = _beside(token, tokens[:place][::-1], tokens[place + 1 :], reading, wide)
            yield Mark(token.name, token.kind, frozenset(beside), dated.get(place, frozenset()))


def _dated(tokens: Sequence[Token]) -> Mapping[int, frozenset[str]]:
    """The years of each number, by its place: its own where there are as many, else the next on both sides."""
    counts = [place for place, token in enumerate(tokens) if token.kind in NUMBERS]
    years = [(place, token.name) for place, token in enumerate(tokens) if token.kind == "year"]
    spans = [[year] for year in years[:1]]
    for last, year in pairwise(years):
        if year[0] == last[0] + 1:  # "2011–2012" is one
            spans[-1].append(year)
        else:
            spans.append([year])
    names = [frozenset(name for _, name in span) for span in spans]
    if len(counts) == len(spans):
        return dict(zip(counts, names, strict=True))
    after = {place: sum(span[0][0] < place for span in spans) for place in counts}
    return {place: frozenset().union(*names[max(at - 1, 0) : at + 1]) for place, at in after.items()}


def _beside(token: Token, before: Sequence[Token], after: Sequence[Token], reading: Reading, wide: bool) -> list[str]:
    """The words on both sides, nearest first; `wide`: of evidence, whose words may come in another order."""
    if token.kind == "turning":
        left, right = _until(token, (), before), _until(token, (), after)
        nearest = left[:1] + right[:1] if reading.language == "kk" else right[:1] or left[:1]
        return left + right if wide else nearest
    kinds: tuple[Kind, ...] = NUMBERS if token.kind in NUMBERS else ("year",)
    left, right = _until(token, kinds, before), _until(token, kinds, after)
    counted = any(other.kind in NUMBERS and other.clause == token.clause for other in before)
    if token.kind in NUMBERS and right and counted:
        left = []  # "32 centres had 10,087 users": the centres are those of the number before
    reach = SAID if not wide else len(before) + len(after) if token.kind == "year" else HELD
    return left[:reach] + right[:reach]


def _until(token: Token, kinds: Sequence[Kind], others: Sequence[Token]) -> list[str]:
    """The words of a mark's clause on one side of it, up to the next of its kind; a year's clause is the wider one."""
    found = []
    for other in others:
        away = other.wider != token.wider if token.kind == "year" else other.clause != token.clause
        if away or other.kind in kinds:
            break
        found += [other.name] if other.kind == "word" else []
    return found


def _meet(some: frozenset[str], others: frozenset[str]) -> bool:
    """Whether a word of the one is among the other's, in any form; none to look for is found."""
    return not some or not others or any(same_word(word, other) for word in some for other in others)
