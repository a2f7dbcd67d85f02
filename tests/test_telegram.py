"""The Telegram bot as patrons meet it: a real process, a real core, and a stand-in for Telegram, all over HTTP."""

import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from assistant.knowledge import LANGUAGES, Language
from assistant.phrases import TELEGRAM, Phrases
from assistant.schema import Citation, Focus, Reply, Turn
from assistant.settings import shipped
from bots.telegram.commands import MENU
from evals.botapi import BOT, Fault, buttons
from tests.bot import Stage, fields, stage
from tests.conftest import stand_in

NAME = f"@{BOT['username']}"
PHRASES = Phrases.load(shipped("prompts"), TELEGRAM)


def answer(message: str, language: Language | None, history: Sequence[Turn]) -> Turn:
    """Answers like the stand-in of conftest, and on request slowly, at length, or with nothing to cite."""
    if message == "slow":
        time.sleep(1.5)
    turn = stand_in(message, language, history)
    reply = turn.reply
    if message == "long":
        reply = reply.model_copy(update={"answer": "Өлке тарихы <мен> **мәдени мұрасы** & музейі [1]. " * 300})
    if message == "web":
        cited = Citation(
            n=1, id="a#b", title="Сайт", source="Шолу", url="https://kitap.example/?a=1&b=2", quote="«Сөз»."
        )
        reply = reply.model_copy(update={"answer": "Сөз [1].", "citations": (cited,)})
    if message == "hello":
        reply = Reply(language=language or "kk", status="smalltalk", answer="Сәлем!")
    if message == "in English":
        reply = reply.model_copy(update={"language": "en"})
    return Turn(message=message, reply=reply, focus=Focus())


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One bot for all tests, each of which has a chat of its own."""
    given = {"librarian_contact": "kitap@example.kz"}
    with stage(tmp_path_factory.mktemp("bot"), answer=answer, **given) as played:
        yield played


@pytest.fixture
def chat(request: pytest.FixtureRequest) -> int:
    """A number that no other test has."""
    return abs(hash(request.node.nodeid)) % 10**9 + 1


def said(key: str, language: Language, **values: object) -> str:
    """A phrase as Telegram shows it."""
    return PHRASES.say(key, language, **values).replace("**", "").strip()


def turns(message: dict[str, Any]) -> str:
    """How many turns the core was told of: the stand-in says so."""
    found = re.search(r"\((\d+)\)", message["text"])
    assert found
    return found[1]


# --- The first words, and commands ---


@pytest.mark.parametrize(
    ("code", "language"), [("kk", "kk"), ("ru-RU", "ru"), ("en-GB", "en"), ("de", "en")]
)  # fmt: skip
def test_start_greets_in_the_language_of_their_telegram(play: Stage, chat: int, code: str, language: Language) -> None:
    play.api.say(chat, "/start", language=code)
    (message,) = play.api.messages(chat)
    assert message["text"] == said("greeting", language)
    assert list(buttons(message).values())[:3] == ["Қазақша", "Русский", "English"]


def test_every_greeting_says_that_it_is_an_ai() -> None:
    words = {"kk": "жасанды интеллект", "ru": "искусственный интеллект", "en": "an AI"}
    assert all(words[language] in said("greeting", language) for language in LANGUAGES)


def test_a_language_is_chosen_by_button_and_remembered(play: Stage, chat: int) -> None:
    play.api.say(chat, "/start", language="ru")
    play.api.messages(chat)
    play.api.press(chat, "greet:kk")
    play.api.wait(lambda: play.api.chats[chat].messages[0]["text"] == said("greeting", "kk"))
    play.api.say(chat, "/help", language="ru")
    assert play.api.messages(chat, 2)[-1]["text"] == said("help", "kk", name=BOT["username"])
    play.api.say(chat, "/language", language="ru")
    play.api.messages(chat, 3)
    play.api.press(chat, "speak:en")
    play.api.wait(lambda: play.api.chats[chat].messages[2]["text"] == said("language_chosen", "en"))


def test_an_example_of_the_greeting_is_asked_by_pressing_it(play: Stage, chat: int) -> None:
    play.api.say(chat, "/start", language="kk")
    play.api.messages(chat)
    play.api.press(chat, "ask:0")
    html = play.api.messages(chat, 2)[-1]["html"]
    assert html.startswith(f"<blockquote>{said('example_1', 'kk')}</blockquote>")


@pytest.mark.parametrize("language", LANGUAGES)
def test_commands_answer_in_the_patrons_language(play: Stage, chat: int, language: Language) -> None:
    expected = {
        "/help": said("help", language, name=BOT["username"]),
        "/privacy": said("privacy", language),
        "/librarian": said("librarian", language, contact="kitap@example.kz"),
        "/sources": said("no_sources", language),
        "/new": said("new_conversation", language),
        "/forget": said("nothing_to_forget", language),
        "/language": said("choose_language", language),
        "/dance": said("unknown_command", language),
    }
    for command in expected:
        play.api.say(chat, command, language=language)
    found = play.api.messages(chat, len(expected))
    assert [message["text"] for message in found] == list(expected.values())


def test_the_menu_is_registered_in_three_languages_and_for_all_others(play: Stage) -> None:
    menus = [body for method, body in play.api.calls if method == "setMyCommands"]
    assert [menu.get("language_code") for menu in menus] == [None, "kk", "ru", "en"]
    assert all([command["command"] for command in menu["commands"]] == list(MENU) for menu in menus)
    assert menus[1]["commands"][0]["description"] == said("command_start", "kk")
    described = [body for method, body in play.api.calls if method == "setMyDescription"]
    assert len(described) == 4 and all(len(body["description"]) <= 512 for body in described)
    assert all(len(command["description"]) <= 256 for menu in menus for command in menu["commands"])


# --- Questions ---


def test_an_answer_has_its_sources_its_next_questions_its_thumbs_and_says_who_wrote_it(play: Stage, chat: int) -> None:
    play.api.say(chat, "Что есть?", language="ru")
    (message,) = play.api.messages(chat)
    assert message["html"] == (
        "Қостанай облыстық кітапханасы өлке тарихымен танымал [1]. Оның <b>қоры</b> шағын, бірақ жинақы [2].\n\n"
        "• бірінші жол\n• екінші жол [1]\n\nЁлка — ағаш. (0)\n\n"
        "<blockquote expandable>[1] [2] Қостанай — DosAI</blockquote>\n\n<i>🤖 Ответ ИИ</i>"
    )
    data = list(buttons(message))
    assert data[0] == "ask:0" and [part.split(":")[0] for part in data[1:]] == ["up", "down"]


def test_typing_is_shown_first_and_the_answer_streams(play: Stage, chat: int) -> None:
    play.api.say(chat, "Что есть?")
    (message,) = play.api.messages(chat)
    order = [method for method, body in play.api.calls if str(body.get("chat_id")) == str(chat)]
    assert order[0] == "sendChatAction" and order[-1] == "sendMessage" and order.count("sendMessage") == 1
    assert "sendMessageDraft" in order
    assert all(message["text"].startswith(draft) for draft in play.api.chats[chat].drafts)


def test_typing_goes_on_while_the_core_thinks(play: Stage, chat: int) -> None:
    play.api.say(chat, "slow")
    began = time.monotonic()
    play.api.wait(lambda: ("sendChatAction", str(chat)) in [(m, str(b.get("chat_id"))) for m, b in play.api.calls])
    assert time.monotonic() - began < 1.4, "typing is shown before the answer is there"
    play.api.messages(chat)


def test_follow_ups_go_on_and_new_begins_anew(play: Stage, chat: int) -> None:
    for text in ("one", "two", "/new", "three"):
        play.api.say(chat, text)
    found = play.api.messages(chat, 4)
    assert [turns(found[0]), turns(found[1]), turns(found[3])] == ["0", "1", "0"]


def test_a_suggestion_is_asked_by_its_button_in_the_same_conversation(play: Stage, chat: int) -> None:
    play.api.say(chat, "one")
    play.api.messages(chat)
    play.api.press(chat, "ask:0")
    message = play.api.messages(chat, 2)[-1]
    assert message["html"].startswith("<blockquote>Ал Қарағанды ше?</blockquote>") and turns(message) == "1"


def test_the_bots_own_words_follow_the_language_of_the_answers(play: Stage, chat: int) -> None:
    for text in ("in English", "/new"):
        play.api.say(chat, text, language="ru")
    assert play.api.messages(chat, 2)[-1]["text"] == said("new_conversation", "en")


def test_small_talk_is_neither_rated_nor_sourced(play: Stage, chat: int) -> None:
    play.api.say(chat, "hello", language="kk")
    (message,) = play.api.messages(chat)
    assert message["text"] == "Сәлем!\n\n🤖 ЖИ жауабы" and not buttons(message)


def test_sources_show_the_last_answers_quotes_and_links(play: Stage, chat: int) -> None:
    for text in ("web", "hello", "/sources"):
        play.api.say(chat, text, language="kk")
    html = play.api.messages(chat, 3)[-1]["html"]
    assert '<a href="https://kitap.example/?a=1&amp;b=2">Сайт</a>' in html
    assert "<blockquote>«Сөз».</blockquote>" in html


def test_a_long_answer_comes_in_parts_with_the_buttons_under_the_last(play: Stage, chat: int) -> None:
    play.api.say(chat, "long")
    play.api.wait(lambda: any(buttons(message) for message in play.api.chats[chat].messages))
    found = play.api.chats[chat].messages
    assert len(found) > 3 and [bool(buttons(message)) for message in found] == [False] * (len(found) - 1) + [True]
    together = " ".join(message["text"] for message in found)
    assert together.count("Өлке тарихы <мен> мәдени мұрасы & музейі [1].") == 300
    assert play.api.refused == []


def test_a_message_that_is_too_long_is_told_in_the_cores_words(play: Stage, chat: int) -> None:
    play.api.say(chat, "ұ" * 2001, language="kk")
    (message,) = play.api.messages(chat)
    assert "2000" in message["text"] and "таңба" in message["text"]


@pytest.mark.parametrize("content", ["voice", "photo", "sticker", "document"])
def test_what_is_not_text_gets_a_kind_sentence(play: Stage, chat: int, content: str) -> None:
    file = {"file_id": "a", "file_unique_id": "b"}
    sizes = {"width": 9, "height": 9}
    sent: dict[str, Any] = {
        "voice": {**file, "duration": 3},
        "photo": [{**file, **sizes}],
        "sticker": {**file, **sizes, "is_animated": False, "is_video": False, "type": "regular"},
        "document": file,
    }
    play.api.send(chat, language="kk", **{content: sent[content]})
    (message,) = play.api.messages(chat)
    assert message["text"] == said("text_only", "kk")


# --- Thumbs ---


def thumb(play: Stage, chat: int, name: str) -> str:
    """The data of a thumb under the last message, and so the message's id."""
    return next(data for data in buttons(play.api.chats[chat].messages[-1]) if data.startswith(f"{name}:"))


def rating(play: Stage, chat: int, message: str) -> object:
    """What the core holds of a message's rating."""
    with_core = play.core.get(f"/api/conversations/{conversation(play, chat)}").json()["messages"]
    return next(held["rating"] for held in with_core if held["message_id"] == message)


def conversation(play: Stage, chat: int) -> str:
    """The chat's conversation, as the bot's own file has it."""
    (file,) = (play.bot.log.parent / "data").glob("telegram-*.db")
    with sqlite3.connect(file) as connection:
        rows = connection.execute("SELECT conversation FROM patrons WHERE chat = ?", [chat]).fetchall()
    return str(rows[0][0])


def test_a_thumb_up_is_kept_and_leaves_the_suggestions(play: Stage, chat: int) -> None:
    play.api.say(chat, "one", language="kk")
    play.api.messages(chat)
    pressed = thumb(play, chat, "up")
    play.api.press(chat, pressed, language="kk")
    play.api.wait(lambda: list(buttons(play.api.chats[chat].messages[0])) == ["ask:0"])
    assert rating(play, chat, pressed.split(":")[1]) == 1
    assert said("rated_up", "kk") in play.api.chats[0].toasts


def test_a_thumb_down_may_have_a_reason_which_is_kept_with_it(play: Stage, chat: int) -> None:
    play.api.say(chat, "one", language="kk")
    play.api.messages(chat)
    message = thumb(play, chat, "down").split(":")[1]
    play.api.press(chat, f"down:{message}", language="kk")
    play.api.wait(lambda: f"why:wrong:{message}" in buttons(play.api.chats[chat].messages[0]))
    assert rating(play, chat, message) == -1
    play.api.press(chat, f"why:wrong:{message}", language="kk")
    play.api.wait(lambda: list(buttons(play.api.chats[chat].messages[0])) == ["ask:0"])
    assert comments(play, message) == ["Жауап қате"]


def comments(play: Stage, message: str) -> list[str]:
    """The comments that the core's database holds on a message."""
    query = "SELECT f.comment FROM feedback f JOIN messages m ON m.number = f.message WHERE m.id = ?"
    with sqlite3.connect(play.bot.log.parent / "core" / "shyraq.db") as connection:
        return [row[0] for row in connection.execute(query, [message])]


def test_a_button_of_an_answer_that_is_gone_says_so(play: Stage, chat: int) -> None:
    play.api.say(chat, "one", language="en")
    play.api.messages(chat)
    pressed = thumb(play, chat, "up")
    play.api.say(chat, "/forget", language="en")
    play.api.messages(chat, 2)
    before = len(play.api.chats[0].toasts)
    play.api.press(chat, pressed, language="en")
    play.api.wait(lambda: len(play.api.chats[0].toasts) > before)
    assert play.api.chats[0].toasts[-1] == said("too_old", "en")


# --- What is kept ---


def test_forget_deletes_every_conversation_and_says_how_much(play: Stage, chat: int) -> None:
    for text in ("one", "two"):
        play.api.say(chat, text, language="ru")
    play.api.messages(chat, 2)
    first = conversation(play, chat)
    for text in ("/new", "three", "/forget"):
        play.api.say(chat, text, language="ru")
    told = play.api.messages(chat, 5)[-1]["text"]
    assert told == said("forgotten", "ru", conversations=2, messages=3)
    assert play.core.get(f"/api/conversations/{first}").status_code == 404


def test_who_blocks_the_bot_is_forgotten_here_and_at_the_core(play: Stage, chat: int) -> None:
    play.api.say(chat, "one")
    play.api.messages(chat)
    held = conversation(play, chat)
    play.api.update(my_chat_member=member(chat, "kicked"))
    play.api.wait(lambda: patrons(play, chat) == 0)
    play.api.say(chat, "/forget")  # whoever comes back finds nothing left but what is being deleted
    told = play.api.messages(chat, 2)[-1]["text"]
    assert told == said("forgotten", "ru", conversations=1, messages=1)
    assert play.core.get(f"/api/conversations/{held}").status_code == 404


def patrons(play: Stage, chat: int) -> int:
    (file,) = (play.bot.log.parent / "data").glob("telegram-*.db")
    with sqlite3.connect(file) as connection:
        return int(connection.execute("SELECT count(*) FROM patrons WHERE chat = ?", [chat]).fetchone()[0])


def member(chat: int, status: str) -> dict[str, Any]:
    """The bot's own membership has changed."""
    person = {"id": chat, "is_bot": False, "first_name": "Айгүл"}
    return {
        "chat": {"id": chat, "type": "private"}, "from": person, "date": int(time.time()),
        "old_chat_member": {"user": BOT, "status": "member"},
        "new_chat_member": {"user": BOT, "status": status, "until_date": 0},
    }  # fmt: skip


def test_of_an_answered_update_only_its_number_is_left(play: Stage, chat: int) -> None:
    number = play.api.say(chat, "one")
    play.api.messages(chat)
    (file,) = (play.bot.log.parent / "data").glob("telegram-*.db")

    def row() -> Any:
        with sqlite3.connect(file) as connection:
            return connection.execute("SELECT body, reply, answered_at FROM updates WHERE id = ?", [number]).fetchone()

    play.api.wait(lambda: row()[2])
    assert row()[:2] == (None, None)


# --- Groups ---


def mention(text: str) -> list[dict[str, Any]]:
    """The entity of the bot's name in a text, counted in UTF-16 units."""
    offset = len(text[: text.index(NAME)].encode("utf-16-le")) // 2
    return [{"type": "mention", "offset": offset, "length": len(NAME)}]


def test_in_a_group_it_answers_only_who_means_it_once_and_in_the_thread(play: Stage, chat: int) -> None:
    group = -chat
    play.api.say(group, "Сәлем бәріне!", person=7)
    play.api.say(group, "/help", person=7)
    play.api.say(group, f"почта{NAME}.kz", person=7)
    text = f"😀 {NAME}, one?"
    asked = play.api.say(group, text, person=7, entities=mention(text), message_thread_id=5, is_topic_message=True)
    (message,) = play.api.messages(group)
    assert (
        int(message["message_thread_id"]) == 5
        and message["reply_parameters"]["message_id"] == play.api.updates[asked]["message"]["message_id"]
    )
    assert turns(message) == "0" and not play.api.chats[group].drafts
    replied = {name: message[name] for name in ("message_id", "date", "chat", "from", "text")}
    play.api.say(group, "two", person=7, reply_to_message=replied)
    assert turns(play.api.messages(group, 2)[-1]) == "1"
    play.api.say(group, f"/privacy{NAME}", person=7, language="ru")
    assert play.api.messages(group, 3)[-1]["text"] == said("privacy", "ru")


def test_in_a_group_everybody_has_a_conversation_of_their_own(play: Stage, chat: int) -> None:
    text = f"{NAME} one"
    for person in (7, 8, 7):
        play.api.say(-chat, text, person=person, entities=mention(text))
    assert [turns(message) for message in play.api.messages(-chat, 3)] == ["0", "0", "1"]


def test_nothing_of_a_group_is_written_down_that_is_not_for_the_bot(play: Stage, chat: int) -> None:
    number = play.api.say(-chat, "Құпия әңгіме", person=7)
    after = play.api.say(chat, "one")
    play.api.messages(chat)
    (file,) = (play.bot.log.parent / "data").glob("telegram-*.db")
    with sqlite3.connect(file) as connection:
        rows = [row[0] for row in connection.execute("SELECT id FROM updates WHERE id >= ?", [number])]
    assert after in rows and number not in rows


# --- Order, repetition, floods ---


def test_an_update_that_comes_twice_is_answered_once(play: Stage, chat: int) -> None:
    number = play.api.say(chat, "one")
    play.api.messages(chat)
    play.api.repeat(number)
    play.api.say(chat, "two")
    assert [turns(message) for message in play.api.messages(chat, 2)] == ["0", "1"]


def test_a_chat_keeps_its_order_while_others_go_on(play: Stage, chat: int) -> None:
    play.api.say(chat, "slow")
    play.api.say(chat, "two")
    play.api.say(chat + 1, "one")
    play.api.messages(chat + 1)
    assert not play.api.chats[chat].messages, "another chat does not wait for a slow one"
    assert [turns(message) for message in play.api.messages(chat, 2)] == ["0", "1"]


def test_a_flood_is_told_once_and_others_are_served_meanwhile(play: Stage, chat: int) -> None:
    for _ in range(60):
        play.api.say(chat, "/new", language="kk")
    play.api.say(chat + 1, "one")
    play.api.messages(chat + 1)
    told = said("too_many", "kk")
    play.api.wait(lambda: told in [message["text"] for message in play.api.chats[chat].messages])
    last = play.api.say(chat + 2, "one")
    play.api.messages(chat + 2)
    assert last and [message["text"] for message in play.api.chats[chat].messages].count(told) == 1
    assert len(play.api.chats[chat].messages) == 31


# --- Telegram in a bad mood ---


@pytest.mark.parametrize(
    "fault",
    [
        Fault(429, "Too Many Requests: retry after 1", retry_after=1),
        Fault(500, "Internal Server Error"),
        Fault(502, "Bad Gateway"),
        Fault(cut=True),
        Fault(seconds=1.2),
    ],
    ids=["429", "500", "502", "cut", "slow"],
)
def test_a_message_gets_there_whatever_telegram_says_first(play: Stage, chat: int, fault: Fault) -> None:
    play.api.faults["sendMessage"].append(fault)
    play.api.say(chat, "/privacy", language="ru")
    (message,) = play.api.messages(chat)
    assert message["text"] == said("privacy", "ru") and not play.api.faults["sendMessage"]


def test_markup_that_telegram_refuses_is_sent_plain(play: Stage, chat: int) -> None:
    play.api.faults["sendMessage"].append(Fault(400, "Bad Request: can't parse entities: unsupported start tag"))
    play.api.say(chat, "one")
    (message,) = play.api.messages(chat)
    assert message["html"] == "" and "Оның қоры шағын" in message["text"] and buttons(message)


@pytest.mark.parametrize("status", [400, 429, 500], ids=str)
def test_an_answer_does_without_drafts(play: Stage, chat: int, status: int) -> None:
    play.api.faults["sendMessageDraft"].append(Fault(status, "no drafts"))
    play.api.say(chat, "one")
    assert play.api.messages(chat)


def test_whoever_has_blocked_the_bot_holds_nobody_up(play: Stage, chat: int) -> None:
    play.api.chats[chat].blocked = True
    play.api.say(chat, "one")
    play.api.say(chat + 1, "two")
    play.api.messages(chat + 1)
    play.api.wait(lambda: patrons(play, chat) == 0)
    play.api.wait(lambda: "a chat has closed to the bot" in play.bot.logged())


def test_updates_come_again_after_telegram_was_away(play: Stage, chat: int) -> None:
    play.api.faults["getUpdates"] += [Fault(502, "Bad Gateway"), Fault(cut=True), Fault(429, "wait", retry_after=1)]
    play.api.say(chat, "/new")
    assert play.api.messages(chat)


def test_two_bots_on_one_token_are_explained(play: Stage, chat: int) -> None:
    play.api.faults["getUpdates"].append(Fault(409, "Conflict: terminated by other getUpdates request"))
    play.api.say(chat, "/new")
    play.api.messages(chat)
    play.api.wait(lambda: "two bots run on one token" in play.bot.logged())


def test_nothing_that_patrons_write_gets_into_the_log(play: Stage, chat: int) -> None:
    secret = "құпия-сөз-7391"
    play.api.say(chat, secret)
    play.api.faults["sendMessage"].append(Fault(400, f"Bad Request: can't parse entities near {secret}"))
    play.api.messages(chat)
    assert secret not in play.bot.logged() and fields(play.bot.logged())
    assert "Traceback" not in play.bot.logged()


def test_no_update_however_odd_stops_the_bot(play: Stage, chat: int) -> None:
    odd: list[Callable[[], object]] = [
        lambda: play.api.update(poll={"id": "1"}),
        lambda: play.api.update(message={"message_id": 1}),
        lambda: play.api.update(),
        lambda: play.api.say(chat, "   "),
        lambda: play.api.send(chat, new_chat_title="Жаңа атау"),
    ]
    for send in odd:
        send()
    play.api.say(chat, "/new")
    assert play.api.messages(chat)
