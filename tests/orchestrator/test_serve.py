"""``songwright serve``: one service to a library; what a start says of its files, lock and port."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.lives import Start
from tests.orchestrator.test_cli import songwright
from tests.service.server import Server, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("home")) as running:
        yield running


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


def test_a_second_service_on_the_same_library_is_refused(server: Server) -> None:
    result = songwright(server.home, "serve", "--port", "0")
    assert result.returncode == 1
    assert "another service has the library" in result.stderr


def test_a_port_that_is_taken_is_said_in_one_line(server: Server, tmp_path: Path) -> None:
    port = server.url.rpartition(":")[2]
    result = songwright(tmp_path, "serve", "--port", port)
    assert result.returncode == 2
    assert "choose another with --port" in result.stderr
    assert len(result.stderr.splitlines()) == 1
