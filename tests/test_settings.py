"""Settings: names, defaults, and messages that an operator can act on."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.errors import SettingsError
from assistant.settings import PREFIX, ROOT, Settings, read_settings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_defaults_need_no_setting() -> None:
    settings = read_settings()
    assert (settings.host, settings.port, settings.embedding) == ("127.0.0.1", 8000, "e5-small")
    assert settings.data_dir == ROOT / "data"
    assert settings.knowledge_dir == ROOT / "knowledge"
    assert settings.database_url == f"sqlite:///{ROOT}/data/shyraq.db"
    assert settings.allowed_origins == ()
    assert settings.chroma_url is None and settings.librarian_contact is None


def test_env_example_names_every_setting_and_nothing_else() -> None:
    listed = re.findall(r"^#(SHYRAQ_[A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    assert listed == [PREFIX + name.upper() for name in Settings.model_fields]


def test_every_line_of_env_example_is_a_good_value(tmp_path: Path) -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    (tmp_path / ".env").write_text(text.replace("#SHYRAQ", "SHYRAQ"), encoding="utf-8")
    assert read_settings().allowed_origins == ("https://kitap.example", "https://www.kitap.example")


def test_environment_wins_over_env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("SHYRAQ_PORT=1\nSHYRAQ_LIBRARIAN_CONTACT=Кітапханашы\nOTHER=x\n", encoding="utf-8")
    monkeypatch.setenv("SHYRAQ_PORT", "2")
    assert (read_settings().port, read_settings().librarian_contact) == (2, "Кітапханашы")


def test_empty_variable_is_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHYRAQ_CHROMA_URL", "")
    monkeypatch.setenv("SHYRAQ_PORT", "")
    assert (read_settings().chroma_url, read_settings().port) == (None, 8000)


def test_database_follows_data_dir(tmp_path: Path) -> None:
    assert read_settings(data_dir=tmp_path).database_url == f"sqlite:///{tmp_path}/shyraq.db"


@pytest.mark.parametrize("url", ["postgres://u@h/d", "postgresql://u@h/d", "postgresql+psycopg://u@h/d"])
def test_postgresql_always_means_psycopg(url: str) -> None:
    assert read_settings(database_url=url).database_url == "postgresql+psycopg://u@h/d"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "ninety"),
        ("PORT", "65536"),
        ("CHROMA_URL", "localhost"),
        ("EMBEDDING", "bge-m3"),
        ("EMBEDDING", "sentence-transformers:"),
        ("DATABASE_URL", "mysql://u:secret@h/d"),
        ("DATABASE_URL", "secret"),
        ("ALLOWED_ORIGINS", "*"),
        ("ALLOWED_ORIGINS", "https://kitap.kz/"),
        ("ALLOWED_ORIGINS", "https://kitap.kz, null"),
        ("ALLOWED_ORIGINS", "https://*.kz"),
        ("LIBRARIAN_CONTACT", "x" * 301),
    ],
)
def test_a_wrong_value_is_named_with_what_is_expected(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert re.fullmatch(rf"{PREFIX}{name}: found .+; expected .+", str(caught.value))
    assert "secret" not in str(caught.value)


def test_every_wrong_value_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHYRAQ_PORT", "x")
    monkeypatch.setenv("SHYRAQ_EMBEDDING", "y")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["SHYRAQ_PORT", "SHYRAQ_EMBEDDING"]


def test_env_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("SHYRAQ_LIBRARIAN_CONTACT=Кітапхана".encode("utf-16"))
    with pytest.raises(SettingsError, match="UTF-8"):
        read_settings()


def test_installed_copy_keeps_its_data_in_the_users_folder(tmp_path: Path) -> None:
    """A wheel's layout: `assistant` alone, with `_data` inside."""
    package = tmp_path / "site" / "assistant"
    (package / "_data" / "knowledge").mkdir(parents=True)
    for name in ("__init__.py", "errors.py", "settings.py"):
        (package / name).write_bytes((ROOT / "assistant" / name).read_bytes())
    code = "from assistant.settings import read_settings, shipped as s; r = read_settings()\n"
    code += "print(r.data_dir, r.knowledge_dir, s('prompts'))"
    environment = {
        "PYTHONPATH": str(tmp_path / "site"),
        "XDG_DATA_HOME": str(tmp_path / "home"),
        "PATH": os.environ["PATH"],
    }
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == [
        str(tmp_path / "home" / "shyraq"), str(package / "_data" / "knowledge"), str(package / "_data" / "prompts")
    ]  # fmt: skip
