"""The command line, as real processes."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from assistant.settings import ROOT

SHYRAQ = [sys.executable, "-c", "from assistant.cli import main; main()"]


def environment(given: dict[str, object]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SHYRAQ_")}
    ours = {f"SHYRAQ_{name.upper()}": str(value) for name, value in given.items()}
    return {**inherited, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "NO_COLOR": "1", "COLUMNS": "200", **ours}


def run(*arguments: str, cwd: Path, **given: object) -> subprocess.CompletedProcess[str]:
    """A finished `shyraq …`; `given` are settings."""
    return subprocess.run(
        [*SHYRAQ, *arguments],
        cwd=cwd,
        env=environment(given),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


def refused(result: subprocess.CompletedProcess[str]) -> str:
    """The one line of a command that failed as it should."""
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr and result.stdout == ""
    (line,) = result.stderr.strip().splitlines()
    return line


@contextmanager
def serving(cwd: Path, **given: object) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running `shyraq serve` and its address; killed if a test leaves it alive."""
    with (cwd / "log").open("w") as log:
        process = subprocess.Popen(
            [*SHYRAQ, "serve", "--port", "0"], cwd=cwd, env=environment(given), stderr=log, text=True
        )
    try:
        deadline = time.monotonic() + 240
        while not (found := re.search(r"http://[\d.]+:\d+", (cwd / "log").read_text(encoding="utf-8"))):
            assert process.poll() is None and time.monotonic() < deadline, (cwd / "log").read_text(encoding="utf-8")
            time.sleep(0.05)
        while not _is_up(found[0]):
            assert process.poll() is None and time.monotonic() < deadline, (cwd / "log").read_text(encoding="utf-8")
            time.sleep(0.05)
        yield process, found[0]
    finally:
        process.kill()
        process.wait()


def _is_up(address: str) -> bool:
    try:
        return httpx.get(f"{address}/api/health", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_help_lists_the_commands(tmp_path: Path) -> None:
    shown = run("--help", cwd=tmp_path)
    assert shown.returncode == 0
    assert all(command in shown.stdout for command in ("serve", "ask", "ingest", "check"))


def test_wrong_setting_is_one_line(tmp_path: Path) -> None:
    for command in (["check"], ["serve"], ["ask", "x"]):
        line = refused(run(*command, cwd=tmp_path, port="ninety"))
        assert line == "shyraq: SHYRAQ_PORT: found 'ninety'; expected a port number from 0 to 65535 (0: any free one)"


def test_port_in_use_is_one_line_before_anything_is_built(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        line = refused(run("serve", "--port", str(taken.getsockname()[1]), cwd=tmp_path, data_dir=tmp_path / "data"))
    assert "cannot listen" in line and "--port" in line
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["ask", "  "], "is empty"), (["ask", "x" * 2001], "2000"), (["ask", " ", "--language", "kk"], "бос")],
)
def test_wrong_question_is_one_line(arguments: list[str], words: str, tmp_path: Path) -> None:
    assert words in refused(run(*arguments, cwd=tmp_path))


def test_unknown_language_is_refused(tmp_path: Path) -> None:
    result = run("ask", "x", "--language", "de", cwd=tmp_path)
    assert result.returncode == 2 and "kk, ru or en" in result.stderr


def test_check_passes_what_ships(tmp_path: Path) -> None:
    result = run("check", cwd=tmp_path)
    assert result.returncode == 0, result.stdout
    assert re.match(r"All is well: \d+ entries", result.stdout)


def test_check_names_every_problem(tmp_path: Path) -> None:
    (tmp_path / "knowledge" / "libraries").mkdir(parents=True)
    (tmp_path / "knowledge" / "libraries" / "x.yaml").write_text("id: X\nkind: library\n", encoding="utf-8")
    result = run("check", cwd=tmp_path, knowledge_dir=tmp_path / "knowledge")
    assert result.returncode == 1 and result.stderr == ""
    lines = result.stdout.splitlines()
    assert len(lines) > 1 and all(re.match(r"libraries/x\.yaml:\d+: ", line) for line in lines)


def test_check_names_a_phrase_that_a_channel_needs_and_lacks(tmp_path: Path) -> None:
    for folder in ("assistant", "bots", "knowledge", "prompts"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    lost = {"widget.yaml": ("$limit", ""), "page.yaml": ("headline:", "x:"), "telegram.yaml": ("$contact", "")}
    for name, change in lost.items():
        file = tmp_path / "prompts" / name
        file.write_text(file.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    result = run("check", cwd=tmp_path)
    assert result.returncode == 1 and result.stderr == ""
    count, headline, librarian = result.stdout.splitlines()
    assert re.fullmatch(r"widget\.yaml:\d+: phrase 'count': expected these placeholders: \$count, \$limit", count)
    assert headline == "page.yaml:1: phrase 'headline' is missing; expected it in kk, ru and en"
    assert re.fullmatch(r"telegram\.yaml:\d+: phrase 'librarian': expected these placeholders: \$contact", librarian)


def test_asking_without_an_index_is_one_line(tmp_path: Path) -> None:
    line = refused(run("ask", "DosAI?", cwd=tmp_path, data_dir=tmp_path))
    assert "shyraq ingest" in line


def test_ask_prints_the_answer_and_its_sources(tmp_path: Path, index_dir: Path) -> None:
    result = run("ask", "Что такое DosAI?", cwd=tmp_path, data_dir=index_dir, database_url=f"sqlite:///{tmp_path}/x.db")
    assert result.returncode == 0, result.stderr
    assert "[1]" in result.stdout and "DosAI" in result.stdout


def test_ask_prints_the_apis_reply_and_goes_on(tmp_path: Path, index_dir: Path) -> None:
    kept = {"data_dir": index_dir, "database_url": f"sqlite:///{tmp_path}/x.db"}
    first = run("ask", "What is DosAI?", "--language", "en", "--json", cwd=tmp_path, **kept)
    reply = json.loads(first.stdout)
    assert reply["status"] == "answered" and reply["language"] == "en" and reply["citations"]
    again = ["ask", "Қазақша айтшы", "--json", "--conversation", reply["conversation_id"]]
    second = json.loads(run(*again, cwd=tmp_path, **kept).stdout)
    assert second["conversation_id"] == reply["conversation_id"]
    lost = refused(run("ask", "x", "--conversation", "A" * 22, cwd=tmp_path, **kept))
    assert "no such conversation" in lost


def test_serve_answers_logs_and_ends_well(tmp_path: Path, index_dir: Path) -> None:
    with serving(tmp_path, data_dir=index_dir, database_url=f"sqlite:///{tmp_path}/x.db") as (process, address):
        reply = httpx.post(f"{address}/api/chat", json={"message": "DosAI деген не?"}, trust_env=False, timeout=30)
        assert reply.status_code == 200 and reply.json()["status"] == "answered"
        conversation = reply.json()["conversation_id"]
        httpx.get(f"{address}/api/conversations/{conversation}", trust_env=False)
        assert httpx.get(f"{address}/api/ready", trust_env=False).json()["passages"]["kk"] > 0
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) in (0, -signal.SIGTERM)
    log = (tmp_path / "log").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert [line["status"] for line in lines if line.get("route") == "/api/chat"] == [200]
    assert "Traceback" not in log and "деген" not in log and conversation not in log
