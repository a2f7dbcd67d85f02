"""Kazakh and Russian typed in Latin letters, brought to Cyrillic, and Kazakh typed in Russian ones, given its own.

No table can do it: i is і, и, й or ы, w is у or ш, and Russian soft signs are not typed at all. So a word is read as
a noisy spelling (Shannon's channel): of all Cyrillic words that `assistant.spellings` could have turned into it, the
one whose letters are likeliest (`assistant.letters`), found by a beam search. "kitaphana" and "китапхана" are both
"кітапхана".
"""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cache, lru_cache

from assistant.knowledge import Language
from assistant.language import Spelling
from assistant.letters import LONGEST, Letters
from assistant.spellings import KAZAKH, KAZAKH_ALPHABETS, RUSSIAN, RUSSIAN_KEYBOARD, Spellings

# By the last letters: (cost, what is written so far).
Beam = dict[str, tuple[float, str]]
Readings = Mapping[str, tuple[tuple[str, float], ...]]

# Wider finds no better words and takes longer, in proportion.
_BEAM = 6
_HOPELESS = 6.0
_LONGEST_SPELLING = 4
_LONGEST_WORD = 40
# What a spelling outside the habits costs: an official letter among chat ones is still read.
_RARE = 4.0
_APOSTROPHES = str.maketrans("’ʼ`´‘", "'''''")
_ADDRESS = (
    r"(?<![\w.+-])[\w.+-]++@\S+|(?:https?://|www\.)\S+"
    r"|(?<![\w.-])(?:[\w-]++\.)++(?:kz|ru|com|org|net)\b\S*"
)
# A word may hold apostrophes, and a digit that stands for a letter between letters or before two ("4to", "ko6ka").
_WORD = r"[^\W\d_](?:['’ʼ`´‘]*[^\W\d_]|(?<=[a-z])[46](?=[a-z]))*['’ʼ`´‘]?|\b4(?=[a-z]{2})[a-z'46]+"
_ROMAN = re.compile("[IVXLC]{2,}")
# Typed as in English even in the middle of Kazakh.
_BORROWED = {"online": "онлайн", "offline": "офлайн", "computer": "компьютер", "website": "сайт", "chat": "чат"}
_LATIN = re.compile(r"[A-Za-z\u00c0-\u024f\u0259\u01f5]")
_CYRILLIC = re.compile("[\u0400-\u052f]")
_CYRILLIC_WORD = re.compile("[\u0400-\u052f]{2,40}")
_OWN = re.compile(f"[{''.join(RUSSIAN_KEYBOARD)}]", re.IGNORECASE)
# Which letters each key of a Russian keyboard may stand for in Kazakh.
_TYPED: Readings = {
    key: tuple((letter, 0.0) for letter in (key, *(own for own, typed in RUSSIAN_KEYBOARD.items() if typed == key)))
    for key in "абвгдеёжзийклмнопрстуфхцчшщъыьэюя"
}


def in_own_letters(text: str, language: Language, spelling: Spelling, keep: frozenset[str] = frozenset()) -> str:
    """A message as its language is written, however it was typed."""
    if spelling == "latin":
        return to_cyrillic(text, language, keep)
    return with_kazakh_letters(text) if spelling == "folded" and language == "kk" else text


def to_cyrillic(text: str, language: Language, keep: frozenset[str] = frozenset()) -> str:
    """Latin words of a "kk" or "ru" text in Cyrillic; English text, addresses and words or phrases of `keep` stay.

    `keep` holds names as they are written, in any case folded small ("dosai", "air astana"). Length may change.
    """
    if language == "en" or not _LATIN.search(text):
        return text
    text = unicodedata.normalize("NFC", text)
    return _pattern(keep).sub(lambda match: _read(match, language), text)


@lru_cache(maxsize=32)
def _pattern(keep: frozenset[str]) -> re.Pattern[str]:
    """Addresses and kept names (to be left alone), or else a word, named "word"."""
    names = "|".join(re.escape(name) for name in sorted(keep, key=len, reverse=True) if name)
    kept = rf"(?<![^\W_])(?:{names})(?![^\W_])|" if names else ""
    return re.compile(rf"{_ADDRESS}|{kept}(?P<word>{_WORD})", re.IGNORECASE)


def _read(match: re.Match[str], language: Language) -> str:
    word = match["word"]
    if not word or not _LATIN.search(word) or _CYRILLIC.search(word) or _ROMAN.fullmatch(word):
        return match.group()
    if len(word) > _LONGEST_WORD:
        return word
    small = word.translate(_APOSTROPHES).casefold()
    return _in_case_of(word, _BORROWED.get(small) or decode(small, language))


def _in_case_of(word: str, found: str) -> str:
    if len(word) > 1 and word.isupper():
        return found.upper()
    return found.capitalize() if word[0].isupper() else found


def with_kazakh_letters(text: str) -> str:
    """A Kazakh text without a single Kazakh letter, as typed on a Russian keyboard, with them; another as it is.

    Only letters that `assistant.fold` makes alike are exchanged: what is compared by folded words stays the same.
    """
    text = unicodedata.normalize("NFC", text)
    if _OWN.search(text):
        return text
    return _CYRILLIC_WORD.sub(lambda match: _in_case_of(match.group(), decode_typed(match.group().casefold())), text)


@lru_cache(maxsize=20_000)
def decode_typed(word: str) -> str:
    """The likeliest Kazakh word that is typed `word` on a Russian keyboard (small letters)."""
    return _likeliest(word, _TYPED, Letters.load("kk"))


@lru_cache(maxsize=20_000)
def decode(word: str, language: Language) -> str:
    """The likeliest Cyrillic word that could be spelt `word` (small Latin letters)."""
    return _likeliest(word, _readings(language), Letters.load(language))


def _likeliest(word: str, readings: Readings, letters: Letters) -> str:
    beams: list[Beam] = [{} for _ in range(len(word) + 1)]
    beams[0] = {" ": (0.0, "")}
    for at in range(len(word)):
        best = _best(beams[at])
        for size in range(1, min(_LONGEST_SPELLING, len(word) - at) + 1):
            for reading, price in readings.get(word[at : at + size], _stray(word[at]) if size == 1 else ()):
                _extend(beams[at + size], best, reading, price, letters)
    ends = ((cost + letters.cost(ending, " "), written) for ending, (cost, written) in beams[-1].items())
    return min(ends)[1]


def _best(beam: Beam) -> list[tuple[float, str, str]]:
    """The (cost, written, ending) worth going on from."""
    ranked = sorted((cost, written, ending) for ending, (cost, written) in beam.items())[:_BEAM]
    return [entry for entry in ranked if entry[0] <= ranked[0][0] + _HOPELESS]


def _extend(beam: Beam, best: list[tuple[float, str, str]], reading: str, price: float, letters: Letters) -> None:
    """Put each of `best` + `reading` in the beam unless a cheaper one ends alike: only the ending bears on the rest."""
    for cost, written, ending in best:
        cost += price
        for letter in reading:
            cost += letters.cost(ending, letter)
            ending = (ending + letter)[1 - LONGEST :]
        if ending not in beam or cost < beam[ending][0]:
            beam[ending] = (cost, written + reading)


def _stray(character: str) -> tuple[tuple[str, float], ...]:
    """How a character outside every habit is read: signs vanish, a letter stays as it is."""
    return ((character if character.isalpha() else "", _RARE),)


@cache
def _readings(language: Language) -> Readings:
    """Each Latin spelling with the Cyrillic it may stand for and −log P(spelling | Cyrillic)."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    spellings = dict(KAZAKH if language == "kk" else RUSSIAN)
    for cyrillic, spelling, price in _priced(spellings):
        if spelling:
            found[spelling][cyrillic] = min(price, found[spelling].get(cyrillic, price))
    for sign in "ьъ":
        _unsigned(found, sign, spellings[sign])
    return {spelling: tuple(readings.items()) for spelling, readings in found.items()}


def _priced(spellings: Spellings) -> list[tuple[str, str, float]]:
    """(Cyrillic, spelling, price) of the habits, the alphabets and the shortcuts."""
    priced = [
        (cyrillic, spelling, -math.log(count / len(ways)))
        for cyrillic, ways in spellings.items()
        for spelling, count in Counter(ways).items()
    ]
    shortcuts = _SHORTCUTS_KK if "ә" in spellings else _SHORTCUTS_RU
    priced += [(cyrillic, spelling, _RARE) for spelling, cyrillics in shortcuts.items() for cyrillic in cyrillics]
    if "ә" in spellings:
        for alphabet in KAZAKH_ALPHABETS.values():
            priced += [(cyrillic, spelling, _RARE / 2) for cyrillic, spelling in alphabet.items()]
    return priced


# Letters of English spelling and endings cut short, seen less often.
_SHORTCUTS_KK = {
    "c": ("к", "с"), "x": ("кс",), "q": ("к", "ғ"), "w": ("в",), "ph": ("ф",), "iya": ("ия",), "ia": ("ия",),
    "iu": ("ию", "ю"), "ii": ("ий",), "'": ("",), "ck": ("к",), "tc": ("ц",), "6": ("ш", "б"), "ie": ("ие",),
}  # fmt: skip
_SHORTCUTS_RU = {
    "c": ("к", "с"), "x": ("кс",), "q": ("к",), "ph": ("ф",), "iy": ("ий", "ый"), "ii": ("ий", "ии"), "y": ("ий", "ый"),
    "i": ("ий", "ый"), "ia": ("ия",), "ja": ("ья",), "ya": ("ья",), "ck": ("к",), "tc": ("ц",), "'": ("",),
    "yj": ("ый",), "ij": ("ий",), "''": ("ъ",), "'e": ("ье", "ъе"), "š": ("ш",), "ž": ("ж",), "č": ("ч",), "ě": ("е",),
    "ŝ": ("щ",), "â": ("я",), "û": ("ю",), "è": ("э",), "ë": ("ё",), "é": ("э",),
}  # fmt: skip


def _unsigned(found: dict[str, dict[str, float]], sign: str, ways: tuple[str, ...]) -> None:
    """Let each consonant be read with a sign after it that nobody typed."""
    price = -math.log(ways.count("") / len(ways))
    for readings in found.values():
        for cyrillic, cost in list(readings.items()):
            if cyrillic in "бвгджзклмнпрстфхцчшщ":
                readings[cyrillic + sign] = cost + price
