"""Ingest killed at random moments: what opens afterwards is the old version or the new one, whole."""

import random
import subprocess
import time

import pytest

from assistant.index import VERIFIED
from assistant.settings import ROOT
from tests.tiny import EVENT, Tiny, command, unfound

KILLS = 24
SENTENCES = ("The night reading takes place every year.", "Readers meet once a year, at night.")
WRITING, READY = "Writing", "The index is ready"


@pytest.mark.timeout(600)
def test_killed_at_any_moment_the_index_is_the_old_one_or_the_new_one_whole(
    tiny: Tiny, capsys: pytest.CaptureFixture[str]
) -> None:
    """Half the kills fall anywhere in a run, half into its second part, where the new version is written."""
    moments = random.Random(time.time_ns())
    before_writing, writing = _durations(tiny)
    ends: dict[str, int] = {"old": 0, "new": 0, "cut": 0}
    for number in range(KILLS):
        old, new = _change(tiny)
        if number % 2:
            _kill(tiny, after=WRITING, seconds=moments.uniform(0, writing))
        else:
            _kill(tiny, after=None, seconds=moments.uniform(0, before_writing + writing))
        found = _opened(tiny)
        assert found in (old, new)
        ends["new" if found == new else "old"] += 1
        ends["cut"] += any(not (folder / VERIFIED).exists() for folder in tiny.root.glob("2*"))
    with capsys.disabled():
        print(f"\n{KILLS} kills: {ends}; a run takes {before_writing:.1f} s, then {writing:.1f} s to write")  # noqa: T201
    assert ends["old"] and ends["cut"], "no kill fell into the work"
    _, new = _change(tiny)
    tiny.ingest()
    assert _opened(tiny) == new
    assert len(list(tiny.root.glob("2*"))) == 2, "what killed runs left is swept up"


def _durations(tiny: Tiny) -> tuple[float, float]:
    """Seconds that a run takes until it writes, and from there on."""
    _change(tiny)
    begun = time.monotonic()
    with subprocess.Popen(command(tiny), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as run:
        _wait_for(run, WRITING)
        wrote = time.monotonic()
        _wait_for(run, READY)
        return wrote - begun, time.monotonic() - wrote


def _change(tiny: Tiny) -> tuple[str, str]:
    """Put the other sentence into the knowledge; the sentence of the version in force, and the one in the knowledge."""
    old = _opened(tiny)
    new = SENTENCES[1 - SENTENCES.index(old)]
    path = tiny.knowledge / EVENT
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new), encoding="utf-8")
    return old, new


def _opened(tiny: Tiny) -> str:
    """The sentence in the version that a server opens, every vector of it looked up."""
    index = tiny.shelf().index()
    assert index.version == tiny.version(), "the version in force is the one that serves"
    assert unfound(index) == 0
    (found,) = {passage.text for passage in index.passages} & set(SENTENCES)
    return found


def _kill(tiny: Tiny, *, after: str | None, seconds: float) -> None:
    """Start an ingest and SIGKILL it some seconds after its start, or after it said `after`."""
    with subprocess.Popen(command(tiny), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as run:
        if after:
            _wait_for(run, after)
        time.sleep(seconds)
        run.kill()


def _wait_for(run: subprocess.Popen[str], said: str) -> None:
    assert run.stdout
    assert any(line.startswith(said) for line in run.stdout), f"the ingest ended and never said {said!r}"
