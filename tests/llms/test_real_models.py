"""Two real, small language models on loopback: they echo, loop and invent, and no answer is the worse for it.

Run by `make test-llm`. LLM_CASES: how many cases a language and model are asked (all of the suite: 0).
"""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from socket import socket

import pytest

from assistant.ask import Librarian, ask, open_librarian
from assistant.grounding import MARKER
from assistant.knowledge import LANGUAGES
from assistant.llm import Patience
from assistant.schema import Reply, Turn
from assistant.settings import ROOT, read_settings
from evals.cases import Case, read_cases
from evals.checks import judge
from evals.command import FOLDER
from evals.model import account
from ingest.progress import watched

if "LLMS" not in os.environ:
    pytest.skip("needs two language models: make test-llm", allow_module_level=True)

CASES = int(os.environ.get("LLM_CASES", "8"))
SLOW = Patience(connect=10, first=600, idle=600, total=900)  # what is tested is what leaves, on however busy a machine


@pytest.fixture(scope="module", params=["smollm2", "gemma"])
def librarian(request: pytest.FixtureRequest, index_dir: Path) -> Iterator[Librarian]:
    """One whose model is real."""
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [ROOT / os.environ["LLMS"], Path(__file__).with_name("serve.py"), request.param, str(port)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout
        assert any(line.startswith("ready") for line in server.stdout)
        settings = read_settings(
            _env_file=None,
            data_dir=index_dir,
            knowledge_dir=ROOT / "knowledge",
            llm=f"openai:{request.param}",
            llm_base_url=f"http://127.0.0.1:{port}/v1",
            llm_daily_tokens=0,
        )
        opened = open_librarian(settings, SLOW)
        assert opened.author
        yield opened
        opened.author.close()
    finally:
        server.kill()
        server.wait()
        assert server.stdout
        server.stdout.close()


def answered(case: Case, librarian: Librarian) -> Reply:
    history: list[Turn] = []
    for message in case.turns:
        history.append(ask(message, language=None, history=history, librarian=librarian))
    return history[-1].reply


def sample() -> list[Case]:
    """Cases of the core suite that an answer is expected for, from all over it, as many a language."""
    cases = [case for case in read_cases(FOLDER / "core.csv") if case.is_answerable]
    found = []
    for language in LANGUAGES:
        mine = [case for case in cases if case.language == language]
        step = max(1, len(mine) // CASES) if CASES else 1
        found += mine[::step][: CASES or None]
    return found


@pytest.mark.timeout(2 * 3600)
def test_no_score_falls_in_any_language(librarian: Librarian, capsys: pytest.CaptureFixture[str]) -> None:
    assert librarian.author
    plain = replace(librarian, author=None)
    scores: Counter[tuple[str, str]] = Counter()
    cases = sample()

    def say(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{line}")
            sys.stdout.flush()

    for case in watched(cases, len(cases), f"Asking {librarian.author.chat.name}", say):
        before, reply = answered(case, plain), answered(case, librarian)
        scores["built-in", case.language] += judge(case, before).passed
        scores["model", case.language] += judge(case, reply).passed
        assert reply.status == before.status and reply.language == before.language
        assert {int(n) for n in MARKER.findall(reply.answer)} == {citation.n for citation in reply.citations}
        assert judge(case, reply).unsupported == ()
    told = account(librarian.author)
    share = sum(told["fallbacks"].values()) / (told["written"] + sum(told["fallbacks"].values()))
    say(f"{told}\nfell back on {share:.0%} of answers; passed of {len(cases)}: {dict(scores)}\n")
    assert told["written"] + sum(told["fallbacks"].values()) > 0 and told["tokens_per_second"]
    for language in LANGUAGES:
        assert scores["model", language] >= scores["built-in", language]
