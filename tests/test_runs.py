"""Runs are kept and compared: what is noise is not told, what is no noise is."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import SettingsError
from assistant.schema import Citation, Reply
from evals.cases import Case
from evals.checks import judge
from evals.metrics import Result
from evals.report import page
from evals.runs import FILE, KEPT, Asked, compare, earlier, history, keep, read_run, sign_test, to_run

BEGAN = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
CITED = Citation(n=1, id="x#y", title="T", source="S", url=None, quote="7.")


def made(wrong: set[str], minutes: int = 0, through: str = "core", said: str = "7 [1].") -> dict[str, Any]:
    """A run of 20 English and 20 Russian cases, of which some failed."""
    results = []
    for number in range(20):
        for language in ("en", "ru"):
            id = f"{language}{number}"
            category = "figures" if number < 10 else "library"
            case = Case.model_validate(
                {"id": id, "language": language, "turns": "?", "status": "answered", "category": category}
            )
            reply = Reply.model_validate(
                {"language": language, "status": "answered", "answer": said, "citations": [CITED]}
            )
            if id in wrong:
                reply = reply.model_copy(update={"status": "unknown"})
            results.append(Result(case, reply, judge(case, reply), 10.0, {}))
    began = BEGAN + timedelta(minutes=minutes)
    return to_run(Asked(began, 1.0, "v1", ("core",), through), results)


def test_nothing_changed_nothing_told() -> None:
    found = compare(made({"en1"}), made({"en1"}))
    assert (found["fixed"], found["broken"], found["fallen"]) == ([], [], [])


def test_changes_are_named_and_noise_is_not_a_fall() -> None:
    found = compare(made({"en1", "en2"}), made({"en3"}))
    assert (found["fixed"], found["broken"], found["fallen"]) == (["en3"], ["en1", "en2"], [])


def test_a_fall_beyond_noise_is_told_by_language_and_category() -> None:
    found = compare(made({f"ru{n}" for n in range(6)}), made(set()))
    assert {(fall["what"], fall["language"]) for fall in found["fallen"]} == {
        ("all", "ru"), ("figures", "all"), ("figures", "ru")
    }  # fmt: skip
    (whole,) = (fall for fall in found["fallen"] if fall["what"] == "all")
    assert whole["before"] == 1.0 and whole["now"] == 0.7 and whole["p"] == pytest.approx(1 / 64)


def test_a_rise_is_no_fall() -> None:
    assert compare(made(set()), made({f"ru{n}" for n in range(6)}))["fallen"] == []


@pytest.mark.parametrize(("broken", "fixed", "chance"), [(0, 0, 1.0), (5, 0, 1 / 32), (1, 1, 0.75), (0, 3, 1.0)])
def test_the_sign_test(broken: int, fixed: int, chance: float) -> None:
    ids = [str(n) for n in range(broken + fixed + 4)]
    before = {id: n < broken or n >= broken + fixed for n, id in enumerate(ids)}
    now = {id: n >= broken for n, id in enumerate(ids)}
    assert sign_test(now, before, ids) == pytest.approx(chance)


def test_runs_are_kept_and_found_again(tmp_path: Path) -> None:
    first, second = made({"en1"}), made(set(), minutes=1)
    keep(first, tmp_path)
    keep(made(set(), minutes=2, through="api"), tmp_path)
    home = keep(second, tmp_path)
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / FILE).write_text("{", encoding="utf-8")
    assert [run["run"]["began"] for run in earlier(second, tmp_path)] == [first["run"]["began"]]
    assert read_run(home) == read_run(home / FILE) == json.loads(json.dumps(second))
    assert [each["passed"]["en"] for each in history(second, [first])] == [0.95, 1.0]


def test_the_oldest_go(tmp_path: Path) -> None:
    for minutes in range(KEPT + 2):
        last = keep(made(set(), minutes), tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert len(left) == KEPT and left[-1] == last.name and left[0].endswith("T200200")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"run": {"format": 0}}'])
def test_what_is_no_run_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="no run that can be compared with"):
        read_run(tmp_path)


def test_what_a_reply_holds_never_becomes_html() -> None:
    run = made(set(), said="</script><img src=x onerror=alert(1)> [1]") | {"compared": {}, "history": []}
    run["failures"] = [{"reply": "</script><img src=x onerror=alert(1)>"}]
    assert "<img" not in page(run) and page(run).count("</script>") == page(made(set())).count("</script>")
