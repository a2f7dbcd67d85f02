"""Puts a case's turns to the assistant as a reader of Telegram does: through the bot, and a stand-in for Telegram."""

import itertools
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from assistant.schema import Reply
from assistant.settings import PREFIX, Settings
from evals.botapi import TOKEN, Body, BotApi, buttons, plain, serving
from evals.cases import Case
from evals.channels import SECONDS, Channel, nobody

SOURCES, LABEL = "<blockquote expandable>", "<i>🤖 "  # where in the bot's messages the sources and the end begin


@contextmanager
def through_telegram(client: httpx.Client, settings: Settings) -> Iterator[Channel]:
    """The same through the Telegram bot, a process of its own, and a stand-in for Telegram; the core is the client's.

    Of a reply, the answer, the sources and the next questions are what stands in the chat; language and status, which
    nobody sees there, are the core's record of the same message.
    """
    from bots.telegram.patrons import Key, Patrons  # the Telegram library: of no use to other channels
    from bots.telegram.tables import open_tables

    _check_ready(client)
    api, chats = BotApi(), itertools.count(1)
    with TemporaryDirectory() as folder, serving(api) as root, _bot(settings, root, Path(folder)):
        patrons = Patrons(*open_tables(Path(folder), TOKEN.split(":")[0]))

        def put(case: Case) -> tuple[Reply, float]:
            chat = next(chats)
            for message in case.turns:
                began = time.perf_counter()
                parts = _answered(api, chat, message)
            took = 1000 * (time.perf_counter() - began)
            held = client.get(f"/api/conversations/{patrons.get(Key(chat, chat)).conversation}").raise_for_status()
            return _as_seen(parts, held.json()["messages"][-1]), took

        yield put


@contextmanager
def _bot(settings: Settings, root: str, folder: Path) -> Iterator[None]:
    ours = {"telegram_token": TOKEN, "telegram_api_url": root, "core_url": settings.core_url, "data_dir": folder}
    ours["telegram_webhook_url"] = ""
    environment = {**os.environ, **{f"{PREFIX}{name.upper()}": str(value) for name, value in ours.items()}}
    command = [sys.executable, "-c", "from assistant.cli import main; main()", "telegram"]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, env=environment, stderr=log) as process:
        try:
            yield
        finally:
            process.terminate()


def _answered(api: BotApi, chat: int, message: str) -> list[Body]:
    """The parts of the answer to a message."""
    messages = api.chats[chat].messages
    before = len(messages)
    api.say(chat, message, language=None)
    api.wait(lambda: _is_whole(messages[before:]), SECONDS)
    return messages[before:]


def _is_whole(parts: list[Body]) -> bool:
    """Whether the last part of an answer is there: the one that says who wrote it."""
    return bool(parts) and LABEL in parts[-1]["html"]


def _as_seen(parts: list[Body], record: dict[str, Any]) -> Reply:
    """A reply as it stands in a chat, with the core's record for what does not."""
    whole = "\n\n".join(part["html"] for part in parts)
    answer, _, sources = whole.removesuffix(parts[-1]["html"][parts[-1]["html"].index(LABEL) :]).partition(SOURCES)
    shown = plain(SOURCES + sources) if sources else ""
    cited = [each for each in record["citations"] if _is_shown(each, shown)]
    asked = [text for data, text in buttons(parts[-1]).items() if data.startswith("ask:")]
    seen = {"answer": plain(answer).strip(), "citations": cited, "suggestions": asked}
    return Reply.model_validate({"language": record["language"], "status": record["status"], **seen})


def _is_shown(citation: dict[str, Any], sources: str) -> bool:
    """Whether a source stands in the list with its number, others before or after it."""
    said = f"{citation['title']} — {citation['source']}"
    return any(f"[{citation['n']}] " in line and line.endswith(said) for line in sources.split("\n"))


def _check_ready(client: httpx.Client) -> None:
    try:
        client.get("/api/ready", timeout=SECONDS).raise_for_status()
    except httpx.HTTPError as error:
        raise nobody(client, error) from error
