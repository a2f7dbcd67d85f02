"""Every command that the README shows is one that works."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator

import httpx
import pytest
import yaml
from typer.core import TyperGroup
from typer.main import get_command

from assistant.cli import app
from assistant.settings import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8000"  # where `make serve` serves


def commands() -> Iterator[str]:
    """The commands of the fenced `sh` blocks, continued lines joined."""
    for block in re.findall(r"^```sh\n(.*?)^```", README, re.DOTALL | re.MULTILINE):
        yield from block.replace("\\\n", " ").splitlines()


COMMANDS = [shlex.split(command) for command in commands()]


def of(program: str) -> list[list[str]]:
    return [command for command in COMMANDS if command[0].rpartition("/")[2] == program]


def test_no_command_goes_unchecked() -> None:
    assert {command[0] for command in COMMANDS} == {"make", "curl", ".venv/bin/shyraq"}


@pytest.mark.parametrize("command", of("make"), ids=" ".join)
def test_make_has_the_target(command: list[str]) -> None:
    tried = subprocess.run([*command, "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert tried.returncode == 0, tried.stderr


def test_make_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.search(r"^\.PHONY: (.*)", makefile, re.MULTILINE)
    assert targets
    assert set(re.findall(r"^([a-z-]+) ", listed, re.MULTILINE)) == set(targets[1].split())


@pytest.mark.parametrize("command", of("shyraq"), ids=" ".join)
def test_shyraq_takes_the_arguments(command: list[str]) -> None:
    group = get_command(app)
    assert isinstance(group, TyperGroup)
    name, *arguments = command[1:]
    assert group.commands[name].make_context(name, arguments)  # raises where an argument is not taken


@pytest.mark.parametrize("command", of("curl"), ids=lambda command: "stream" if "-sN" in command else "reply")
def test_curl_gets_an_answer(command: list[str], client: httpx.Client) -> None:
    assert shutil.which("curl"), "curl is missing: tests/programs.sh installs it"
    assert ADDRESS in " ".join(command)
    here = [part.replace(ADDRESS, str(client.base_url).rstrip("/")) for part in command]
    shown = subprocess.run([*here, "--noproxy", "*"], capture_output=True, text=True, check=True, timeout=60).stdout
    if "-sN" in command:
        assert "event: final" in shown
    else:
        assert json.loads(shown)["status"] == "answered"


def test_every_link_leads_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README)
    assert [target for target in targets if not target.startswith("https://") and not (ROOT / target).exists()] == []


def test_the_table_names_every_folder() -> None:
    hidden_or_made = {"data", "dist", "build"}
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "_"))}
    assert folders - hidden_or_made == set(re.findall(r"`(\w+)/`(?=[,|]| \|)", README)) & folders


def test_it_stays_short() -> None:
    assert len(README.splitlines()) <= 140


def test_every_container_is_given_the_settings() -> None:
    channels = (ROOT / "bots" / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```yaml\n(.*?)^```", channels, re.DOTALL | re.MULTILINE)
    services = yaml.safe_load(example)["services"]
    assert {name: service.get("env_file") for name, service in services.items()} == {"core": ".env", "telegram": ".env"}
