"""`shyraq eval` as a librarian runs it: real index, real service, real browser."""

import http.server
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest
from rich.console import Console

from assistant.ask import Librarian, ask
from assistant.errors import KnowledgeError, SettingsError
from assistant.knowledge import Language
from assistant.schema import Turn
from assistant.settings import ROOT, Settings, read_settings
from evals.cases import Case
from evals.channels import through_api, through_core
from evals.checks import judge
from evals.command import Options, find_suites, run_suites
from evals.evidence import best_passages, rank_evidence
from evals.telegram import through_telegram
from evals.widget import through_widget
from tests.conftest import Serve, speaking

SUITE = """\
id,language,question,status,facts,forbidden,sources,category,note
f-kk,kk,Қазақстанда неше көпшілік кітапхана бар?,answered,3887,,,figures,
f-ru,ru,Сколько в Казахстане публичных библиотек?,answered,3887,,,figures,
f-en,en,How many public libraries does Kazakhstan have?,answered,3887,,,figures,
u-en,en,What is the weather in Astana?,unknown,,,,unknown-out,
t-ru,ru,Что такое DosAI? || а где он работает?,answered,Восточн,,,followup,
bad-en,en,How many public libraries are there in Kazakhstan?,answered,4000,,,figures,meant to fail
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "own.csv"
    path.write_text(SUITE, encoding="utf-8")
    return path


@pytest.fixture
def settings(index_dir: Path, tmp_path: Path) -> Settings:
    """The checkout's index and model; runs are kept elsewhere."""
    for name in ("index", "models"):
        (tmp_path / "data").mkdir(exist_ok=True)
        (tmp_path / "data" / name).symlink_to(index_dir / name, target_is_directory=True)
    return read_settings(_env_file=None, data_dir=tmp_path / "data", knowledge_dir=ROOT / "knowledge")


def asked(suite: Path, settings: Settings, capsys: pytest.CaptureFixture[str], **given: object) -> tuple[bool, str]:
    """Whether it held against the baseline, and what was printed."""
    held = run_suites([str(suite)], Options(**{"variants": False, **given}), settings, Console(stderr=True))  # type: ignore[arg-type]
    return held, capsys.readouterr().out


def test_a_run_is_scored_kept_and_shown(suite: Path, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    held, out = asked(suite, settings, capsys, variants=True, language="ru")
    assert held and "Цифры" in out
    (home,) = (settings.data_dir / "runs").iterdir()
    run = json.loads((home / "run.json").read_text(encoding="utf-8"))
    assert run["run"]["cases"] == 6 and run["run"]["variants"] > 20
    assert run["passed"] == {"f-kk": True, "f-ru": True, "f-en": True, "u-en": True, "t-ru": True, "bad-en": False}
    failure = next(each for each in run["failures"] if each["id"] == "bad-en" and not each["variant"])
    assert failure["why"] == [["missing", "4000"]] and failure["reply"]["citations"] and failure["note"]
    ranked = next(metric for metric in run["metrics"] if metric["id"] == "recall5")
    assert ranked["values"]["kk"]["value"] == 1.0
    assert "Shyraq" in (home / "report.html").read_text(encoding="utf-8")


def test_the_next_run_is_compared_with_the_last(
    suite: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    asked(suite, settings, capsys)
    suite.write_text(SUITE.replace("4000", "3887"), encoding="utf-8")
    _, out = asked(suite, settings, capsys, as_json=True)
    run = json.loads(out)
    assert run["compared"]["last"]["fixed"] == ["bad-en"] and run["compared"]["baseline"] is None
    assert len(run["history"]) == 2


def test_a_fall_below_the_baseline_fails(suite: Path, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"c{n},en,How many public libraries does Kazakhstan have?,answered,3887,,,figures," for n in range(6)]
    suite.write_text("\n".join([SUITE.split("\n")[0], *rows]), encoding="utf-8")
    asked(suite, settings, capsys)
    (home,) = (settings.data_dir / "runs").iterdir()
    suite.write_text(suite.read_text(encoding="utf-8").replace("3887", "4000"), encoding="utf-8")
    held, out = asked(suite, settings, capsys, baseline=home, language="en")
    assert not held and "All correct, English: 100.0 % → 0.0 %" in out


def test_what_fell_is_named(suite: Path, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [f"c{n},en,How many public libraries does Kazakhstan have?,answered,3887,,,our own," for n in range(6)]
    suite.write_text("\n".join([SUITE.split("\n")[0], *rows]), encoding="utf-8")
    asked(suite, settings, capsys)
    (home,) = (settings.data_dir / "runs").iterdir()
    suite.write_text(suite.read_text(encoding="utf-8").replace("3887", "4000"), encoding="utf-8")
    _, out = asked(suite, settings, capsys, baseline=home, language="en")
    assert "our own, English: 100.0 % → 0.0 %" in out


def test_one_id_in_two_suites_is_told(suite: Path, settings: Settings) -> None:
    other = suite.with_name("other.csv")
    other.write_text(suite.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(KnowledgeError, match="'f-kk' in two suites"):
        run_suites([str(suite), str(other)], Options(), settings, Console(stderr=True))


def test_a_bad_suite_stops_before_anything_is_asked(suite: Path, settings: Settings) -> None:
    suite.write_text(SUITE.replace("u-en,en", "u-en,uk"), encoding="utf-8")
    with pytest.raises(KnowledgeError, match="row 5, column 'language'"):
        run_suites([str(suite)], Options(), settings, Console(stderr=True))


def test_suites_are_found_by_name() -> None:
    assert "heldout" not in [path.stem for path in find_suites([])]
    assert [path.stem for path in find_suites(["heldout", "core"])] == ["heldout", "core"]
    with pytest.raises(SettingsError, match="or one of conversations, core, "):
        find_suites(["none"])


FOLLOW_UP = Case.model_validate({"id": "x", "language": "en", "turns": "one || two", "status": "answered"})


def test_through_the_api_turns_are_one_conversation(serve: Serve) -> None:
    with serve() as client:
        reply, milliseconds = through_api(client)(FOLLOW_UP)
    assert reply.answer.endswith("(1)") and milliseconds > 0


def test_the_api_and_the_core_say_the_same(serve: Serve, librarian: Librarian) -> None:
    case = FOLLOW_UP.model_copy(update={"turns": ("Что такое DosAI?", "а где он работает?")})
    with serve(answer=lambda *given: ask(given[0], language=given[1], history=given[2], librarian=librarian)) as client:
        assert through_api(client)(case)[0] == through_core(librarian)(case)[0]


def test_the_widget_shows_what_the_api_says(serve: Serve, librarian: Librarian) -> None:
    case = FOLLOW_UP.model_copy(update={"turns": ("Что такое DosAI?", "а где он работает?")})
    with serve(answer=lambda *given: ask(given[0], language=given[1], history=given[2], librarian=librarian)) as client:
        expected = through_api(client)(case)[0]
        with through_widget(str(client.base_url)) as channel:
            seen = [channel(case) for _ in range(2)]
    assert [reply for reply, _ in seen] == [expected, expected]
    assert all(milliseconds > 0 for _, milliseconds in seen)


def test_a_widget_that_is_not_there_is_told_plainly() -> None:
    told = pytest.raises(SettingsError, match="no answer in the widget of http://127.0.0.1:9")
    with told, through_widget("http://127.0.0.1:9") as channel:
        channel(FOLLOW_UP)


CASES = [
    ("kk", "Қостанай облыстық кітапханасы несімен танымал?"),
    ("ru", "Сравни Костанайскую и Карагандинскую библиотеки || а где первая?"),
    ("en", "Which libraries are for children?"),
    ("ru", "Во сколько открывается Костанайская библиотека?"),
]


def test_the_telegram_bot_and_the_api_score_the_same(serve: Serve, librarian: Librarian) -> None:
    shape = {"status": "answered", "facts": "балалар; Костанай; children"}
    cases = [Case.model_validate({"id": "x", "language": code, "turns": turns, **shape}) for code, turns in CASES]

    def answer(message: str, language: Language | None, history: Sequence[Turn]) -> Turn:
        return ask(message, language=language, history=history, librarian=librarian)

    with serve(answer=answer) as client:
        settings = read_settings(_env_file=None, core_url=str(client.base_url).rstrip("/"))
        by_api = [through_api(client)(case)[0] for case in cases]
        with through_telegram(client, settings) as channel:
            by_bot = [channel(case)[0] for case in cases]
    assert [judge(*each) for each in zip(cases, by_bot, strict=True)] == [
        judge(*each) for each in zip(cases, by_api, strict=True)
    ]
    for seen, said in zip(by_bot, by_api, strict=True):
        same = {"language", "status", "citations", "suggestions"}
        assert seen.model_dump(include=same) == said.model_dump(include=same)


def test_no_service_is_told_plainly() -> None:
    nobody = "http://127.0.0.1:9"
    with httpx.Client(base_url=nobody, trust_env=False) as client, pytest.raises(SettingsError, match=nobody):
        through_api(client)(FOLLOW_UP)
    settings = read_settings(_env_file=None, core_url=nobody)
    with httpx.Client(base_url=nobody, trust_env=False) as client, pytest.raises(SettingsError, match=nobody):
        through_telegram(client, settings).__enter__()


@pytest.fixture
def busy() -> Iterator[str]:
    """A service that twice asks to come again, then answers what no Shyraq would."""
    left = [503, 429]

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(left.pop() if left else 200)
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{x")

        def log_message(self, *given: object) -> None:
            pass

    with speaking(Handler) as address:
        yield address
    assert not left


def test_a_busy_service_is_asked_again_and_nonsense_is_told(busy: str) -> None:
    with httpx.Client(base_url=busy, trust_env=False) as client, pytest.raises(SettingsError, match="no Shyraq"):
        through_api(client)(FOLLOW_UP)


def test_evidence_is_ranked_in_and_between_languages(librarian: Librarian) -> None:
    case = Case.model_validate(
        {"id": "x", "language": "ru", "turns": "Сколько в Казахстане публичных библиотек?", "status": "answered",
         "facts": "3887"}
    )  # fmt: skip
    ranks = rank_evidence(case, librarian)
    assert ranks["recall1"] == 1.0 and ranks["cross_recall5"] == 1.0
    assert any("3\xa0887" in text or "3 887" in text for text in best_passages(case, librarian))
    assert rank_evidence(case.model_copy(update={"facts": ("4000",)}), librarian) == {}
