"""The bot's parts by themselves: inbox, patrons, pace, and what a message says to whom."""

from pathlib import Path
from typing import Any

import pytest
from telegram import Message, User

from assistant.errors import StoreError
from bots.telegram.address import command_of, is_for, without_mention
from bots.telegram.inbox import KEPT_SECONDS, Inbox
from bots.telegram.pace import Pace
from bots.telegram.patrons import Key, Patron, Patrons
from bots.telegram.stop import pauses
from bots.telegram.tables import open_tables, updates
from bots.telegram.tongue import tongue

BOT = User(123456, "Шырақ", is_bot=True, username="ShyraqTestBot")


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(*open_tables(tmp_path, "1"))


@pytest.fixture
def patrons(tmp_path: Path) -> Patrons:
    return Patrons(*open_tables(tmp_path, "1"))


def test_an_inbox_keeps_order_within_a_chat_whatever_came_first(inbox: Inbox) -> None:
    assert inbox.take(12, 1, {"b": 1}) and inbox.take(11, 1, {"a": 1}) and inbox.take(10, 2, {})
    assert not inbox.take(11, 1, {"a": 1})
    assert sorted(inbox.chats()) == [1, 2]
    first = inbox.next(1)
    assert first and (first.id, first.body) == (11, {"a": 1})
    inbox.mark_answered(11)
    second = inbox.next(1)
    assert second and second.id == 12
    assert not inbox.take(11, 1, {"a": 1}), "an answered update is still known"


def test_an_inbox_survives_being_opened_again(tmp_path: Path) -> None:
    inbox = Inbox(*open_tables(tmp_path, "1"))
    inbox.take(1, 5, {"a": "сөз"})
    inbox.keep_reply(1, {"answer": "сөз"})
    inbox.mark_told(1)
    again = Inbox(*open_tables(tmp_path, "1")).next(5)
    assert again and (again.body, again.reply, again.told) == ({"a": "сөз"}, {"answer": "сөз"}, True)
    assert Inbox(*open_tables(tmp_path, "2")).next(5) is None, "another bot's updates are numbered by themselves"


def test_old_numbers_are_swept_and_what_waits_is_not(tmp_path: Path) -> None:
    reader, writer = open_tables(tmp_path, "1")
    inbox = Inbox(reader, writer)
    for number in (1, 2, 3):
        inbox.take(number, 5, {})
    inbox.mark_answered(1)
    inbox.mark_answered(2)
    with writer.begin() as connection:
        connection.execute(updates.update().where(updates.c.id == 1).values(answered_at=1.0))
        connection.execute(updates.update().where(updates.c.id == 3).values(received_at=-KEPT_SECONDS))
    inbox.sweep()
    assert inbox.take(1, 5, {}) and not inbox.take(2, 5, {}) and not inbox.take(3, 5, {})


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="SHYRAQ_DATA_DIR"):
        open_tables(tmp_path / "file", "1")


def test_patrons_of_a_group_are_apart_and_leave_together(patrons: Patrons) -> None:
    one, two = Key(-5, 1), Key(-5, 2)
    patrons.put(one, Patron("kk", conversation="a"))
    patrons.put(one, Patron("ru", chosen=True, conversation="b"))
    patrons.put(two, Patron("en", conversation="c"))
    assert patrons.get(one) == Patron("ru", True, "b") and sorted(patrons.conversations(one)) == ["a", "b"]
    patrons.move(-5, -100)
    assert patrons.get(one) == Patron() and patrons.get(Key(-100, 2)).conversation == "c"
    patrons.leave(-100)
    assert patrons.get(Key(-100, 2)) == Patron() and sorted(patrons.doomed()) == ["a", "b", "c"]
    patrons.drop("a")
    assert sorted(patrons.doomed()) == ["b", "c"]


def test_a_flood_is_told_once_until_it_has_ended() -> None:
    pace = Pace(limit=4)
    verdicts = [pace.judge(1, at) for at in range(120)]
    assert verdicts[:6] == ["welcome"] * 4 + ["tell", "silent"]
    assert verdicts.count("welcome") == 8 and verdicts.count("tell") == 1
    assert pace.judge(2, 5) == "welcome"
    pace.sweep(1000)
    assert [pace.judge(1, 1000 + at) for at in range(5)] == ["welcome"] * 4 + ["tell"]


@pytest.mark.parametrize(
    ("text", "name", "to", "rest"),
    [
        ("/start", "start", None, ""),
        ("/START@ShyraqTestBot deep link", "start", "ShyraqTestBot", "deep link"),
        ("/new\nсөз", "new", None, "сөз"),
    ],
)
def test_commands_are_read(text: str, name: str, to: str | None, rest: str) -> None:
    command = command_of(text)
    assert command and (command.name, command.to, command.rest) == (name, to, rest)


@pytest.mark.parametrize("text", ["start", "/", "a /start", "5/6", "/start-now"])
def test_what_is_no_command_is_a_question(text: str) -> None:
    assert command_of(text) is None


def message(text: str, *, chat: str = "group", entities: Any = (), **more: Any) -> Message:
    sender = {"id": 7, "is_bot": False, "first_name": "Айгүл"}
    data = {"message_id": 1, "date": 1, "chat": {"id": -5, "type": chat}, "from": sender, "text": text}
    read = Message.de_json({**data, "entities": entities, **more}, None)
    assert read
    return read


def named(text: str, name: str, **more: Any) -> list[dict[str, Any]]:
    offset = len(text[: text.index(name)].encode("utf-16-le")) // 2
    return [{"type": "mention", "offset": offset, "length": len(name), **more}]


def test_who_is_meant_in_a_group() -> None:
    ours, other = "😀 @shyraqtestbot, Абай кім?", "@shyraqtestbot2 Абай кім?"
    by_name = "Шырақ, Абай кім?"
    assert is_for(BOT, message(ours, entities=named(ours, "@shyraqtestbot")))
    assert not is_for(BOT, message(other, entities=named(other, "@shyraqtestbot2")))
    assert not is_for(BOT, message(ours))
    assert is_for(BOT, message(by_name, entities=named(by_name, "Шырақ", type="text_mention", user=BOT.to_dict())))
    assert is_for(BOT, message("/help@ShyraqTestBot")) and not is_for(BOT, message("/help@OtherBot"))
    assert not is_for(BOT, message("/help")) and is_for(BOT, message("/help", chat="private"))
    assert not is_for(BOT, message("сәлем", chat="private", **{"from": BOT.to_dict()}))


def test_the_mention_is_taken_out_and_the_rest_left_as_it_is() -> None:
    for text, rest in [("😀 @ShyraqTestBot, Абай кім?", "😀, Абай кім?"), ("@ShyraqTestBot Абай кім?", "Абай кім?")]:
        assert without_mention(BOT, message(text, entities=named(text, "@ShyraqTestBot"))) == rest


@pytest.mark.parametrize(
    ("code", "language"), [("kk", "kk"), ("ru-RU", "ru"), ("EN", "en"), ("kz", None), (None, None)]
)
def test_language_codes(code: str | None, language: str | None) -> None:
    assert tongue(code) == language


def test_pauses_grow_to_their_limit() -> None:
    found = [pause for pause, _ in zip(pauses(1, 8), range(6), strict=False)]
    assert found == [1, 2, 4, 8, 8, 8]
