"""Whether a sentence denies what its evidence does not, or leaves out what it denies: "not open", "непопулярен"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.clauses import STEM, Reading, Token, tokenized
from assistant.knowledge import Language
from assistant.words import same_stem, same_word

# Kazakh denies within the verb: "ашылмайды" is "ашылады" denied. Folded, as all words here.
_DENIED_ENDING = re.compile(r"[мбп][ае](?:й|с(?:[ае]|т[ае]н)?$|ды|ди|ган|ген|у$)")
_DENIED_VERB = re.compile(r"(?:\w{2}м|\w{3}[бп])[ае](?:йды|йди|йтын|ды|ди|ган|ген)|\w{2}м[ае]с$")  # not "табады"
_VERB_ENDING = re.compile(r"[аейыиуп]|[дт][ыи]|[гк][ае]н")
_OPPOSITES: dict[Language, tuple[str, ...]] = {
    "kk": ("бей",),
    "ru": ("не", "без"),
    "en": ("un", "non", "dis", "im", "in", "ir"),
}


def is_opposite(word: str, known: frozenset[str], language: Language) -> bool:
    """Whether a word that the evidence lacks denies one that it has, or the other way round: "непопулярен".

    A Kazakh verb denies whatever it is: "болмады".
    """
    if language == "kk" and _DENIED_VERB.search(word):
        return True
    return any(_denies(word, other, language) or _denies(other, word, language) for other in known)


def is_undenied(said: str, evidence: str, reading: Reading) -> bool:
    """Whether a sentence says without a denial what the evidence, where it comes closest to that, denies."""
    held = _uses(evidence, reading)
    return any(not use.is_denied and _is_denied_in(held, use) for use in _uses(said, reading))


@dataclass(frozen=True)
class _Use:
    """A word where it stands: whether a denial is right beside it, and the words of its clause."""

    word: str
    is_denied: bool
    clause: frozenset[str]


def _is_denied_in(held: Sequence[_Use], use: _Use) -> bool:
    """Whether the word is denied in the clause that is likest to the one it is said in."""
    found = [other for other in held if same_word(use.word, other.word)]
    likest = max(found, key=lambda other: (_likeness(use.clause, other.clause), other.is_denied), default=None)
    return likest is not None and likest.is_denied


def _uses(text: str, reading: Reading) -> list[_Use]:
    found = []
    for tokens in tokenized(text, reading):
        denied = {_denied(place, tokens, reading) for place in range(len(tokens))}
        for place, token in enumerate(tokens):
            if token.kind == "word":
                clause = frozenset(
                    other.name for other in tokens if (other.clause, other.kind) == (token.clause, "word")
                )
                found.append(_Use(token.name, place in denied, clause))
    return found


def _denied(place: int, tokens: Sequence[Token], reading: Reading) -> int | None:
    """The place of the word that the token denies: in Kazakh the one before it, else the one after."""
    token = tokens[place]
    if token.kind != "turning" or token.name not in reading.denying:
        return None
    side = range(place - 1, -1, -1) if reading.language == "kk" else range(place + 1, len(tokens))
    beside = next((at for at in side if tokens[at].kind != "linking"), None)
    # "Not only books" denies no books: what stands beside is another turning word.
    is_one = beside is not None and tokens[beside].kind == "word" and tokens[beside].clause == token.clause
    return beside if is_one else None


def _likeness(some: frozenset[str], others: frozenset[str]) -> float:
    """The share of two clauses' words that they have in common (Jaccard): 1 for the same clause."""
    shared = sum(any(same_word(word, other) for other in others) for word in some)
    return shared / (len(some) + len(others) - shared)


@lru_cache(maxsize=200_000)
def _denies(word: str, other: str, language: Language) -> bool:
    for prefix in _OPPOSITES[language]:
        if word.startswith(prefix) and len(word) > len(prefix) + STEM and same_stem(word[len(prefix) :], other):
            return True
    return language == "kk" and any(
        _DENIED_ENDING.match(word, stem) and other.startswith(word[:stem]) and _VERB_ENDING.match(other, stem)
        for stem in range(2, len(word) - 2)
    )
