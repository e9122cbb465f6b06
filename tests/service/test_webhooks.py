"""Webhooks from a running service to a running receiver."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.orchestrator.test_cli import HERE
from tests.service.receiver import Receiver, receiving, verified
from tests.service.server import Server, serving
from tests.service.test_generation import ASYNC, describe
from tests.service.test_songs import until

PRIVATE = {"SONGWRIGHT_WEBHOOKS__ALLOW_PRIVATE": "true"}


def secret_of(server: Server) -> str:
    return (server.home / ".songwright" / "webhook-secret").read_text().strip()


def received(receiver: Receiver, server: Server, count: int = 1) -> list[dict[str, Any]]:
    until(lambda: len(receiver.got) >= count)
    return [verified(secret_of(server), headers, body) for headers, body in receiver.got]


def test_a_song_that_has_ended_is_told_once_signed_and_with_addresses(tmp_path: Path) -> None:
    with receiving() as receiver, serving(tmp_path, **PRIVATE) as server, server.client() as client:
        song = client.post("/generate-from-description", json=describe(webhook=receiver.url)).json()
        (body,) = received(receiver, server)
        headers = receiver.got[0][0]
        assert body["type"] == "song.done"
        assert body["song"]["id"] == song["id"]
        assert body["song"]["r2_key"] == song["r2_key"]
        assert {"audio", "cover", "package"} <= body["song"]["urls"].keys()
        assert not {"owner", "idempotency"} & body["song"].keys()
        assert headers["webhook-id"] == f"msg_{song['id']}"
        assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
        kept = until(
            lambda: (hook := client.get(f"/songs/{song['id']}").json()["webhook"])["delivered_at"] and hook
        )
        assert kept["attempts"] == 1
        time.sleep(0.5)
        assert len(receiver.got) == 1


@pytest.mark.parametrize(("composer", "kind"), [("BrokenComposer", "failed"), ("SlowComposer", "cancelled")])
def test_a_song_that_failed_or_was_cancelled_is_told_too(tmp_path: Path, composer: str, kind: str) -> None:
    variables = PRIVATE | {"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:{composer}"}
    with receiving() as receiver, serving(tmp_path, **variables) as server, server.client() as client:
        accepted = client.post(
            "/generate-from-description", json=describe(webhook=receiver.url), headers=ASYNC
        )
        if kind == "cancelled":
            assert client.post(f"/songs/{accepted.json()['id']}/cancel").status_code == 200
        assert received(receiver, server)[0]["type"] == f"song.{kind}"


def test_a_call_nobody_took_is_made_again_and_also_after_a_restart(tmp_path: Path) -> None:
    with receiving() as first:
        port, url = first.server_port, first.url
    with serving(tmp_path, **PRIVATE) as server, server.client() as client:
        song = client.post("/generate-from-description", json=describe(webhook=url)).json()
        until(lambda: client.get(f"/songs/{song['id']}").json()["webhook"]["attempts"] == 1)
    with receiving(port) as receiver, serving(tmp_path, **PRIVATE) as server:
        assert received(receiver, server)[0]["song"]["id"] == song["id"]


def test_an_error_is_answered_by_another_try(tmp_path: Path) -> None:
    with receiving() as receiver, serving(tmp_path, **PRIVATE) as server, server.client() as client:
        receiver.answers = [500]
        client.post("/generate-from-description", json=describe(webhook=receiver.url)).raise_for_status()
        bodies = received(receiver, server, 2)
        assert bodies[0] == bodies[1]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "10.0.0.8", "169.254.169.254", "192.168.1.1"])
def test_a_private_address_is_refused_before_a_song_is_made(tmp_path: Path, host: str) -> None:
    with serving(tmp_path, ready=False) as server, server.client() as client:
        response = client.post("/generate-from-description", json=describe(webhook=f"http://{host}:9/"))
        assert response.status_code == 403
        assert response.json()["type"] == "urn:songwright:problem:forbidden"
        assert "SONGWRIGHT_WEBHOOKS__ALLOW_PRIVATE" in response.json()["fix"]
        assert client.get("/songs").json()["songs"] == []
