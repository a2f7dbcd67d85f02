"""The phrases of prompts/telegram.yaml that the bot says, each with its placeholders."""

from assistant.phrases import Placeholders
from bots.telegram.commands import MENU
from bots.telegram.keyboards import REASONS

SAID = (
    "greeting example_1 example_2 description choose_language language_chosen new_conversation sources no_sources"
    " privacy nothing_to_forget librarian_unknown unknown_command ai_label rated_up rated_down reason_kept too_old"
    " rate_later text_only core_away gave_up internal too_many"
)
WORDS: Placeholders = {
    **dict.fromkeys(SAID.split(), frozenset()),
    **{f"command_{name}": frozenset() for name in MENU},
    **{f"reason_{name}": frozenset() for name in REASONS},
    "help": frozenset({"name"}),
    "forgotten": frozenset({"conversations", "messages"}),
    "librarian": frozenset({"contact"}),
}
