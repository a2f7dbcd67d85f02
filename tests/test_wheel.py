"""The wheel holds all that Shyraq needs, and works away from the checkout."""

import ast
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path
from zipfile import ZipFile

import pytest

from assistant.settings import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("shyraq-*-py3-none-any.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder it is installed in; what it depends on is this Python's."""
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder)]
    subprocess.run([*command, str(wheel)], check=True, capture_output=True)
    return folder


def shyraq(installed: Path, *arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """A finished `shyraq …` of the installed wheel, run elsewhere, as a person who has set nothing."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SHYRAQ_", "XDG_"))}
    environment = {**inherited, "PYTHONPATH": str(installed), "HOME": str(home), "PYTHONUTF8": "1", "NO_COLOR": "1"}
    return subprocess.run(
        # -P: not what lies beside the script or in the current folder
        [sys.executable, "-P", str(installed / "bin" / "shyraq"), *arguments],
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


def shipped_files(*folders: str) -> set[str]:
    """Files of the checkout, as paths from it."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in found if "__pycache__" not in path.parts}


def test_everything_is_inside(wheel: Path) -> None:
    inside = set(ZipFile(wheel).namelist())
    assert shipped_files("assistant", "ingest", "bots", "evals") <= inside
    assert {f"assistant/_data/{name}" for name in shipped_files("knowledge", "prompts")} <= inside
    assert {"assistant/language.npz", "assistant/letters.npz"} <= inside
    assert "assistant/migrations/versions/0001_conversations.py" in inside
    assert "bots/web/widget.js" in inside
    assert [name for name in inside if name.endswith("/licenses/LICENSE")]


def test_nothing_else_is_inside(wheel: Path) -> None:
    folders = {name.split("/")[0] for name in ZipFile(wheel).namelist()}
    assert {name for name in folders if not name.endswith(".dist-info")} == {"assistant", "ingest", "bots", "evals"}


def test_check_passes_away_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    checked = shyraq(installed, "check", home=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.startswith("All is well")


def test_data_go_to_the_user_s_own_folder(installed: Path, tmp_path: Path) -> None:
    code = "from assistant.settings import read_settings, shipped; print(read_settings().data_dir, shipped('prompts'))"
    told = subprocess.run(
        [sys.executable, "-P", "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed), "HOME": str(tmp_path), "XDG_DATA_HOME": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = [tmp_path / ".local/share/shyraq", installed / "assistant/_data/prompts"]
    assert told.stdout.split() == list(map(str, expected))


def test_every_import_is_of_a_declared_dependency() -> None:
    """Or of what one of them is made of: starlette of fastapi. Extras count, since their imports are not at the top."""
    declared = {_name(requirement) for requirement in requires("shyraq") or ()}
    known = declared | {_name(requirement) for name in declared for requirement in _requirements(name)}
    distributions = packages_distributions()
    undeclared = [
        imported
        for imported in _imported("assistant", "ingest", "bots")
        if imported not in sys.stdlib_module_names
        and not known.intersection(map(_name, distributions.get(imported, [])))
    ]
    assert undeclared == []


def _name(requirement: str) -> str:
    """The normalised name of a distribution, from any requirement on it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", requirement)[0]).lower()


def _requirements(distribution: str) -> list[str]:
    try:
        return requires(distribution) or []
    except PackageNotFoundError:  # of an extra that is not installed here
        return []


def _imported(*folders: str) -> set[str]:
    """The top-level names that the code of these folders imports when it is itself imported."""
    found = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.split(".")[0])
    return found - {"assistant", "ingest", "bots"}
