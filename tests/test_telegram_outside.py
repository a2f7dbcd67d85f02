"""The same conversations on our stand-in for Telegram and on npm's telegram-test-api: patrons see the same."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx
import pytest

from evals.botapi import TOKEN, BotApi, buttons, serving
from tests.bot import bot, core, free_port, url

OUTSIDE = Path(__file__).with_name("telegram_test_api")
ID = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{22}(?![A-Za-z0-9_-])")  # no \b: an id may begin with "-"

Seen = list[tuple[str, dict[str, str]]]  # a chat's messages as they stand in the end: text with markup, and buttons


class Telegram(Protocol):
    """What patrons do, on either."""

    def say(self, chat: int, text: str, *, language: str) -> object:
        """Write to the bot."""

    def press(self, chat: int, data: str, *, language: str) -> object:
        """Press the button whose data begins so, under the last message that has it."""

    def seen(self, chat: int) -> Seen:
        """What is in a chat."""


class Ours:
    """Our stand-in."""

    def __init__(self, api: BotApi) -> None:
        self.api = api
        self.say = api.say

    def press(self, chat: int, data: str, *, language: str) -> object:
        messages = self.api.chats[chat].messages
        found = next(key for message in reversed(messages) for key in buttons(message) if key.startswith(data))
        return self.api.press(chat, found, language=language)

    def seen(self, chat: int) -> Seen:
        return [masked(message["html"], message) for message in self.api.chats[chat].messages]


class Theirs:
    """telegram-test-api, by its own HTTP interface for patrons."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def say(self, chat: int, text: str, *, language: str) -> object:
        return self.client.post("/sendMessage", json={**self._from(chat, language), "text": text})

    def press(self, chat: int, data: str, *, language: str) -> object:
        found = next(
            (sent, key)
            for sent in reversed(self._sent(chat))
            for key in buttons(sent["message"])
            if key.startswith(data)
        )
        sent, key = found
        where = self._from(chat, language)
        message = {"message_id": sent["messageId"], "chat": where["chat"], "date": where["date"]}
        message |= {name: sent["message"][name] for name in ("text", "reply_markup")}
        return self.client.post("/sendCallback", json={**where, "message": message, "data": key})

    def seen(self, chat: int) -> Seen:
        return [masked(sent["message"]["text"], sent["message"]) for sent in self._sent(chat)]

    def _sent(self, chat: int) -> list[dict[str, Any]]:
        history = self.client.post("/getUpdatesHistory", json={"token": TOKEN}).json()["result"]
        return [item for item in history if str(item.get("message", {}).get("chat_id")) == str(chat)]

    def _from(self, chat: int, language: str) -> dict[str, Any]:
        person = {"id": chat, "is_bot": False, "first_name": "Айгүл", "language_code": language}
        where = {"id": chat, "type": "private", "first_name": "Айгүл"}
        return {"botToken": TOKEN, "from": person, "chat": where, "date": int(time.time())}


def begins(message: dict[str, Any], data: str) -> bool:
    """Whether the data of one of a message's buttons begins so."""
    return any(key.startswith(data) for key in buttons(message))


def masked(text: str, message: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """A message without what differs: ids, and the names that the two gave the bot."""
    text = text.replace("TestNameBot", "ShyraqTestBot")
    return text, {ID.sub("ID", data): label for data, label in buttons(message).items()}


@contextmanager
def ours() -> Iterator[tuple[str, Telegram]]:
    api = BotApi()
    with serving(api) as root:
        yield root, Ours(api)


@contextmanager
def theirs() -> Iterator[tuple[str, Telegram]]:
    port = free_port()
    root = f"http://127.0.0.1:{port}"
    command = ["node", str(OUTSIDE / "server.js"), str(port)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as node,
        httpx.Client(base_url=root, trust_env=False) as client,
    ):
        try:
            assert node.stdout and node.stdout.readline() == b"up\n"
            yield root, Theirs(client)
        finally:
            node.kill()


def converse(telegram: Telegram, chat: int, language: str) -> Seen:
    """A conversation with everything that both can do; each step waits until the one before it shows."""

    def step(do: Callable[[], object], done: Callable[[Seen], bool]) -> None:
        do()
        deadline = time.monotonic() + 30
        while not done(telegram.seen(chat)):
            assert time.monotonic() < deadline, telegram.seen(chat)
            time.sleep(0.02)

    def say(text: str) -> None:
        count = len(telegram.seen(chat)) + 1
        step(lambda: telegram.say(chat, text, language=language), lambda seen: len(seen) == count)

    def press(data: str, done: Callable[[Seen], bool]) -> None:
        step(lambda: telegram.press(chat, data, language=language), done)

    say("/start")
    press("greet:en", lambda seen: seen[0][0].startswith("Hello"))
    press("greet:kk", lambda seen: seen[0][0].startswith("Сәлем"))
    press("ask:1", lambda seen: len(seen) == 2)
    say("Қостанай < & > 😀 кітапханасы?")
    press("down:", lambda seen: any(data.startswith("why:") for data in seen[-1][1]))
    press("why:partial", lambda seen: list(seen[-1][1]) == ["ask:0"])
    press("ask:0", lambda seen: len(seen) == 4)
    press("up:", lambda seen: list(seen[-1][1]) == ["ask:0"])
    for command in ("/sources", "/help", "/privacy", "/librarian", "/new", "/language", "/dance"):
        say(command)
    press("speak:ru", lambda seen: not seen[-2][1])
    say("ұ" * 2001)
    say("/forget")
    say("/forget")
    return telegram.seen(chat)


def played(make: Callable[[], AbstractContextManager[tuple[str, Telegram]]], folder: Path, *, hook: bool) -> list[Seen]:
    """The transcripts of three conversations, one a language, with a bot of their own."""
    port = free_port()
    address = {"telegram_webhook_url": f"http://127.0.0.1:{port}/hook", "telegram_webhook_port": port}
    folder.mkdir()
    with (
        make() as (root, telegram),
        core(folder) as served,
        bot(root, url(served), folder, **(address if hook else {})),
    ):
        if hook:
            wait_for(port)
        return [converse(telegram, chat, language) for chat, language in ((1, "kk"), (2, "ru"), (3, "en"))]


def wait_for(port: int) -> None:
    """Wait until the bot's webhook is served and, a moment later, set."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            time.sleep(1)
            return
    raise AssertionError("the bot does not serve its webhook")


@pytest.mark.skipif(
    not (shutil.which("node") and (OUTSIDE / "node_modules").exists()), reason="tests/programs.sh installs it"
)
@pytest.mark.parametrize("hook", [False, True], ids=["polling", "webhook"])
def test_patrons_see_the_same_on_both(tmp_path: Path, hook: bool) -> None:
    on_ours = played(ours, tmp_path / "ours", hook=hook)
    on_theirs = played(theirs, tmp_path / "theirs", hook=hook)
    assert [len(seen) for seen in on_ours] == [14, 14, 14]
    assert on_ours == on_theirs
