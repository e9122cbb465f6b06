"""A signal ends every state, and a song is let go of in every state."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import httpx
import pytest

from tests.hostile.figures import resisted
from tests.hostile.lives import GRACE_S, Start, soon
from tests.orchestrator.test_cli import COMMAND, HERE, QUICK, ROOT, environment, statuses
from tests.service.server import ended
from tests.service.test_generation import describe

LOADING = {
    "SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:EndlessComposer",
    "SONGWRIGHT_LYRICS__ENGINE": f"{HERE}:SpinningWriter",
}
STUCK = {
    "SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:HangingComposer",
    "SONGWRIGHT_ART__ENGINE": f"{HERE}:SpinningPainter",
    "SONGWRIGHT_WEBHOOKS__ALLOW_PRIVATE": "true",
}


def submitted(client: httpx.Client, **fields: object) -> str:
    answer = client.post("/generate-from-description", json=describe(**fields))
    return str(answer.raise_for_status().json()["id"])


@contextmanager
def asking(start: Start, method: str, path: str, **arguments: object) -> Iterator[None]:
    """While somebody waits for an answer, who is let go in the end."""

    def ask() -> None:
        headers = {"Authorization": start.client().headers["Authorization"]}
        try:
            httpx.request(method, start.url + path, headers=headers, timeout=30, **arguments)  # type: ignore[arg-type]
        except httpx.TransportError:
            return

    thread = Thread(target=ask)
    thread.start()
    try:
        yield
    finally:
        thread.join(10)
        assert not thread.is_alive()


@pytest.mark.long
def test_songs_whose_engine_loads_for_ever_are_cancelled_and_deleted_and_the_server_stopped(
    tmp_path: Path,
) -> None:
    with Start(tmp_path / "home", **LOADING) as start:
        assert start.outcome() == "serves"
        with start.client() as client:
            songs = [submitted(client) for _ in range(4)]
            soon(lambda: client.get(f"/songs/{songs[0]}").json()["status"] == "planning")
            took_s = []
            for method, path in (
                ("POST", f"/songs/{songs[0]}/cancel"),
                ("POST", f"/songs/{songs[3]}/cancel"),
                ("DELETE", f"/songs/{songs[1]}"),
            ):
                began = time.monotonic()
                client.request(method, path).raise_for_status()
                took_s.append(time.monotonic() - began)
            assert client.get(f"/songs/{songs[0]}").json()["status"] == "cancelled"
            assert client.get(f"/songs/{songs[1]}").status_code == 404
            plan = {"json": describe()}
            with pytest.raises(httpx.ReadTimeout):
                client.post("/plan", timeout=0.5, **plan)
        with asking(start, "POST", "/plan", **plan), asking(start, "GET", f"/songs/{songs[2]}/events"):
            time.sleep(0.3)
            stopped_s = start.stopped()
        assert not [line for line in start.lines if line.startswith("slow callback")]
    assert max(took_s) < 1.0
    assert stopped_s < GRACE_S + 5.0
    resisted(
        "songs of an engine that loads for ever: cancel, delete",
        limit="none waits for the engine",
        figure=f"{max(took_s):.2f} s at most",
    )
    resisted(
        "SIGTERM while engines load for ever, one in C",
        limit="the grace and 5 s",
        figure=f"{stopped_s - GRACE_S:.1f} s beyond the grace",
    )


@pytest.mark.long
@pytest.mark.parametrize("numbers", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT, signal.SIGINT)])
def test_a_server_with_everything_under_way_is_stopped(tmp_path: Path, numbers: tuple[int, int]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, Start(tmp_path / "home", **STUCK) as start:
        assert start.outcome() == "serves"
        hook = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with start.client() as client:
            assert ended(client, submitted(client, seed=1, webhook=hook))["status"] == "done"
            # Its webhook is under way, and is never answered: nobody accepts the connection.
            hanging = submitted(client, seed=13)
            soon(lambda: client.get(f"/songs/{hanging}").json()["progress"].get("music"))
            waiting = [submitted(client, seed=13) for _ in range(3)]
        with (
            asking(start, "GET", f"/songs/{hanging}/events"),
            asking(start, "GET", f"/songs/{waiting[-1]}/events"),
            asking(start, "POST", "/generate-from-description", json=describe(seed=13)),
        ):
            time.sleep(0.3)
            took_s = start.ended_by(*numbers)
        assert start.process.returncode in (0, 130)
        assert not [line for line in start.lines if line.startswith("slow callback")]
    assert took_s < GRACE_S + 5.0
    resisted(
        "signals with engines that hang, listeners, waiters and a webhook under way",
        limit="the grace and 5 s",
        figure=f"{took_s - GRACE_S:.1f} s beyond the grace ({signal.Signals(numbers[0]).name})",
    )


def test_the_command_line_is_interrupted_while_an_engine_loads_for_ever(tmp_path: Path) -> None:
    variables = QUICK | {"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:EndlessComposer"}
    with subprocess.Popen(
        [*COMMAND, "make", "A Song", "--duration", "5"],
        env=environment(tmp_path, **variables),
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        soon(lambda: statuses(tmp_path) == ["composing"], timeout_s=20.0)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=20)
        took_s = time.monotonic() - began
    assert process.returncode == 130
    assert "songwright: interrupted" in told
    assert statuses(tmp_path) == ["cancelled"]
    resisted(
        "Ctrl-C at the command line while an engine loads for ever",
        limit="2 s after the song is stored",
        figure=f"{took_s:.1f} s",
    )
