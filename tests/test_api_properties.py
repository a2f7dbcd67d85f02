"""Properties of the API that no example shows: any request at all gets what its OpenAPI promises, and never a 5xx."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs import validator_for

from assistant.contract import MESSAGE_LIMIT, ChatRequest
from assistant.knowledge import LANGUAGES

EXAMPLES = 100

ANY_TEXT = st.text(st.characters(codec=None, categories=None), max_size=60)  # lone surrogates and NUL among them
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        "message",
        "conversation_id",
        "language",
        "message_id",
        "rating",
        "comment",
        "messages",
        "role",
        "content",
        "stream",
    ]
)
POSTS = st.sampled_from(["/api/chat", "/api/feedback", "/v1/chat/completions"])
HEADERS = st.sampled_from(["Accept", "Accept-Language", "Origin", "X-Request-ID", "If-None-Match"])
ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40).map(str.strip)
bounded = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


def test_schemathesis_finds_nothing(client: httpx.Client, tmp_path: Path) -> None:
    """Examples, boundary values, wrong values, random ones and chains of calls, judged by every check it has."""
    command = [str(Path(sys.executable).with_name("schemathesis")), "run", f"{client.base_url}/openapi.json"]
    options = ["--checks", "all", "--max-examples", str(EXAMPLES), "--no-color", "--generation-database", "none"]
    # "The last message is the reader's" is a rule of the OpenAI API that no schema tells.
    options += ["--exclude-path-regex", "^/v1/"]
    run = subprocess.run([*command, *options], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stdout
    assert "6 selected / 9 total" in run.stdout


def test_the_schema_takes_for_empty_what_the_service_does() -> None:
    schema = validator_for(ChatRequest.model_json_schema()["properties"]["message"])
    every = (chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)
    assert [sign for sign in every if schema.is_valid(sign) is not bool(sign.strip())] == []


def kind(response: httpx.Response) -> int:
    """The status, after a look at what every reply owes."""
    assert response.status_code < 500, response.text
    if response.status_code >= 400:
        assert set(response.json()["error"]) == {"code", "message"}
    return response.status_code


@bounded
@given(message=ANY_TEXT, language=st.sampled_from([*LANGUAGES, None]))
def test_any_text_is_answered_or_empty(client: httpx.Client, message: str, language: str | None) -> None:
    body = json.dumps({"message": message, "language": language}).encode("ascii")
    response = client.post("/api/chat", content=body, headers={"Content-Type": "application/json"})
    assert kind(response) == (200 if message.strip() else 422)


@bounded
@given(body=st.dictionaries(FIELDS, JSON) | JSON, path=POSTS)
def test_any_json_is_served_or_refused(client: httpx.Client, body: object, path: str) -> None:
    content = json.dumps(body).encode("ascii")
    response = client.post(path, content=content, headers={"Content-Type": "application/json"})
    assert kind(response) in (200, 400, 404, 422)


@bounded
@given(body=st.binary(max_size=200), path=POSTS)
def test_any_bytes_are_served_or_refused(client: httpx.Client, body: bytes, path: str) -> None:
    response = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert kind(response) in (200, 400, 404, 422)


@bounded
@given(length=st.integers(MESSAGE_LIMIT - 3, MESSAGE_LIMIT + 3), letter=st.sampled_from("aқ😀й\u0958"))
def test_the_limit_counts_characters(client: httpx.Client, length: int, letter: str) -> None:
    composed = 2 if letter == "\u0958" else 1  # one that NFC takes apart
    response = client.post("/api/chat", json={"message": letter * length})
    assert kind(response) == (200 if length * composed <= MESSAGE_LIMIT else 422)


@bounded
@given(values=st.dictionaries(HEADERS, ASCII))
def test_any_headers_do_no_harm(client: httpx.Client, values: dict[str, str]) -> None:
    assert kind(client.post("/api/chat", json={"message": "x"}, headers=values)) == 200
    assert kind(client.get("/widget.js", headers=values)) in (200, 304)
    assert kind(client.get("/none", headers=values)) == 404
