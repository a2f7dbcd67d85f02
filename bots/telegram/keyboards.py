"""The buttons under messages. What a button does is its data, of which Telegram keeps 64 bytes.

`ask:N` asks what the button says; `speak:LANGUAGE` and `greet:LANGUAGE` choose a language; `up:ID` and `down:ID` rate
the answer of that id, and `why:REASON:ID` says what was wrong with it.
"""

from collections.abc import Sequence

from telegram import InlineKeyboardButton, InlineKeyboardMarkup

from assistant.knowledge import LANGUAGES, Language
from assistant.phrases import Phrases

NAMES: dict[Language, str] = {"kk": "Қазақша", "ru": "Русский", "en": "English"}
REASONS = ("wrong", "beside", "partial", "unclear")
RATING = ("up", "down", "why")

Row = list[InlineKeyboardButton]


def languages(action: str) -> InlineKeyboardMarkup:
    """One button a language, each in its own."""
    return InlineKeyboardMarkup([_languages(action)])


def welcome(language: Language, phrases: Phrases) -> InlineKeyboardMarkup:
    """The languages, and what could be asked first."""
    examples = [phrases.say("example_1", language), phrases.say("example_2", language)]
    return InlineKeyboardMarkup([_languages("greet"), *_questions(examples)])


def under_answer(suggestions: Sequence[str], rated: str | None) -> InlineKeyboardMarkup | None:
    """The next questions, and the thumbs for the answer with the id `rated`."""
    thumbs = [InlineKeyboardButton(sign, callback_data=f"{to}:{rated}") for sign, to in (("👍", "up"), ("👎", "down"))]
    rows = _questions(suggestions) + ([thumbs] if rated else [])
    return InlineKeyboardMarkup(rows) if rows else None


def without_rating(keyboard: InlineKeyboardMarkup | None) -> list[Row]:
    """The rows of a keyboard that do not rate."""
    rows = keyboard.inline_keyboard if keyboard else ()
    return [list(row) for row in rows if str(row[0].callback_data).split(":")[0] not in RATING]


def reasons(message: str, language: Language, phrases: Phrases) -> list[Row]:
    """What may be wrong with an answer, two in a row."""
    buttons = [
        InlineKeyboardButton(phrases.say(f"reason_{reason}", language), callback_data=f"why:{reason}:{message}")
        for reason in REASONS
    ]
    return [buttons[:2], buttons[2:]]


def label(keyboard: InlineKeyboardMarkup | None, data: str) -> str | None:
    """What the button with this data says."""
    rows = keyboard.inline_keyboard if keyboard else ()
    return next((button.text for row in rows for button in row if button.callback_data == data), None)


def _languages(action: str) -> Row:
    return [InlineKeyboardButton(NAMES[code], callback_data=f"{action}:{code}") for code in LANGUAGES]


def _questions(texts: Sequence[str]) -> list[Row]:
    return [[InlineKeyboardButton(text, callback_data=f"ask:{number}")] for number, text in enumerate(texts)]
