"""Which of our languages a code names: Telegram gives IETF tags such as `ru` or `en-GB`."""

from assistant.knowledge import LANGUAGES, Language


def tongue(code: str | None) -> Language | None:
    """Ours, or None."""
    return next((language for language in LANGUAGES if (code or "").lower().split("-")[0] == language), None)
