"""Whether a sentence of a language model says what the passages it cites say, and nothing else.

`assistant.grounding` holds for people's sentences that the built-in writer joins. A model's own are held to more: each
has a citation, no mark-up, no word that turns its meaning, hardly a word that its passages lack, and every number and
denial beside what it stands beside there.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from assistant.clauses import Reading, content, is_held, marks
from assistant.denials import is_opposite, is_undenied
from assistant.fold import fold
from assistant.grounding import MARKER, is_supported
from assistant.knowledge import Language
from assistant.language import Identifier
from assistant.numbers import numbers
from assistant.schema import Citation
from assistant.sentences import headed, parted
from assistant.words import same_word, words

HELD = 0.6  # of a sentence's telling words that its passages have
UNKNOWN = 1  # words of it that no passage of the knowledge has either
TELLING = 4  # letters of a word that says something by itself
SAID = 0.5  # of a sentence's telling words that a text must have to have said it
LONGEST = 700  # characters of a sentence
DOCUMENT = "document:"  # how the ids of files that librarians drop in begin
SHORTEST = 3  # words whose language can be told
# HTML, Markdown's links, pictures, tables and code, and what shell or template would read.
_MARKUP = re.compile(r"<\s*[a-z/!?]|&#?\w+;|\]\s*\(|\]\s*:|!\[|```|[\\|{}$^~⟦⟧]", re.IGNORECASE)
# Whatever names an address: a scheme, a domain, an account, a path.
_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]+:[^\s\d][^\s\[\]()«»“”\"]*|[^\s\[\](),;«»“”\"]*\w[.。．@/]\w[^\s\[\](),;«»“”\"]*", re.IGNORECASE
)
_QUOTED = re.compile(r"«[^»]*»|“[^”]*”|\"[^\"]*\"")
_MIXED = re.compile(r"(?=\w*[a-z])(?=\w*[\u0370-\u052f])\w+", re.IGNORECASE)
_DATE = re.compile(r"\d+(?:[.,/-]\d+){2,}")
_WORD = re.compile(r"[^\W_]+(?:['’ʼ-][^\W_]+)*")


def ordinary_words(texts: Iterable[str]) -> frozenset[str]:
    """The folded words that `texts` have in small letters: no names."""
    return frozenset(
        word for text in texts for found in _WORD.findall(text) if found.islower() for word in words(fold(found))
    )


@dataclass(frozen=True)
class Claims:
    """What a sentence is held against. `ordinary`: words that are no names; `reading`: how its words are read."""

    citations: Mapping[int, Citation]
    identifier: Identifier
    ordinary: Collection[str]
    reading: Reading

    @property
    def language(self) -> Language:
        """The answer's."""
        return self.reading.language

    def fault(self, sentence: str) -> str | None:
        """Why a sentence cannot be said, in one word; None where it can."""
        cited = [self.citations[int(n)] for n in MARKER.findall(sentence) if int(n) in self.citations]
        if not cited:
            return "uncited"
        said = MARKER.sub("", headed(sentence)[1])
        evidence = "\n".join(f"{citation.title} .\n{citation.quote}" for citation in cited)
        if len(said) > LONGEST or _MARKUP.search(said) or not _addresses(said) <= _addresses(evidence):
            return "markup"
        if not self.is_spoken(said):
            return "language"
        if _has_odd_numbers(said, evidence) or not is_supported(headed(sentence)[1], self.citations, self.language):
            return "unsupported"
        if any(citation.id.startswith(DOCUMENT) for citation in cited) and not _is_quoted(said, evidence):
            return "paraphrase"
        return self._wording(said, evidence) or self._bearing(said, evidence)

    def is_spoken(self, said: str) -> bool:
        """Whether a text is in the language asked for, as far as can be told."""
        said = _QUOTED.sub(" ", said)  # titles stand in the language of their books
        if len(words(said)) < SHORTEST:
            return True
        return self.identifier.identify(said, self.language).language == self.language

    def _wording(self, said: str, evidence: str) -> str | None:
        """Why the words of a sentence are not its evidence's; None where they are."""
        known = frozenset(words(fold(evidence)))
        strange = [word for word in dict.fromkeys(words(fold(said))) if not _is_among(word, known)]
        turning = {self.reading.turned_by(word) for word in known} | {None}
        if any(
            self.reading.turned_by(word) not in turning or is_opposite(word, known, self.language) for word in strange
        ):
            return "turned"
        telling = content(said, self.reading)
        new = [word for word in telling if word in strange]
        unknown = [word for word in new if not _is_among(word, self._ordinary_like(word))]
        if not len(new) < len(telling) or len(new) > (1 - HELD) * len(telling) or len(unknown) > UNKNOWN:
            return "foreign"
        if _is_mixed(said, evidence):
            return "foreign"
        first = _WORD.search(said)
        return "named" if first and set(words(fold(first.group()))) & set(unknown) else None

    def _bearing(self, said: str, evidence: str) -> str | None:
        """Whether a number or a turning word bears on something else than in the evidence, or a denial is left out."""
        held = marks(evidence, self.reading, wide=True)
        if not all(is_held(mark, held) for mark in marks(said, self.reading, wide=False)):
            return "moved"
        return "turned" if is_undenied(said, evidence, self.reading) else None

    def _ordinary_like(self, word: str) -> frozenset[str]:
        return _filed(frozenset(self.ordinary)).get(word[:3], frozenset())


def unsaid(answer: str, text: str, language: Language) -> str:
    """An answer without the sentences that `text` says: those whose numbers, names and half of whose words it has."""
    said = MARKER.sub("", text)
    had, held = frozenset(words(fold(said))), numbers(said, language)

    def left(line: str) -> str:
        parts = (part for part in parted(line) if not _is_said(MARKER.sub("", headed(part)[1]), had, held, language))
        return " ".join(parts)

    return re.sub(r"\n{3,}", "\n\n", "\n".join(map(left, answer.split("\n")))).strip()


def _is_said(part: str, had: frozenset[str], held: set[str], language: Language) -> bool:
    if not numbers(part, language) <= held:
        return False
    names = {word for name in _WORD.findall(part)[1:] if name[:1].isupper() for word in words(fold(name))}
    every = words(fold(part))
    telling = {word for word in every if len(word) >= TELLING} or set(every)
    found = {word for word in telling | names if _is_among(word, had)}
    return names <= found and len(found & telling) >= SAID * len(telling)


@lru_cache(maxsize=4)
def _filed(ordinary: frozenset[str]) -> Mapping[str, frozenset[str]]:
    """Words by their first three letters, which forms of one word share."""
    filed: dict[str, set[str]] = {}
    for word in ordinary:
        filed.setdefault(word[:3], set()).add(word)
    return {start: frozenset(found) for start, found in filed.items()}


def _is_quoted(said: str, evidence: str) -> bool:
    """Whether a sentence stands in its evidence word for word.

    Librarians read the knowledge's entries; of the files they drop in, which may say "write that…", nothing may be made
    but what stands there.
    """
    quoted = (headed(part)[1] for line in evidence.split("\n") for part in parted(line))
    return any(words(fold(said)) == words(fold(part)) for part in quoted)


def _is_among(word: str, known: frozenset[str]) -> bool:
    return word in known or any(same_word(word, other) for other in known)


def _addresses(text: str) -> set[str]:
    """Whatever in a text may be read as the address of something: a.b, a@b, a/b."""
    return {found.strip(".,:!?").casefold() for found in _ADDRESS.findall(text) if not _is_number(found)}


def _is_number(found: str) -> bool:
    return not any(letter.isalpha() for letter in found)


def _has_odd_numbers(said: str, evidence: str) -> bool:
    """Whether a number is written as `numbers` does not read it (½, ⑲, Ⅻ, 12.12.2019), and not so in the evidence."""
    odd = [sign for sign in said if unicodedata.category(sign) in ("No", "Nl")]
    return any(found not in evidence for found in (*odd, *_DATE.findall(said)))


def _is_mixed(said: str, evidence: str) -> bool:
    """Whether a word mixes Latin with Cyrillic or Greek letters as look-alikes do, and the evidence has none such."""
    return any(word not in evidence for word in _MIXED.findall(said))
