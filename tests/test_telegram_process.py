"""The Telegram bot as a process: settings, signals, the core away, kill -9 under traffic, the webhook."""

import itertools
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant.phrases import TELEGRAM, Phrases
from assistant.schema import Focus, Reply, Turn
from assistant.settings import Settings, read_settings, shipped
from bots.telegram.service import run as run_bot
from bots.telegram.webhook import BODY_LIMIT, SECRET_HEADER, secret_of
from evals.botapi import TOKEN, BotApi, Fault, serving
from tests.bot import NOBODY, Stage, bot, core, fields, free_port, stage, url
from tests.conftest import stand_in
from tests.test_cli import refused, run
from tests.test_telegram_core import DELTA, META, answering

PHRASES = Phrases.load(shipped("prompts"), TELEGRAM)
KILLS, CHATS = 12, 48


@pytest.fixture
def api() -> BotApi:
    return BotApi()


@pytest.fixture
def root(api: BotApi) -> Iterator[str]:
    with serving(api) as served:
        yield served


# --- Settings ---


def test_a_missing_token_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    assert "SHYRAQ_TELEGRAM_TOKEN is missing" in refused(run("telegram", cwd=tmp_path, data_dir=tmp_path))


def test_a_token_of_the_wrong_shape_is_not_repeated(tmp_path: Path) -> None:
    line = refused(run("telegram", cwd=tmp_path, telegram_token="secret token"))
    assert "SHYRAQ_TELEGRAM_TOKEN" in line and "@BotFather" in line and "secret" not in line


def test_a_token_that_telegram_does_not_know_is_told_without_it(tmp_path: Path, root: str) -> None:
    result = run(
        "telegram", cwd=tmp_path, telegram_token="1:unknown-bot", telegram_api_url=root, data_dir=tmp_path / "data"
    )
    line = refused(result)
    assert "does not accept this token" in line and "unknown-bot" not in line


def test_a_token_that_is_withdrawn_ends_the_bot_with_one_line(tmp_path: Path) -> None:
    with stage(tmp_path) as play:
        play.api.say(1, "one")
        play.api.messages(1)
        play.api.faults["getUpdates"].append(Fault(401, "Unauthorized"))
        play.api.say(1, "two")
        assert play.bot.process.wait(30) == 2
    assert "does not accept this token" in play.bot.logged().splitlines()[-1]
    assert "Traceback" not in play.bot.logged()


def test_telegram_may_be_away_when_the_bot_starts(tmp_path: Path, api: BotApi, root: str) -> None:
    api.faults["getMe"] += [Fault(502, "Bad Gateway"), Fault(cut=True)]
    with core(tmp_path) as served, bot(root, url(served), tmp_path):
        api.say(1, "one")
        assert api.messages(1)


def test_a_webhook_that_telegram_refuses_is_told(tmp_path: Path, api: BotApi, root: str) -> None:
    api.faults["setWebhook"].append(Fault(400, "Bad Request: bad webhook: an HTTPS URL must be provided"))
    result = run(
        "telegram", cwd=tmp_path, telegram_token=TOKEN, telegram_api_url=root, data_dir=tmp_path / "data",
        telegram_webhook_url="http://127.0.0.1/telegram", telegram_webhook_port=0,
    )  # fmt: skip
    assert result.returncode == 2 and "Traceback" not in result.stderr
    assert "SHYRAQ_TELEGRAM_WEBHOOK_URL: Telegram refuses" in result.stderr.splitlines()[-1]


def test_a_file_that_is_locked_is_worth_another_start(tmp_path: Path, root: str) -> None:
    given = {"telegram_token": TOKEN, "telegram_api_url": root, "data_dir": tmp_path}
    with closing(sqlite3.connect(tmp_path / f"telegram-{TOKEN.split(':')[0]}.db")) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        result = run("telegram", cwd=tmp_path, **given)
    assert result.returncode == 1, result.stderr
    (line,) = result.stderr.splitlines()
    assert "SHYRAQ_DATA_DIR" in line and "locked" in line


# --- Signals ---


def test_sigterm_finishes_what_is_in_hand_and_leaves_the_rest_for_the_next_start(tmp_path: Path) -> None:
    def slow(*given: Any) -> Any:
        time.sleep(1)
        return stand_in(*given)

    with stage(tmp_path, answer=slow) as play:
        play.api.say(1, "one")
        play.api.say(1, "two")
        play.api.wait(lambda: "sendChatAction" in [method for method, _ in play.api.calls])
        assert play.bot.stop() == 0
        assert len(play.api.chats[1].messages) == 1
        with bot(play.root, url(play.core), tmp_path):
            assert len(play.api.messages(1, 2)) == 2


# --- The core away ---


def test_while_the_core_is_away_patrons_are_told_once_and_answered_when_it_is_back(
    tmp_path: Path, api: BotApi, root: str
) -> None:
    port = free_port()
    with bot(root, f"http://127.0.0.1:{port}", tmp_path) as first:
        api.say(1, "one", language="kk")
        assert api.messages(1)[0]["text"] == PHRASES.say("core_away", "kk")
        api.say(1, "/privacy", language="kk")
        first.kill()
    with bot(root, f"http://127.0.0.1:{port}", tmp_path):
        polled_anew(api)
        time.sleep(1.5)
        with core(tmp_path, port=port):
            found = api.messages(1, 3)
    assert "өлке тарихымен танымал [1]" in found[1]["text"], "not told a second time after a restart"
    assert found[2]["text"].startswith(PHRASES.say("privacy", "kk").split("\n")[0].replace("**", ""))


def test_a_question_older_than_ten_minutes_gets_an_apology(tmp_path: Path, api: BotApi, root: str) -> None:
    with bot(root, NOBODY, tmp_path) as first:
        api.say(1, "one", language="ru")
        api.messages(1)
        first.kill()
    (file,) = (tmp_path / "data").glob("telegram-*.db")
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE updates SET received_at = received_at - 601")
    with bot(root, NOBODY, tmp_path):
        assert api.messages(1, 2)[-1]["text"] == PHRASES.say("gave_up", "ru")


def test_forget_says_nothing_is_deleted_before_it_is(tmp_path: Path, api: BotApi, root: str) -> None:
    port = free_port()
    with core(tmp_path, port=port) as running_core, bot(root, url(running_core), tmp_path) as first:
        api.say(1, "one", language="en")
        api.messages(1)
        first.stop()
    with bot(root, f"http://127.0.0.1:{port}", tmp_path):
        api.say(1, "/forget", language="en")
        assert api.messages(1, 2)[-1]["text"] == PHRASES.say("core_away", "en")
        with core(tmp_path, port=port):
            told = api.messages(1, 3)[-1]["text"]
    assert told == PHRASES.say("forgotten", "en", conversations=1, messages=1)


def test_forget_finds_a_conversation_whose_answer_never_came_whole(tmp_path: Path, api: BotApi, root: str) -> None:
    with answering(200, META + DELTA) as address, bot(root, address, tmp_path) as first:
        api.say(1, "one", language="en")
        assert api.messages(1)[0]["text"] == PHRASES.say("core_away", "en")
        first.kill()
    with core(tmp_path) as served, bot(root, url(served), tmp_path):
        api.say(1, "/forget", language="en")
        told = api.messages(1, 3)[-1]["text"]
    assert told == PHRASES.say("forgotten", "en", conversations=2, messages=1)


# --- kill -9 ---


def test_killed_under_traffic_every_update_is_answered(
    tmp_path: Path, api: BotApi, root: str, capsys: pytest.CaptureFixture[str]
) -> None:
    moments = random.Random(time.time_ns())
    asked = itertools.count()
    cut = 0
    with core(tmp_path, echo) as served:
        settings = read_settings(
            _env_file=None,
            telegram_token=TOKEN,
            telegram_api_url=root,
            core_url=url(served),
            data_dir=tmp_path / "data",
        )
        for _ in range(KILLS):
            ask_some(api, asked, 16)
            with forked(settings) as process:
                polled_anew(api)
                for _ in range(moments.randrange(4)):
                    time.sleep(moments.uniform(0, 0.2))
                    ask_some(api, asked, 6)
                time.sleep(moments.uniform(0, 0.3))
                process.kill()
                process.join()
                cut += len(set(waiting(tmp_path)))
        total = next(asked)
        with forked(settings):
            api.wait(lambda: len(answers(api)) == total, 60)
            api.wait(lambda: not waiting(tmp_path))
    repeated = {question: count for question, count in answers(api).items() if count > 1}
    with capsys.disabled():
        print(f"\n{KILLS} kills -9: {total} updates, all answered; {len(repeated)} twice; {cut} in hand when killed")  # noqa: T201
    assert cut, "no kill fell into the work"
    assert sum(repeated.values()) - len(repeated) <= cut, "no more duplicates than what was in hand"


@contextmanager
def forked(settings: Settings) -> Iterator[BaseProcess]:
    """A bot in a process of its own, forked from one that has imported it: started in no time."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["bots.telegram.service"])
    process = context.Process(target=run_bot, args=(settings, None))
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def echo(message: str, *_: Any) -> Turn:
    """Answers with the question."""
    reply = Reply(language="ru", status="smalltalk", answer=message)
    return Turn(message=message, reply=reply, focus=Focus())


def polled_anew(api: BotApi) -> None:
    """Wait for a bot that has just been started to have its first updates."""
    count = len(api.calls)
    api.wait(lambda: "getUpdates" in [method for method, _ in api.calls[count:]])


def ask_some(api: BotApi, asked: "itertools.count[int]", count: int) -> None:
    """Questions with a number of their own, from more chats than would let any of them flood."""
    for number in itertools.islice(asked, count):
        api.say(1 + number % CHATS, f"№{number}")


def answers(api: BotApi) -> dict[str, int]:
    """How often each question was answered."""
    return Counter(message["text"] for chat in list(api.chats.values()) for message in list(chat.messages))


def waiting(folder: Path) -> list[int]:
    """The chats of the updates in the inbox that are not answered yet; one a chat is in hand."""
    (file,) = (folder / "data").glob("telegram-*.db")
    with sqlite3.connect(file) as connection:
        return [row[0] for row in connection.execute("SELECT chat FROM updates WHERE answered_at IS NULL")]


# --- The webhook ---


def webhook_at(address: str) -> dict[str, Any]:
    """Settings for a webhook that the bot itself serves at its public address."""
    return {"telegram_webhook_url": address, "telegram_webhook_port": httpx.URL(address).port}


@pytest.fixture(scope="module")
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stage, str]]:
    """A bot that is called by its Telegram, and the address that it serves."""
    address = f"http://127.0.0.1:{free_port()}/telegram"
    with stage(tmp_path_factory.mktemp("hook"), **webhook_at(address)) as play:
        play.api.wait(lambda: play.api.webhook)
        yield play, address


def update(number: int, chat: int, text: str = "/new") -> dict[str, Any]:
    person = {"id": chat, "is_bot": False, "first_name": "Айгүл", "language_code": "ru"}
    message = {"message_id": 1, "date": 1, "chat": {"id": chat, "type": "private"}, "from": person, "text": text}
    return {"update_id": number, "message": message}


def test_telegram_is_told_where_to_call_and_with_which_secret(hooked: tuple[Stage, str]) -> None:
    play, address = hooked
    assert play.api.webhook["url"] == address and play.api.webhook["secret_token"] == secret_of(TOKEN)
    assert TOKEN.split(":")[1] not in play.api.webhook["secret_token"]


def test_what_is_delivered_is_answered(hooked: tuple[Stage, str]) -> None:
    play, _ = hooked
    play.api.say(1, "one")
    assert play.api.messages(1)
    assert play.api.delivered[-1][1] == 200 and "getUpdates" not in [method for method, _ in play.api.calls]


@pytest.mark.parametrize("secret", ["", "x", secret_of(TOKEN)[:-1], secret_of(TOKEN) + "0", "ә"])
def test_without_the_secret_nothing_is_taken(hooked: tuple[Stage, str], secret: str) -> None:
    play, address = hooked
    headers = [(SECRET_HEADER.encode(), secret.encode())] if secret else []
    response = httpx.post(address, json=update(7, 50), headers=headers, trust_env=False)
    assert response.status_code == 403
    assert not play.api.chats[50].messages


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"{}", 400),
        (b'{"update_id": "1"}', 400),
        (b'{"update_id": true}', 400),
        (b'{"update_id": 99999999999999999999}', 400),
        (b"[" * 100_000, 400),
        (b'{"update_id": 1, "x": "' + b"x" * BODY_LIMIT + b'"}', 413),
        (b'{"update_id": 4}', 200),
    ],
)
def test_only_updates_of_a_decent_size_are_taken(hooked: tuple[Stage, str], body: bytes, status: int) -> None:
    _, address = hooked
    response = httpx.post(address, content=body, headers={SECRET_HEADER: secret_of(TOKEN)}, trust_env=False)
    assert response.status_code == status


def test_an_endless_body_is_not_read_to_its_end(hooked: tuple[Stage, str]) -> None:
    _, address = hooked
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 64 * 2**20:
            sent += 2**16
            yield b"x" * 2**16

    with suppress(httpx.WriteError):  # the connection is closed before the answer is looked at
        refusal = httpx.post(address, content=endless(), headers={SECRET_HEADER: secret_of(TOKEN)}, trust_env=False)
        assert refusal.status_code == 413
    assert sent < 32 * 2**20


def test_a_delivery_that_comes_again_is_answered_once(hooked: tuple[Stage, str]) -> None:
    play, address = hooked
    for _ in range(5):
        httpx.post(address, json=update(70, 60), headers={SECRET_HEADER: secret_of(TOKEN)}, trust_env=False)
    play.api.say(61, "/new")
    play.api.messages(61)
    assert len(play.api.messages(60)) == 1


def test_what_cannot_be_written_down_is_not_confirmed_and_comes_again(hooked: tuple[Stage, str]) -> None:
    play, _ = hooked
    (file,) = (play.bot.log.parent / "data").glob("telegram-*.db")
    with sqlite3.connect(file, timeout=10) as connection:
        connection.execute("BEGIN EXCLUSIVE")  # as a backup would
        number = play.api.say(80, "/new")
        play.api.wait(lambda: (number, 503) in play.api.delivered, 30)
        connection.rollback()
    assert play.api.messages(80)
    assert (number, 200) in play.api.delivered
    assert all("Traceback" not in str(line) for line in fields(play.bot.logged()))


def test_the_bot_stops_in_good_order(tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{free_port()}/"
    with stage(tmp_path, **webhook_at(address)) as play:
        play.api.say(1, "one")
        play.api.messages(1)
        assert play.bot.stop() == 0
        assert "Traceback" not in play.bot.logged(), play.bot.logged()
