"""`make bench`: Shyraq beside the pipeline of LangChain's RAG tutorial, in turns, over one knowledge and one suite;
and its widget beside deep-chat, over one service.

Both answer POST /api/chat from one process on this machine. The questions are those of suites/core.csv that one message
asks. Each side is started anew in every round; the table gives the median of the rounds.
"""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from assistant.ask import open_librarian
from assistant.settings import Settings, read_settings, shipped
from evals.bench_widget import fetch_deep_chat, library_site
from evals.bench_widget import measure as measure_widgets
from evals.cases import Case, read_cases
from evals.evidence import TOP, best_passages, has_evidence, share
from evals.load import Caller, one_by_one, together
from evals.steps import step_times

SUITE = Path(__file__).parent / "suites" / "core.csv"
ROUNDS, BUDGET = 3, 200.0  # rounds, and seconds after which none is begun: a busy machine gets fewer
CALLERS = (1, 8, 32)
SECONDS = 5.0  # that a load lasts
PATIENCE = 120.0  # seconds that a server has to give its first answer
WARM = 20  # questions before times are taken

Figures = dict[str, float]
Command = Callable[[int], list[str]]  # that serves on a port
REPLY, RECALL = "facts in the reply", f"facts in the {TOP} best passages"
console = Console()


@dataclass(frozen=True)
class Side:
    """One of the two: how it is served, and the texts of a reply in which facts are looked for, by figure."""

    name: str
    command: Command
    texts: Mapping[str, Callable[[Any], list[str]]]


def main() -> None:
    """Measure, and print what was measured."""
    settings, cases = read_settings(), [case for case in read_cases(SUITE) if has_evidence(case)]
    questions = [case.turns[0] for case in cases]
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["SHYRAQ_DATABASE_URL"] = f"sqlite:///{scratch}/bench.db"  # patrons' conversations are left alone
        sides = _sides(_tutorial(settings))
        rounds = list(_rounds(sides, cases, Path(scratch)))
        console.print("Shyraq's own five best passages and steps…")
        librarian = open_librarian(settings)
        found = share(cases, (best_passages(case, librarian) for case in cases))
        times = step_times(settings, questions, Path(scratch))
        widgets = _widgets(sides[0], questions[0], settings, Path(scratch))
    table = {side.name: _medians([measured[side.name] for measured in rounds]) for side in sides}
    table["Shyraq"][RECALL] = found
    _print_sides(table, f"{len(cases)} questions, {len(rounds)} rounds in turns, medians")
    _print_sides(widgets, "The widget on a library's page, medians")
    _print_steps(times)


def _sides(tutorial: Path) -> tuple[Side, ...]:
    shyraq = str(Path(sys.executable).with_name("shyraq"))
    theirs = [sys.executable, "-m", "evals.tutorial", "serve", str(tutorial)]
    return (
        Side("Shyraq", lambda port: [shyraq, "serve", "--port", str(port)], {REPLY: lambda reply: [reply["answer"]]}),
        Side(
            "tutorial",
            lambda port: [*theirs, str(port)],
            {REPLY: lambda reply: reply["passages"], RECALL: lambda reply: reply["passages"] + reply["fifth"]},
        ),
    )


def _widgets(side: Side, question: str, settings: Settings, scratch: Path) -> dict[str, Figures]:
    """Shyraq's widget and deep-chat on one site, before one service that allows it."""
    console.print("The widget beside deep-chat…")
    bundle = fetch_deep_chat(settings.data_dir / "deep-chat")
    with library_site() as (site, served):
        os.environ["SHYRAQ_ALLOWED_ORIGINS"] = site
        with _serving(side.command, question, scratch) as (port, _):
            return measure_widgets(f"http://127.0.0.1:{port}", site, served, bundle, question)


def _tutorial(settings: Settings) -> Path:
    """The tutorial's model and store in the data folder, built anew where the knowledge or the pipeline has changed."""
    digest = hashlib.sha256(Path(__file__).with_name("tutorial.py").read_bytes())
    for path in sorted(shipped("knowledge").rglob("*.yaml")):
        digest.update(path.read_bytes())
    folder = settings.data_dir / "bench" / digest.hexdigest()[:16]
    if not folder.exists():
        shutil.rmtree(folder.parent, ignore_errors=True)
        unfinished = folder.with_suffix(".unfinished")
        unfinished.mkdir(parents=True)
        console.print("Building the tutorial's vector store (once, a minute or two)…")
        subprocess.run([sys.executable, "-m", "evals.tutorial", "build", str(unfinished)], check=True)
        unfinished.rename(folder)
    return folder


def _rounds(sides: Sequence[Side], cases: Sequence[Case], scratch: Path) -> Iterator[dict[str, Figures]]:
    """Every side's figures, one side after the other, again and again."""
    began = time.monotonic()
    for number in range(1, ROUNDS + 1):
        if time.monotonic() - began > BUDGET:
            return
        measured = {}
        for side in sides:
            console.print(f"Round {number} of {ROUNDS}: {side.name}…")
            measured[side.name] = _measure(side, cases, scratch)
        yield measured


def _measure(side: Side, cases: Sequence[Case], scratch: Path) -> Figures:
    """Start a side, and ask it everything; first one by one, then side by side."""
    questions = [case.turns[0] for case in cases]
    began = time.perf_counter()
    with _serving(side.command, questions[0], scratch) as (port, pid):
        figures = {"start to first answer, s": time.perf_counter() - began}
        one_by_one(port, questions[:WARM])
        alone = one_by_one(port, questions)
        figures |= {"one at a time, p50 ms": alone.percentile(50), "one at a time, p95 ms": alone.percentile(95)}
        for callers in CALLERS:
            load = together(port, questions, callers, SECONDS)
            figures |= {f"{callers} at once, answers/s": load.rate(), f"{callers} at once, p95 ms": load.percentile(95)}
        figures["resident memory, MB"] = _resident(pid)
    held = {figure: share(cases, map(texts, alone.replies)) for figure, texts in side.texts.items()}
    return figures | held


@contextmanager
def _serving(command: Command, question: str, scratch: Path) -> Iterator[tuple[int, int]]:
    """A server that has answered a question: its port and process id."""
    port = _free_port()
    with (scratch / "log").open("w") as log:
        process = subprocess.Popen(command(port), stdout=log, stderr=log)
    try:
        _wait_for(port, question, process, scratch / "log")
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(60)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


def _wait_for(port: int, question: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Ask until answered; raises RuntimeError with the server's last words where it never does."""
    deadline = time.perf_counter() + PATIENCE
    while process.poll() is None and time.perf_counter() < deadline:
        try:
            Caller(port).ask(question)
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"no answer from {process.args!r}:\n{log.read_text(encoding='utf-8')[-2000:]}")


def _resident(pid: int) -> float:
    """Megabytes of memory that a process holds."""
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], check=True, capture_output=True, text=True)
    return int(told.stdout) / 1024


def _medians(rounds: Sequence[Figures]) -> Figures:
    return {figure: median(measured[figure] for measured in rounds) for figure in rounds[0]}


def _print_sides(table: Mapping[str, Figures], title: str) -> None:
    shown = Table(title=title)
    shown.add_column("")
    for name in table:
        shown.add_column(name, justify="right")
    for figure in table["Shyraq"]:
        shown.add_row(figure, *(f"{figures[figure]:.3g}" for figures in table.values()))
    console.print(shown)


def _print_steps(times: Mapping[str, float]) -> None:
    shown = Table("step", title="Shyraq's time, mean of a question in one process")
    shown.add_column("ms", justify="right")
    for step, ms in times.items():
        shown.add_row(step, f"{ms:.2f}")
    console.print(shown)


if __name__ == "__main__":
    main()
