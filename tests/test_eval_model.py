"""`shyraq eval` where a language model is set: its scores beside the built-in writer's, and a judge's votes."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from rich.console import Console

from assistant.settings import ROOT, read_settings
from evals.command import Options, run_suites
from tests.speaker import Asked, Line, copies, speaking
from tests.test_eval import SUITE
from tests.test_report import opened


def writes_and_judges(line: Line, asked: Asked) -> None:
    """Writes truly; as a judge finds all faithful, and changes its mind about what is to the point."""
    user = asked["messages"][-1]["content"]
    if "yes or no" not in asked["messages"][0]["content"]:
        copies(line, asked)
    elif "Is everything" in user:
        line.say("Yes.")
    else:
        line.say(("Yes", "No", "Well")[len(line.server.asked) % 3])


def test_both_writers_stand_side_by_side(
    index_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], browser: Browser
) -> None:
    suite, data = tmp_path / "own.csv", tmp_path / "data"
    suite.write_text(SUITE, encoding="utf-8")
    data.mkdir()
    for name in ("index", "models"):
        (data / name).symlink_to(index_dir / name, target_is_directory=True)
    with speaking(writes_and_judges) as server:
        settings = read_settings(
            _env_file=None,
            data_dir=data,
            knowledge_dir=ROOT / "knowledge",
            llm="openai:test",
            llm_base_url=server.url,
        )
        assert run_suites([str(suite)], Options(variants=False, language="en"), settings, Console(stderr=True))
    out = capsys.readouterr().out
    assert "Language model openai:test" in out and "no model" in out
    (home,) = (data / "runs").iterdir()
    run = json.loads((home / "run.json").read_text(encoding="utf-8"))
    figures = {metric["id"]: metric["values"] for metric in run["metrics"]}
    for language in ("kk", "ru", "en"):
        assert figures["passed"][language]["value"] == figures["plain_passed"][language]["value"]
    assert run["llm"]["written"] >= 4 and run["llm"]["fallbacks"] == {} and run["llm"]["tokens_per_second"] > 0
    assert figures["faithful"]["all"]["value"] == 1 and figures["flips"]["all"]["value"] == 0.5
    with opened(browser, run, tmp_path, "ru") as page:
        expect(page.get_by_text("Языковая модель openai:test")).to_be_visible()
        expect(page.get_by_text("Для сравнения: без модели, со встроенным писателем")).to_be_visible()
        page.screenshot(path=str(tmp_path / "report.png"), full_page=True)


def test_without_a_model_nothing_of_it_is_told(
    index_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    suite = tmp_path / "own.csv"
    suite.write_text(SUITE, encoding="utf-8")
    for name in ("index", "models"):
        (tmp_path / name).symlink_to(index_dir / name, target_is_directory=True)
    settings = read_settings(_env_file=None, data_dir=tmp_path, knowledge_dir=ROOT / "knowledge")
    run_suites([str(suite)], Options(variants=False, as_json=True), settings, Console(stderr=True))
    run = json.loads(capsys.readouterr().out)
    assert run["llm"] is None and not [m for m in run["metrics"] if m["id"].startswith(("plain_", "faithful"))]
