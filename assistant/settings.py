"""The environment → one frozen `Settings`, or a SettingsError that names each variable to correct."""

import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from pydantic import AnyHttpUrl, Field, SecretStr, TypeAdapter, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from assistant.errors import SettingsError

PREFIX = "SHYRAQ_"
ROOT = Path(__file__).resolve().parent.parent
SHIPPED = Path(__file__).resolve().parent / "_data"
WEB = ROOT / "bots" / "web"

ORIGIN = re.compile(r"https?://([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
# May hold a password: never repeated in a message.
SECRET_FIELDS = {"database_url", "chroma_url", "llm_base_url", "llm_api_key", "telegram_token"}

_ADDRESS = TypeAdapter(AnyHttpUrl)


def shipped(name: str) -> Path:
    """The folder `name` that came with Shyraq: in a checkout beside the code, in an installed wheel inside it."""
    return SHIPPED / name if SHIPPED.is_dir() else ROOT / name


def _data_dir() -> Path:
    """`data/` of a checkout; the user's own data folder for an installed wheel, whose code may be read-only."""
    if (ROOT / "pyproject.toml").is_file():
        return ROOT / "data"
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "shyraq"


def _database_url(found: dict[str, Any]) -> str:
    return f"sqlite:///{found['data_dir']}/shyraq.db"


class Settings(BaseSettings):
    """All that can be set, by SHYRAQ_… variables or a `.env` file; a description says what is expected."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    host: str = Field("127.0.0.1", min_length=1, description="an address to listen on, such as 127.0.0.1 or 0.0.0.0")
    port: int = Field(8000, ge=0, le=65535, description="a port number from 0 to 65535 (0: any free one)")
    data_dir: Path = Field(default_factory=_data_dir, description="a folder for index, model and database")
    knowledge_dir: Path = Field(default_factory=lambda: shipped("knowledge"), description="a knowledge folder")
    database_url: str = Field(
        default_factory=_database_url,
        description="sqlite:////absolute/file.db, or postgresql+psycopg://… with `pip install 'shyraq[postgres]'`",
    )
    chroma_url: str | None = Field(
        None, pattern=r"^https?://[^\s/]+", description="the address of a Chroma server, such as http://127.0.0.1:8001"
    )
    embedding: str = Field(
        "e5-small",
        pattern=r"^(e5-small|sentence-transformers:.+)$",
        description="e5-small, or sentence-transformers:NAME-OR-PATH",
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="web origins exactly as browsers send them, with commas: https://kitap.kz,https://lib.kz:8443"
    )
    librarian_contact: str | None = Field(
        None, max_length=300, description="how patrons reach a librarian: at most 300 characters"
    )
    llm: str | None = Field(
        None,
        pattern=r"^[a-z][a-z0-9_-]*:.+$",
        description="PROVIDER:MODEL, such as openai:gpt-4.1-mini or ollama:qwen3:8b, with `pip install 'shyraq[llm]'`",
    )
    llm_base_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/]+",
        description="the root of an OpenAI-compatible server, http://127.0.0.1:8080/v1",
    )
    llm_api_key: SecretStr | None = Field(None, description="the key that the model's server asks for")
    llm_concurrency: int = Field(4, ge=1, le=64, description="how many answers the model may write at once: 1 to 64")
    llm_daily_tokens: int = Field(5_000_000, ge=0, description="tokens a day, in and out; 0 for no ceiling")
    llm_prices: Annotated[tuple[float, float], NoDecode] = Field(
        (0, 0), description="the prices of a million tokens in and out, with a comma: 0.40,1.60"
    )
    llm_daily_spend: float = Field(
        0, ge=0, description="money a day, in the currency of SHYRAQ_LLM_PRICES, which it needs; 0 for no ceiling"
    )
    core_url: str = Field(
        "http://127.0.0.1:8000",
        pattern=r"^https?://[^\s/]+",
        description="where channels and evals find the service, such as http://127.0.0.1:8000",
    )

    telegram_token: str | None = Field(
        None,
        pattern=r"^\d+:[A-Za-z0-9_-]+$",
        description="the bot's token as @BotFather gave it, such as 123456:ABC-def",
    )
    telegram_api_url: str = Field(
        "https://api.telegram.org",
        pattern=r"^https?://[^\s/]+",
        description="the root of a Bot API server, such as http://127.0.0.1:9000",
    )
    telegram_webhook_url: str | None = Field(
        None,
        pattern=r"^https?://[^\s/]+",
        description="the public address that Telegram sends updates to, such as https://bot.example/telegram",
    )
    telegram_webhook_port: int = Field(
        8443, ge=0, le=65535, description="the port on which that address is served, from 0 to 65535"
    )

    @field_validator("data_dir", "knowledge_dir")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return path.expanduser().absolute()

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str) -> str:
        url = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)
        try:
            driver = make_url(url).drivername
        except ArgumentError as error:
            raise ValueError("this is not a database URL") from error
        if driver not in ("sqlite", "postgresql+psycopg"):
            raise ValueError("another database")
        if driver != "sqlite" and not find_spec("psycopg"):
            raise ValueError("the PostgreSQL driver is not installed")
        return url

    @field_validator("llm_base_url", "chroma_url", "core_url", "telegram_api_url", "telegram_webhook_url")
    @classmethod
    def _whole_address(cls, url: str | None) -> str | None:
        if url is not None:
            _ADDRESS.validate_python(url)  # a port that is none, an open bracket
        return url

    @field_validator("llm")
    @classmethod
    def _installed_llm(cls, llm: str | None) -> str | None:
        if llm and not (find_spec("langchain") and find_spec("langchain_openai") and find_spec("airlock_pii")):
            raise ValueError("the extra is not installed")
        return llm

    @field_validator("llm_prices", mode="before")
    @classmethod
    def _two_prices(cls, value: Any) -> Any:
        return tuple(value.split(",")) if isinstance(value, str) else value

    @field_validator("llm_prices")
    @classmethod
    def _no_gift(cls, prices: tuple[float, float]) -> tuple[float, float]:
        if not all(0 <= price < float("inf") for price in prices):
            raise ValueError("not a price")
        return prices

    @field_validator("llm_daily_spend")
    @classmethod
    def _finite(cls, spend: float, others: ValidationInfo) -> float:
        if not spend < float("inf"):
            raise ValueError("not a sum")
        if spend and not any(others.data.get("llm_prices", (1, 1))):
            raise ValueError("without prices nothing is ever spent")
        return spend

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _exact_origins(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        origins = tuple(origin.strip() for origin in value.split(",") if origin.strip())
        if not all(ORIGIN.fullmatch(origin) for origin in origins):
            raise ValueError("not an exact origin")
        return origins


def read_settings(**given: Any) -> Settings:
    """The settings in force, `given` ones first; raises SettingsError with a line a wrong variable."""
    try:
        return Settings(**given)
    except ValidationError as error:
        # A default that waits for another field is a consequence of that field's fault.
        faults = [dict(fault) for fault in error.errors() if fault["type"] != "default_factory_not_called"]
        raise SettingsError("\n".join(map(_explain, faults))) from None
    except UnicodeDecodeError as error:
        raise SettingsError(f".env: this file is not UTF-8 text (byte {error.start}); save it as UTF-8") from error


def _explain(fault: dict[str, Any]) -> str:
    """A pydantic fault in an operator's words: variable, found, expected."""
    name = str(fault["loc"][0])
    expected = Settings.model_fields[name].description
    found = "a value that cannot be used" if name in SECRET_FIELDS else repr(fault["input"])[:80]
    return f"{PREFIX}{name.upper()}: found {found}; expected {expected}"
