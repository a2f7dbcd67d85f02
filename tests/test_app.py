"""The contract, over a real socket."""

import json
import logging
import re
import socket
import threading
import time
import unicodedata
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant.body import BODY_LIMIT
from assistant.completions import BODY_LIMIT as COMPLETIONS_LIMIT
from assistant.core import Core
from assistant.errors import IndexUnavailable
from assistant.faults import accepted
from assistant.knowledge import Language
from assistant.log import JsonLines
from assistant.schema import Turn
from assistant.stream import pieces
from assistant.workers import THREADS, Workers
from tests.conftest import ANSWER, Serve, condition, stand_in

HELLO = {"message": "Сәлем!"}
JSON = {"Content-Type": "application/json"}


def fault(response: httpx.Response, status: int, code: str) -> str:
    """The message of a fault of the expected kind."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert set(body) == {"error"} and set(body["error"]) == {"code", "message"}
    assert body["error"]["code"] == code
    return str(body["error"]["message"])


def events(response: httpx.Response) -> Iterator[tuple[str, Any]]:
    """Name and data of each server-sent event."""
    for block in response.content.decode("utf-8").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if line and not line.startswith(":"))
        if fields:
            yield fields["event"], json.loads(fields["data"])


# --- chat ---------------------------------------------------------------------------------------------------------


def test_chat_replies_with_the_contracts_fields(client: httpx.Client) -> None:
    response = client.post("/api/chat", json={**HELLO, "conversation_id": None, "language": None})
    assert response.status_code == 200
    reply = response.json()
    assert list(reply) == [
        "conversation_id", "message_id", "language", "status", "answer", "citations", "suggestions"
    ]  # fmt: skip
    assert reply["status"] == "answered" and reply["language"] == "kk" and reply["answer"].startswith(ANSWER)
    assert list(reply["citations"][0]) == ["n", "id", "title", "source", "url", "quote"]
    assert re.fullmatch(r"[\w-]{22}", reply["conversation_id"]) and re.fullmatch(r"[\w-]{22}", reply["message_id"])
    assert response.headers["x-ai-generated"] == "true"
    assert "Қостанай" in response.content.decode("utf-8"), "raw UTF-8, not \\u escapes"


def test_a_conversation_remembers_its_last_turns(client: httpx.Client) -> None:
    conversation = None
    for turns in range(8):
        reply = client.post("/api/chat", json={**HELLO, "conversation_id": conversation}).json()
        assert reply["answer"].endswith(f"({min(turns, 6)})")
        assert conversation in (None, reply["conversation_id"])
        conversation = reply["conversation_id"]


def test_history_is_oldest_first_and_whole(serve: Serve) -> None:
    seen: list[Sequence[Turn]] = []

    def answer(message: str, language: Language | None, history: Sequence[Turn]) -> Turn:
        seen.append(history)
        return stand_in(message, language, history)

    with serve(answer=answer) as client:
        first = client.post("/api/chat", json={"message": "бір"}).json()
        client.post("/api/chat", json={"message": "екі", "conversation_id": first["conversation_id"]})
        client.post("/api/chat", json={"message": "үш", "conversation_id": first["conversation_id"]})
    assert [turn.message for turn in seen[2]] == ["бір", "екі"]
    assert seen[2][0] == stand_in("бір", None, [])


def test_a_follow_up_works_after_a_restart(serve: Serve) -> None:
    with serve() as client:
        conversation = client.post("/api/chat", json=HELLO).json()["conversation_id"]
    with serve() as client:
        reply = client.post("/api/chat", json={**HELLO, "conversation_id": conversation}).json()
    assert reply["answer"].endswith("(1)")


def test_message_is_trimmed_and_composed(client: httpx.Client) -> None:
    decomposed = unicodedata.normalize("NFD", "  \n Ёлка й \t")
    conversation = client.post("/api/chat", json={"message": decomposed}).json()["conversation_id"]
    kept = client.get(f"/api/conversations/{conversation}").json()["messages"][0]["message"]
    assert kept == "Ёлка й"


@pytest.mark.parametrize(
    "message", ["қ" * 2000, " " * 500 + "қ" * 2000, unicodedata.normalize("NFD", "й" * 2000), "😀" * 2000]
)
def test_2000_characters_pass(client: httpx.Client, message: str) -> None:
    assert client.post("/api/chat", json={"message": message}).status_code == 200


@pytest.mark.parametrize("message", ["қ" * 2001, "\u0958" * 1001])
def test_2001_characters_do_not(client: httpx.Client, message: str) -> None:
    assert "2000" in fault(client.post("/api/chat", json={"message": message}), 422, "message_too_long")


@pytest.mark.parametrize("message", ["", " ", "\n\t\u00a0\u3000"])
def test_blank_message_is_refused(client: httpx.Client, message: str) -> None:
    fault(client.post("/api/chat", json={"message": message}), 422, "message_empty")


@pytest.mark.parametrize(
    "escaped", [r"\ud800", r"\udfff\ud800", r"\u0000", r"a\u0000b", r"\ud83d", r"\ufdfa" * 300, r"a" + r"\u0301" * 1900]
)
def test_hostile_but_legal_json_strings_are_answered_and_kept(client: httpx.Client, escaped: str) -> None:
    response = client.post("/api/chat", content=f'{{"message": "{escaped}"}}'.encode(), headers=JSON)
    assert response.status_code == 200
    reply = response.json()
    assert client.get(f"/api/conversations/{reply['conversation_id']}").status_code == 200
    rated = f'{{"message_id": "{reply["message_id"]}", "rating": 1, "comment": "{escaped}"}}'
    assert client.post("/api/feedback", content=rated.encode(), headers=JSON).status_code == 200


@pytest.mark.parametrize("unknown", ["x", "A" * 22, "", "../../etc/passwd", "%00", "a\u0000b", "\ud800", "қ" * 22])
def test_unknown_conversation_is_404(client: httpx.Client, unknown: str) -> None:
    body = json.dumps({**HELLO, "conversation_id": unknown}).encode()
    fault(client.post("/api/chat", content=body, headers=JSON), 404, "not_found")


def test_unknown_fields_are_ignored(client: httpx.Client) -> None:
    assert client.post("/api/chat", json={**HELLO, "from_the_future": 1}).status_code == 200


# --- streaming ----------------------------------------------------------------------------------------------------


def test_stream_is_meta_deltas_final(client: httpx.Client) -> None:
    response = client.post("/api/chat", json=HELLO, headers={"Accept": "text/event-stream"})
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["x-ai-generated"] == "true" and response.headers["cache-control"] == "no-store"
    found = list(events(response))
    assert [name for name, _ in found if name != "delta"] == ["meta", "final"]
    assert (found[0][0], found[-1][0]) == ("meta", "final")
    final = found[-1][1]
    assert "".join(data["text"] for name, data in found if name == "delta") == final["answer"]
    assert found[0][1] == {key: final[key] for key in ("conversation_id", "message_id", "language", "status")}
    assert len(found) > 4 and "Қостанай" in response.content.decode("utf-8")


def test_stream_of_bad_input_is_a_plain_fault(client: httpx.Client) -> None:
    headers = {"Accept": "text/event-stream"}
    fault(client.post("/api/chat", json={"message": ""}, headers=headers), 422, "message_empty")
    fault(client.post("/api/chat", json={**HELLO, "conversation_id": "x"}, headers=headers), 404, "not_found")


def test_a_slow_failure_is_an_error_event(serve: Serve) -> None:
    def slow(message: str, language: Language | None, history: Sequence[Turn]) -> Turn:
        time.sleep(3)  # well over PATIENCE
        raise IndexUnavailable("gone")

    with serve(answer=slow) as client:
        body = {**HELLO, "language": "ru"}
        response = client.post("/api/chat", json=body, headers={"Accept": "text/event-stream"})
    ((name, data),) = events(response)
    assert (name, data["error"]["code"]) == ("error", "unavailable") and "Простите" in data["error"]["message"]


@pytest.mark.parametrize("text", ["", " ", "сөз", ANSWER, " \n\n бас\tта ", "x" * 5000, "a " * 3000, "a\u00a0b\u2028c"])
def test_pieces_join_to_the_text(text: str) -> None:
    cut = list(pieces(text))
    assert "".join(cut) == text
    assert all(piece[-1].isspace() for piece in cut[:-1])


# --- conversations and feedback -----------------------------------------------------------------------------------


def test_conversation_shows_what_was_said_and_rated(client: httpx.Client) -> None:
    reply = client.post("/api/chat", json=HELLO).json()
    rating = {"message_id": reply["message_id"], "rating": 1, "comment": "Рақмет"}
    assert client.post("/api/feedback", json={**rating, "rating": -1}).status_code == 200
    assert client.post("/api/feedback", json=rating).json() == rating
    shown = client.get(f"/api/conversations/{reply['conversation_id']}").json()
    assert shown["conversation_id"] == reply["conversation_id"]
    (message,) = shown["messages"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", message.pop("created_at"))
    assert message.pop("message") == "Сәлем!" and message.pop("rating") == 1
    assert message == {key: value for key, value in reply.items() if key != "conversation_id"}


def test_delete_forgets_everything(client: httpx.Client) -> None:
    reply = client.post("/api/chat", json=HELLO).json()
    address = f"/api/conversations/{reply['conversation_id']}"
    gone = client.delete(address)
    assert (gone.status_code, gone.content) == (204, b"")
    fault(client.get(address), 404, "not_found")
    fault(client.delete(address), 404, "not_found")
    fault(client.post("/api/chat", json={**HELLO, "conversation_id": reply["conversation_id"]}), 404, "not_found")
    fault(client.post("/api/feedback", json={"message_id": reply["message_id"], "rating": 1}), 404, "not_found")


@pytest.mark.parametrize("rating", [0, 2, "1", None, 1.5, True])
def test_other_ratings_are_refused(client: httpx.Client, rating: object) -> None:
    body = {"message_id": "A" * 22, "rating": rating}
    assert "rating" in fault(client.post("/api/feedback", json=body), 422, "bad_request")


@pytest.mark.parametrize("path", ["%00", "x%2Fy", "%ff%fe", "A" * 5000, "%F0%9F%98%80"])
def test_strange_conversation_ids_are_404(client: httpx.Client, path: str) -> None:
    assert client.get(f"/api/conversations/{path}").status_code == 404
    assert client.delete(f"/api/conversations/{path}").status_code == 404


# --- faults -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff\xfe", b'{"message": ', b"[" * 60000, b'{"message": ' + b"1" * 60000 + b"}", b"\x00", b"nul"],
)
def test_what_is_not_json_is_400(client: httpx.Client, body: bytes) -> None:
    response = client.post("/api/chat", content=body, headers=JSON)
    if body:
        fault(response, 400, "bad_json")
    else:
        fault(response, 422, "bad_request")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"[]", "body"),
        (b"null", "body"),
        (b"NaN", "body"),
        (b"{}", "message"),
        (b'{"message": 5}', "message"),
        (b'{"message": null}', "message"),
        (b'{"message": ["SECRET"]}', "message"),
        (b'{"message": "x", "conversation_id": 5}', "conversation_id"),
        (b'{"message": "x", "language": "SECRET"}', "language"),
        (b'{"message": "x", "language": {"SECRET": 1}}', "language"),
    ],
)
def test_wrong_fields_are_named_and_not_echoed(client: httpx.Client, body: bytes, field: str) -> None:
    response = client.post("/api/chat", content=body, headers=JSON)
    assert f"“{field}”" in fault(response, 422, "bad_request")
    assert "SECRET" not in response.text


def test_json_must_say_that_it_is_json(client: httpx.Client) -> None:
    """Else a form of any website could post here without asking (CORS preflight)."""
    response = client.post("/api/chat", content=b'{"message": "x"}', headers={"Content-Type": "text/plain"})
    fault(response, 422, "bad_request")


def test_unknown_address_and_method(client: httpx.Client) -> None:
    fault(client.get("/nowhere"), 404, "no_route")
    fault(client.post("/api/chat/", json=HELLO), 404, "no_route")
    refused = client.get("/api/chat")
    fault(refused, 405, "bad_method")
    assert refused.headers["allow"] == "POST"
    assert client.put("/api/conversations/x").headers["allow"] == "DELETE, GET"
    assert client.post("/widget.js").headers["allow"] == "GET, HEAD"
    fault(client.options("/api/chat"), 405, "bad_method")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de", "en"),
        ("kk", "kk"),
        ("kk-KZ,kk;q=0.9,ru;q=0.8", "kk"),
        ("de;q=1, ru;q=0.5, en;q=0.7", "en"),
        ("KK-Cyrl-KZ ; q=0.3 , ru ; q=0.2", "kk"),
        ("ru;q=0", "en"),
        ("ru;q=9", "en"),
        ("russian", "en"),
        (",;q=,ru", "ru"),
        ("kk," * 2000, "kk"),
    ],
)
def test_accept_language(header: str, language: str) -> None:
    assert accepted(header) == language


def test_faults_speak_the_patrons_language(client: httpx.Client) -> None:
    kazakh = {"Accept-Language": "kk-KZ"}
    assert "бос" in fault(client.post("/api/chat", json={"message": ""}, headers=kazakh), 422, "message_empty")
    body = {"message": "", "language": "ru"}
    assert "пустое" in fault(client.post("/api/chat", json=body, headers=kazakh), 422, "message_empty")
    assert "мекенжай" in fault(client.get("/x", headers=kazakh), 404, "no_route")
    long = {"message": "Сколько публичных библиотек работает в Казахстане? " * 60}
    assert "сообщение" in fault(client.post("/api/chat", json=long), 422, "message_too_long").lower()
    unknown = {**HELLO, "conversation_id": "x", "language": "ru"}
    assert "разговора" in fault(client.post("/api/chat", json=unknown, headers=kazakh), 404, "not_found")


def test_a_bug_is_a_kind_500_without_a_traceback(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    def broken(message: str, language: Language | None, history: Sequence[Turn]) -> Turn:
        raise ValueError(f"cannot handle {message}")

    with serve(answer=broken) as client, caplog.at_level(logging.INFO):
        response = client.post("/api/chat", json={"message": "SECRET"}, headers={"Accept-Language": "ru"})
    assert "ошибка" in fault(response, 500, "internal")
    assert response.headers["x-content-type-options"] == "nosniff" and response.headers["x-request-id"]
    lines = [JsonLines().format(record) for record in caplog.records]
    assert any('"error": "ValueError"' in line and "broken" in line for line in lines)
    assert not any("SECRET" in line for line in lines)


# --- body limit ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "start", "limit"),
    [
        ("/api/chat", b'{"message": "x", "more": "', BODY_LIMIT),
        (
            "/v1/chat/completions",
            b'{"messages": [{"role": "user", "content": "x"}], "more": "',
            COMPLETIONS_LIMIT,
        ),
    ],
)
def test_body_limit_is_exact(client: httpx.Client, path: str, start: bytes, limit: int) -> None:
    for extra, status in ((0, 200), (1, 413)):
        body = start + b"a" * (limit - len(start) - 2 + extra) + b'"}'
        response = client.post(path, content=body, headers=JSON)
        assert response.status_code == status
    assert str(limit // 1024) in fault(response, 413, "body_too_large")


def test_endless_chunks_are_cut_off_early(client: httpx.Client) -> None:
    sent = 0
    with socket.create_connection((client.base_url.host, client.base_url.port or 80)) as raw:
        raw.settimeout(5)
        raw.sendall(b"POST /api/chat HTTP/1.1\r\nHost: x\r\nAccept-Language: kk\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while sent < 64 * 2**20:
                raw.sendall(b"10000\r\n" + b"a" * 65536 + b"\r\n")
                sent += 65536
        except OSError:
            pass  # the server has hung up, as it should
        answer = b""
        try:
            while chunk := raw.recv(65536):
                answer += chunk
        except OSError:
            pass
    assert sent < 8 * 2**20
    assert not answer or (answer.startswith(b"HTTP/1.1 413") and "КиБ".encode() in answer)


def test_chunked_and_announced_bodies_are_refused_alike(client: httpx.Client) -> None:
    chunks = iter([b"a" * 40000] * 2)
    assert "64" in fault(client.post("/api/chat", content=chunks, headers=JSON), 413, "body_too_large")
    fault(client.post("/api/chat", content=b"a" * 80000, headers=JSON), 413, "body_too_large")
    fault(client.request("GET", "/api/health", content=b"a" * 80000), 413, "body_too_large")


# --- state of the core --------------------------------------------------------------------------------------------


def test_health_and_ready(client: httpx.Client) -> None:
    assert client.get("/api/health").json() == {"status": "ok"}
    ready = client.get("/api/ready").json()
    assert ready == {"status": "ready", "index": "test-1", "passages": {"kk": 3, "ru": 3, "en": 3}}


def test_without_an_index_it_lives_and_says_so(serve: Serve) -> None:
    def missing() -> Core:
        raise IndexUnavailable("there is no index")

    with serve(core=missing) as client:
        assert client.get("/api/health").status_code == 200
        fault(client.get("/api/ready"), 503, "unavailable")
        fault(client.post("/api/chat", json=HELLO), 503, "unavailable")
        streamed = client.post("/api/chat", json=HELLO, headers={"Accept": "text/event-stream"})
        fault(streamed, 503, "unavailable")
        asked = {"messages": [{"role": "user", "content": "Сәлем!"}], "stream": True}
        fault(client.post("/v1/chat/completions", json=asked), 503, "unavailable")


def test_an_index_that_comes_later_is_opened_without_a_restart(serve: Serve, tmp_path: Path) -> None:
    def later() -> Core:
        if not (tmp_path / "index").exists():
            raise IndexUnavailable("there is no index")
        return Core(stand_in, condition)

    with serve(core=later) as client:
        assert client.get("/api/ready").status_code == 503
        (tmp_path / "index").touch()
        deadline = time.monotonic() + 30
        while client.get("/api/ready").status_code == 503 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert client.post("/api/chat", json=HELLO).status_code == 200


def test_patrons_are_answered_without_a_database(serve: Serve) -> None:
    with socket.socket() as taken:  # bound, not listening: nobody is there
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql+psycopg://nobody@127.0.0.1:{taken.getsockname()[1]}/none"
        with serve(database_url=url) as client:
            reply = client.post("/api/chat", json=HELLO)
            assert reply.status_code == 200 and reply.json()["conversation_id"] and reply.json()["message_id"]
            again = client.post("/api/chat", json={**HELLO, "conversation_id": "A" * 22})
            assert again.json()["conversation_id"] == "A" * 22
            fault(client.get(f"/api/conversations/{'A' * 22}"), 503, "unavailable")
            fault(client.delete(f"/api/conversations/{'A' * 22}"), 503, "unavailable")


def test_a_full_line_is_told_to_come_again(serve: Serve) -> None:
    gate = threading.Event()

    def waits(message: str, language: Language | None, history: Sequence[Turn]) -> Turn:
        gate.wait(30)
        return stand_in(message, language, history)

    callers = THREADS + 256 + 8
    with serve(answer=waits) as client, ThreadPoolExecutor(callers) as pool:
        limits = httpx.Limits(max_connections=callers)
        with httpx.Client(base_url=client.base_url, timeout=60, limits=limits, trust_env=False) as crowd:
            waiting = [pool.submit(crowd.post, "/api/chat", json=HELLO) for _ in range(callers)]
            while sum(future.done() for future in waiting) < 8:
                time.sleep(0.05)
            assert client.get("/api/health").status_code == 200, "the rest goes on meanwhile"
            gate.set()
            statuses = [future.result() for future in waiting]
    refused = [response for response in statuses if response.status_code != 200]
    assert len(refused) == 8
    fault(refused[0], 503, "busy")
    assert int(refused[0].headers["retry-after"]) > 0


def test_32_callers_are_all_answered(client: httpx.Client) -> None:
    def talk(_: int) -> set[int]:
        conversation, statuses = None, set()
        for _ in range(5):
            response = client.post("/api/chat", json={**HELLO, "conversation_id": conversation})
            statuses.add(response.status_code)
            conversation = response.json()["conversation_id"]
        return statuses

    with ThreadPoolExecutor(32) as pool:
        assert set.union(*pool.map(talk, range(32))) == {200}


def test_closing_finishes_what_is_in_hand(serve: Serve) -> None:
    asked = threading.Event()

    def slow(message: str, language: Language | None, history: Sequence[Turn]) -> Turn:
        asked.set()
        time.sleep(0.5)
        return stand_in(message, language, history)

    with ThreadPoolExecutor(1) as pool:
        with serve(answer=slow) as client:
            reply = pool.submit(httpx.post, f"{client.base_url}/api/chat", json=HELLO, timeout=30, trust_env=False)
            assert asked.wait(30)
        assert reply.result().status_code == 200


def test_workers_give_their_places_back() -> None:
    """Also where a caller goes away before its turn."""
    import asyncio

    async def leave() -> int:
        workers = Workers(threads=1, waiting=1)
        hold = threading.Event()
        first, second = workers.start(hold.wait), workers.start(hold.wait)
        second.cancel()
        hold.set()
        await first
        done = [await workers.start(lambda: 1) for _ in range(10)]
        workers.close()
        return sum(done)

    assert asyncio.run(leave()) == 10


# --- browsers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/widget.js", "/page.css", "/docs", "/api/health", "/nowhere", "/openapi.json"])
def test_security_headers_are_on_every_reply(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe-eval" not in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer" and "camera=()" in headers["permissions-policy"]
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == ("cross-origin" if path == "/widget.js" else "same-origin")
    assert "server" not in headers or headers["server"] == "uvicorn"


@pytest.mark.parametrize(
    "path", ["/", "/widget.js", "/page.css", "/favicon.svg", "/docs", "/docs/swagger-ui-bundle.js"]
)
def test_pages_are_sent_once(client: httpx.Client, path: str) -> None:
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    assert client.head(path, headers={"Accept-Encoding": "identity"}).headers["content-length"] == str(
        len(plain.content)
    )
    first = client.get(path)
    assert first.status_code == 200 and first.content
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    assert first.content == plain.content


def test_pages_name_no_foreign_host(client: httpx.Client) -> None:
    for path in ("/", "/docs", "/docs/docs.js", "/page.css"):
        assert not re.findall(r"(?:https?:)?//[\w.-]+\.[a-z]{2,}", client.get(path).text.replace("www.w3.org", ""))


ORIGINS = [
    "null",
    "https://kitap.example.evil.example",
    "https://evil-kitap.example",
    "http://kitap.example",
    "https://kitap.example:8443",
    "https://KITAP.example",
    "https://kitap.example/",
    "https://a.kitap.example",
    "*",
    "",
]


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_other_origins_get_no_permission(client: httpx.Client, origin: str, method: str) -> None:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    response = client.request(method, "/api/health", headers=headers)
    assert not [name for name in response.headers if name.startswith("access-control-")]
    assert "Origin" in response.headers["vary"]


def test_allowed_origin_may_call(client: httpx.Client) -> None:
    origin = {"Origin": "https://kitap.example"}
    asked = client.options("/api/chat", headers={**origin, "Access-Control-Request-Method": "POST"})
    assert asked.status_code == 204
    assert asked.headers["access-control-allow-origin"] == "https://kitap.example"
    assert "Content-Type" in asked.headers["access-control-allow-headers"]
    assert "Authorization" not in asked.headers["access-control-allow-headers"]
    keyed = client.options("/v1/chat/completions", headers={**origin, "Access-Control-Request-Method": "POST"})
    # The asterisk stands for what the official client sends besides: X-Stainless-… and more.
    assert keyed.headers["access-control-allow-headers"] == "Authorization, *"
    assert "access-control-allow-credentials" not in keyed.headers
    for response in (
        client.post("/api/chat", json=HELLO, headers=origin),
        client.post("/api/chat", json={}, headers=origin),
        client.post("/api/chat", content=b"a" * 80000, headers=origin),
    ):
        assert response.headers["access-control-allow-origin"] == "https://kitap.example"
        assert "access-control-allow-credentials" not in response.headers


# --- request ids and logs -----------------------------------------------------------------------------------------


def test_request_id_is_kept_or_made(client: httpx.Client) -> None:
    assert client.get("/api/health", headers={"X-Request-ID": "abc-1.2_3"}).headers["x-request-id"] == "abc-1.2_3"
    for bad in ("", "a b", "x" * 65, "<script>"):
        made = client.get("/api/health", headers={"X-Request-ID": bad}).headers["x-request-id"]
        assert re.fullmatch(r"[0-9a-f]{32}", made)


def test_log_tells_what_happened_and_not_what_was_said(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        headers = {"X-Request-ID": "r1"}
        reply = client.post("/api/chat", json={"message": "ҚҰПИЯ", "language": "kk"}, headers=headers).json()
        client.get(f"/api/conversations/{reply['conversation_id']}", headers={"X-Request-ID": "r2"})
        client.get("/secret-path", headers={"X-Request-ID": "r3"})
        deadline = time.monotonic() + 30
        while not any("r3" in JsonLines().format(record) for record in caplog.records) and time.monotonic() < deadline:
            time.sleep(0.01)
    # Other loggers here are the test's own client and server; those of `shyraq serve` are in test_cli.
    ours = [record for record in caplog.records if record.name.startswith("assistant")]
    lines = [json.loads(JsonLines().format(record)) for record in ours]
    by_id = {line["request_id"]: line for line in lines if line["event"] == "request"}
    chat = by_id["r1"]
    assert (chat["method"], chat["route"], chat["status"]) == ("POST", "/api/chat", 200)
    assert (chat["language"], chat["outcome"]) == ("kk", "answered") and chat["ms"] >= 0
    assert by_id["r2"]["route"] == "/api/conversations/{conversation_id}"
    assert (by_id["r3"]["route"], by_id["r3"]["status"]) == (None, 404)
    everything = json.dumps(lines, ensure_ascii=False)
    words = ("ҚҰПИЯ", "secret-path", reply["conversation_id"], "Қостанай")
    assert [word for word in words if word in everything] == []
