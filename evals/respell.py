"""Kazakh and Russian respelled the way people type them: without Kazakh letters, in Latin, with typos.

Every habit is drawn at random for one text and kept through it, as a person would; the Latin ones are those of
`assistant.spellings`. Used to train the language identifier, and to measure it, the Latin decoder and the answers to
respelled questions.
"""

import random
import re
import unicodedata
from collections.abc import Mapping

from assistant.spellings import KAZAKH, KAZAKH_ALPHABETS, RUSSIAN

Habit = Mapping[str, str]

KAZAKH_LETTERS = "әғқңөұүһі"
_RUSSIAN_KEYBOARD = {
    "ә": "аааае", "ғ": "г", "қ": "к", "ң": ["н", "н", "н", "нг"], "ө": "о", "ұ": "у", "ү": "у", "һ": "х", "і": "ииииiы",
}  # fmt: skip
# The alphabet of 2021 is the one taught, so it is drawn twice as often.
OFFICIAL: tuple[Habit, ...] = (KAZAKH_ALPHABETS["2021"], *KAZAKH_ALPHABETS.values())
_KEYS = {
    "ru": "йцукенгшщзхъ фывапролджэ ячсмитьбю", "en": "qwertyuiop asdfghjkl zxcvbnm", "kk": "әіңғ үұқөһ",
}  # fmt: skip


def fold_kazakh(text: str, rng: random.Random) -> str:
    """Kazakh typed on a Russian keyboard; one time in four some of the letters stay."""
    letters = [x for x in KAZAKH_LETTERS if rng.random() < 0.7] if rng.random() < 0.25 else KAZAKH_LETTERS
    return respell(text, {letter: rng.choice(_RUSSIAN_KEYBOARD[letter]) for letter in letters})


def latin_kazakh(text: str, rng: random.Random) -> str:
    """Kazakh in Latin letters: an official alphabet one time in four, else a chat habit."""
    official = rng.choice(OFFICIAL)
    return respell(text, official if rng.random() < 0.25 else chat_kazakh(rng))


def chat_kazakh(rng: random.Random) -> Habit:
    """One person's Latin spelling of Kazakh."""
    habit = {letter: rng.choice(ways) for letter, ways in KAZAKH.items()}
    if habit["ш"] == habit["у"] == "w":
        habit["у"] = "u"
    # Nobody writes one letter for both ы and й-like у, or c for two sounds.
    if habit["у"] == "y" and habit["ы"] == "y":
        habit["у"] = "u"
    if habit["ш"] == "c":
        habit["ч"] = "ch"
    return habit


def latin_russian(text: str, rng: random.Random) -> str:
    """Russian in Latin letters; "-ий", "-ый" often shortened as in passports."""
    habit = {letter: rng.choice(ways) for letter, ways in RUSSIAN.items()}
    if habit["е"] == "ye":  # BGN: only at the start of a word and after a vowel or a sign
        habit["е"] = "e"
        text = re.sub(r"(?<![^\W_])е|(?<=[аеёиоуыэюяъь])е", "ye", text)
    if rng.random() < 0.3:
        ending = rng.choice(["y", "i", "iy"])
        text = re.sub(r"[иы]й\b", ending, text)
    return respell(text, habit)


def respell(text: str, habit: Habit) -> str:
    """`text` with each letter of `habit` replaced, capitals kept."""
    return unicodedata.normalize("NFC", "".join(_spelt(character, habit) for character in text))


def _spelt(character: str, habit: Habit) -> str:
    small = character.lower()
    spelt = habit.get(small, small)
    return spelt if small == character else spelt.capitalize()


def typo(text: str, rng: random.Random) -> str:
    """`text` with one slip of the finger: a letter lost, doubled, swapped with the next, or its neighbour hit."""
    places = [i for i, character in enumerate(text) if character.isalpha()]
    if len(places) < 4:
        return text
    i = rng.choice(places[1:])
    return rng.choice([
        text[:i] + text[i + 1 :],
        text[:i] + text[i] + text[i:],
        text[: i - 1] + text[i] + text[i - 1] + text[i + 1 :],
        text[:i] + _neighbour(text[i], rng) + text[i + 1 :],
    ])  # fmt: skip


def _neighbour(letter: str, rng: random.Random) -> str:
    for rows in _KEYS.values():
        at = rows.find(letter.lower())
        if at >= 0:
            return rows[max(0, min(len(rows) - 1, at + rng.choice([-1, 1])))].strip() or letter
    return letter


def recase(text: str, rng: random.Random) -> str:
    """`text` as people press Shift: mostly small letters, sometimes all capitals."""
    draw = rng.random()
    if draw < 0.5:
        return text.lower()
    return text.upper() if draw < 0.56 else text
