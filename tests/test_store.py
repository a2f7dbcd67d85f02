"""The store: on SQLite always, on PostgreSQL too where SHYRAQ_TEST_POSTGRES_URL names a database to empty and use."""

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, func, inspect, select, text, update

from assistant.database import (
    MIGRATIONS,
    NEWEST,
    citations,
    conversations,
    feedback,
    messages,
    metadata,
    migrate,
    open_database,
)
from assistant.errors import NotFound, StoreError
from assistant.schema import Citation, Focus, Reply, Turn
from assistant.store import Store, new_id

POSTGRES = os.environ.get("SHYRAQ_TEST_POSTGRES_URL")
NOBODY = "A" * 22


def turn(message: str = "Сұрақ", cited: int = 2) -> Turn:
    numbers = range(1, cited + 1)
    reply = Reply(
        language="kk",
        status="answered",
        answer="Жауап [1]. 😀",
        citations=tuple(
            Citation(
                n=n,
                id=f"a#{n}",
                title="Атауы",
                source="Дереккөз",
                url="https://x.example" if n > 1 else None,
                quote="«…»",
            )
            for n in numbers
        ),
        suggestions=("бір", "екі"),
    )
    return Turn(message=message, reply=reply, focus=Focus(question=message, entities=("a",), years=(2015,)))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.skipif(not POSTGRES, reason="no URL"))])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/made/by/itself/shyraq.db"
    assert POSTGRES
    engine = open_database(POSTGRES)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return POSTGRES


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store(url)
    yield opened
    opened.close()


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    opened = open_database(url)
    yield opened
    opened.dispose()


def count(engine: Engine) -> list[int]:
    """Rows of conversations, messages, citations, feedback."""
    tables = (conversations, messages, citations, feedback)
    with engine.connect() as connection:
        return [connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def test_ids_are_long_and_unlike(store: Store) -> None:
    ids = {new_id() for _ in range(10_000)}
    assert len(ids) == 10_000 and {len(name) for name in ids} == {22}


def test_a_turn_comes_back_as_it_was(store: Store) -> None:
    conversation, _ = store.record(None, turn(), {"ask": 25.5})
    assert store.history(conversation, 6) == [turn()]


def test_history_is_the_last_turns_oldest_first(store: Store) -> None:
    conversation, _ = store.record(None, turn("0"), {})
    for number in range(1, 9):
        assert store.record(conversation, turn(str(number), cited=number % 3), {})[0] == conversation
    store.record(None, turn("another"), {})
    history = store.history(conversation, 6)
    assert [told.message for told in history] == ["3", "4", "5", "6", "7", "8"]
    assert [len(told.reply.citations) for told in history] == [0, 1, 2, 0, 1, 2]


def test_conversation_shows_all_of_it(store: Store) -> None:
    conversation, first = store.record(None, turn("бір"), {})
    _, second = store.record(conversation, turn("екі", cited=0), {})
    store.rate(second, -1, None)
    shown = store.conversation(conversation)
    assert [(one.message_id, one.message, one.rating) for one in shown.messages] == [
        (first, "бір", None),
        (second, "екі", -1),
    ]
    assert shown.messages[0].citations == turn().reply.citations
    age = datetime.now(UTC) - shown.messages[0].created_at
    assert timedelta(0) <= age < timedelta(minutes=1)


def test_a_focus_of_an_older_shape_is_none(store: Store, engine: Engine) -> None:
    conversation, _ = store.record(None, turn(), {})
    with engine.begin() as connection:
        connection.execute(update(messages).values(focus={"entities": 5}))
    (told,) = store.history(conversation, 6)
    assert (told.focus, told.reply) == (Focus(), turn().reply)


def test_timings_are_kept(store: Store, engine: Engine) -> None:
    store.record(None, turn(), {"recall": 0.5, "ask": 25.25})
    with engine.connect() as connection:
        assert connection.scalar(select(messages.c.timings)) == {"recall": 0.5, "ask": 25.25}


def test_forget_leaves_nothing(store: Store, engine: Engine) -> None:
    kept, _ = store.record(None, turn(), {})
    conversation, message = store.record(None, turn(), {})
    store.record(conversation, turn(), {})
    store.rate(message, 1, "жақсы")
    assert count(engine) == [2, 3, 6, 1]
    assert store.forget(conversation)
    assert count(engine) == [1, 1, 2, 0]
    assert not store.forget(conversation)
    assert store.history(kept, 6)


def test_the_last_rating_counts(store: Store, engine: Engine) -> None:
    _, message = store.record(None, turn(), {})
    store.rate(message, 1, "жақсы")
    store.rate(message, -1, None)
    with engine.connect() as connection:
        assert connection.execute(select(feedback.c.rating, feedback.c.comment)).all() == [(-1, None)]


@pytest.mark.parametrize("unknown", [NOBODY, "", "x", "a\0b", "\ud800", "' OR 1=1 --", "қ" * 22, "x" * 10_000])
def test_unknown_ids_are_not_found(store: Store, unknown: str) -> None:
    for call in (
        lambda: store.history(unknown, 6),
        lambda: store.conversation(unknown),
        lambda: store.rate(unknown, 1, None),
    ):
        with pytest.raises(NotFound):
            call()
    assert not store.forget(unknown)


def test_a_turn_of_a_deleted_conversation_is_not_kept(store: Store, engine: Engine) -> None:
    with pytest.raises(NotFound):
        store.record(NOBODY, turn(), {})
    assert count(engine) == [0, 0, 0, 0]


def test_32_threads_lose_nothing(store: Store, engine: Engine) -> None:
    faults: list[Exception] = []

    def talk() -> None:
        try:
            conversation = None
            for number in range(10):
                if conversation:
                    assert len(store.history(conversation, 6)) == min(number, 6)
                conversation, message = store.record(conversation, turn(), {})
                store.rate(message, 1, None)
        except Exception as fault:  # threads cannot raise to the test
            faults.append(fault)

    threads = [threading.Thread(target=talk) for _ in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert count(engine) == [32, 320, 640, 320]


def test_two_ratings_at_once_leave_one(store: Store, engine: Engine) -> None:
    _, message = store.record(None, turn(), {})
    threads = [threading.Thread(target=store.rate, args=(message, 1, str(number))) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(engine)[3] == 1


def test_processes_may_start_together(url: str) -> None:
    opened: list[Store] = []
    threads = [threading.Thread(target=lambda: opened.append(Store(url))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 8
    opened[0].record(None, turn(), {})
    for store in opened:
        store.close()


def test_migrations_and_tables_agree(store: Store, engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_the_newest_migration_is_known() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == NEWEST


def test_migrating_again_changes_nothing(store: Store, engine: Engine) -> None:
    conversation, _ = store.record(None, turn(), {})
    migrate(engine)
    assert store.history(conversation, 6) == [turn()]


def test_sqlite_is_tuned(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/x.db")
    expected = {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "busy_timeout": 5000, "secure_delete": 1}
    with engine.connect() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in expected}
    engine.dispose()
    assert found == expected


def test_forgotten_words_are_gone_from_the_file(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/x.db")
    conversation, _ = store.record(None, turn("ҚҰПИЯ сөз"), {})
    store.forget(conversation)
    store.close()  # the last to leave empties the write-ahead log
    assert not any("ҚҰПИЯ".encode() in file.read_bytes() for file in tmp_path.iterdir())


def test_a_database_that_cannot_be_used_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("this is no database, and long enough to be seen as none" * 100)
    for bad in (f"sqlite:///{tmp_path}/file", f"sqlite:///{tmp_path}/file/below/x.db", f"sqlite:///{tmp_path}"):
        with pytest.raises(StoreError, match="SHYRAQ_DATABASE_URL"):
            Store(bad)


def test_a_database_of_a_newer_shyraq_is_a_store_error(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/x.db"
    Store(url).close()
    engine = open_database(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(StoreError):
        Store(url)


def test_a_fault_does_not_repeat_what_a_patron_wrote(store: Store, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE citations"))
    with pytest.raises(StoreError) as caught:
        store.record(None, turn("ҚҰПИЯ"), {})
    assert "ҚҰПИЯ" not in str(caught.value) + str(caught.value.__cause__)
