"""What a start says of its own files and of its lock."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from tests.hostile.lives import Start


def said(start: Start) -> list[str]:
    """What it said to its user, apart from the log."""
    return [line for line in start.lines if line.startswith("songwright: ")]


@pytest.mark.parametrize("what", ["token of other bytes", "token folder", "lock folder", "home file"])
def test_what_the_service_keeps_for_itself_is_damaged(tmp_path: Path, what: str) -> None:
    home = tmp_path / "home"
    private = home / ".songwright"
    if what == "home file":
        home.touch()
    else:
        private.mkdir(parents=True)
    if what == "token of other bytes":
        (private / "token").write_bytes(b"\xff\xfe\x00")
    elif what != "home file":
        (private / ("token" if "token" in what else "serve.lock")).mkdir()
    with Start(home, API_BEARER_TOKEN="") as start:
        line = start.outcome()
        assert line == "serves" or line.startswith("songwright: "), start.lines
        if line != "serves":
            assert said(start) == [line], start.lines


def test_another_program_that_holds_the_lock_and_a_folder_without_locks(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".songwright").mkdir(parents=True)
    with (home / ".songwright" / "serve.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with Start(home) as start:
            line = start.outcome()
        assert "another service has the library" in line
        assert len(said(start)) == 1, start.lines
        with Start(home, altered="without_locks") as start:
            assert start.outcome() == "serves"
            assert any("has no locks" in logged for logged in start.lines)
            start.stopped()
