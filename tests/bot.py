"""The Telegram bot as a real process, between a stand-in for Telegram and a core, both on real sockets."""

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from assistant.core import Core
from assistant.schema import Turn
from assistant.settings import read_settings
from evals.botapi import TOKEN, BotApi, serving
from tests.conftest import condition, running, stand_in
from tests.test_cli import SHYRAQ, environment

NOBODY = "http://127.0.0.1:9"  # where nothing listens


@dataclass
class Bot:
    """A running bot and what it has logged."""

    process: subprocess.Popen[bytes]
    log: Path

    def logged(self) -> str:
        """All of its log."""
        return self.log.read_text(encoding="utf-8")

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        self.process.terminate()
        return self.process.wait(30)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()


@contextmanager
def bot(root: str, core: str, folder: Path, **given: object) -> Iterator[Bot]:
    """A bot on the Bot API at `root`, killed if a test leaves it alive; `given` are settings."""
    settings = {"telegram_token": TOKEN, "telegram_api_url": root, "core_url": core, "data_dir": folder / "data"}
    log = folder / "bot.log"
    with log.open("ab") as file:
        process = subprocess.Popen(
            [*SHYRAQ, "telegram"], cwd=folder, env=environment({**settings, **given}), stderr=file
        )
    try:
        yield Bot(process, log)
    finally:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class Stage:
    """A Telegram, a core and a bot between them."""

    api: BotApi
    core: httpx.Client
    bot: Bot
    root: str


@contextmanager
def stage(folder: Path, *, answer: Callable[..., Turn] = stand_in, **given: Any) -> Iterator[Stage]:
    """All three, running; `given` are the bot's settings."""
    api = BotApi()
    with core(folder, answer) as served, serving(api) as root, bot(root, url(served), folder, **given) as running_bot:
        yield Stage(api, served, running_bot, root)


def core(folder: Path, answer: Callable[..., Turn] = stand_in, port: int = 0) -> AbstractContextManager[httpx.Client]:
    """A core on a port, any free one by default, its conversations in `folder`."""
    settings = read_settings(_env_file=None, data_dir=folder / "core")
    return running(settings, lambda: Core(answer, condition), port)


def url(client: httpx.Client) -> str:
    """Where a client's server is."""
    return str(client.base_url).rstrip("/")


def fields(log: str) -> list[dict[str, Any]]:
    """The lines of a log."""
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


def free_port() -> int:
    """A port where nothing listens yet."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
