"""Whether a message is meant for the bot, and what of it is the message."""

import re
from dataclasses import dataclass

from telegram import Message, MessageEntity, User
from telegram.constants import ChatType

_COMMAND = re.compile(r"/([A-Za-z0-9_]+)(?:@(\w+))?(?:\s+(.*))?", re.DOTALL)


@dataclass(frozen=True)
class Command:
    """`/name rest`, and to whom it was said, if to anybody."""

    name: str
    to: str | None
    rest: str


def command_of(text: str) -> Command | None:
    """The command that a text is, if it is one."""
    found = _COMMAND.fullmatch(text.strip())
    return Command(found[1].lower(), found[2], (found[3] or "").strip()) if found else None


def is_for(bot: User, message: Message) -> bool:
    """In private everything; in a group what mentions the bot or replies to it. Other bots are never answered."""
    sender = message.from_user
    if sender is None or (sender.is_bot and message.sender_chat is None):
        return False
    if message.chat.type == ChatType.PRIVATE:
        return True
    command = command_of(message.text or "")
    if command:
        return command.to is not None and _same(command.to, bot.username)
    replied = message.reply_to_message
    is_reply = bool(replied and replied.from_user and replied.from_user.id == bot.id)
    return is_reply or any(_names(bot, entity, words) for entity, words in _entities(message).items())


def without_mention(bot: User, message: Message) -> str:
    """The text of a message, mentions of the bot taken out."""
    text = (message.text or "").encode("utf-16-le")
    mentions = [entity for entity, words in message.parse_entities().items() if _names(bot, entity, words)]
    for entity in sorted(mentions, key=lambda entity: entity.offset, reverse=True):
        text = text[: 2 * entity.offset] + text[2 * (entity.offset + entity.length) :]
    return re.sub(r"\s+([,.!?])|^[\s,:;—-]+", r"\1", text.decode("utf-16-le", "replace")).strip()


def _entities(message: Message) -> dict[MessageEntity, str]:
    return message.parse_entities() if message.text else message.parse_caption_entities()


def _names(bot: User, entity: MessageEntity, words: str) -> bool:
    if entity.type == MessageEntity.TEXT_MENTION:
        return entity.user is not None and entity.user.id == bot.id
    return entity.type == MessageEntity.MENTION and _same(words.removeprefix("@"), bot.username)


def _same(name: str, username: str | None) -> bool:
    return username is not None and name.casefold() == username.casefold()
