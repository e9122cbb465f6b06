"""Who passes the doors for other services' clients, and which of them there are."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import get_args

import httpx
import pytest

from config.groups.doors import DoorSettings
from config.settings import Settings
from orchestrator.pipeline.inputs.recordings import Rights
from orchestrator.server.api.app import create_app
from tests.compat.conftest import DAW
from tests.service.server import TOKEN, Server, worked_s

STATS, RELEASE = "/acestep/v1/stats", "/acestep/release_task"
EVIL = "https://evil.example"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": DAW}, 200),
        ({"Origin": EVIL}, 401),
        ({"Origin": "null"}, 401),
        ({"Origin": "http://["}, 401),
        ({"Sec-Fetch-Site": "cross-site"}, 401),
        ({"Origin": EVIL, "Authorization": f"Bearer {TOKEN}"}, 200),
        ({"Authorization": "Bearer wrong-token-0123456789"}, 401),
    ],
)
def test_without_a_token_only_what_no_other_site_has_sent(
    opened: Server, headers: dict[str, str], status: int
) -> None:
    assert httpx.get(opened.url + STATS, headers=headers).status_code == status


@pytest.mark.parametrize("rest", [b"\n", b"\r\nx: y", b"[", b'{"a":'])
def test_a_body_of_a_stranger_costs_no_time(opened: Server, rest: bytes) -> None:
    headers = {"Origin": EVIL, "Content-Type": "multipart/form-data; boundary=x"}
    body = (b'name="ai_token"' + rest) * (900_000 // (15 + len(rest)))
    assert opened.process
    before = worked_s(opened.process.pid)
    assert httpx.post(opened.url + RELEASE, content=body, headers=headers).status_code == 401
    assert (
        httpx.post(opened.url + RELEASE, content=rest * 100_000, headers={"Origin": EVIL}).status_code == 401
    )
    assert worked_s(opened.process.pid) - before < 2.0


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
def test_only_a_form_may_be_as_large_as_a_recording(opened: Server, kind: str) -> None:
    body = b" " * 1_500_000
    answer = httpx.post(opened.url + RELEASE, content=body, headers={"Content-Type": kind})
    assert answer.status_code == (413 if kind == "application/json" else 400)
    assert set(answer.json()) >= {"detail", "error", "code"}


def test_the_word_for_recordings_is_one_that_they_are_kept_with() -> None:
    assert get_args(DoorSettings.model_fields["rights"].annotation) == ("", *get_args(Rights))


def test_a_slash_too_many_is_none(opened: Server) -> None:
    for path in (f"{STATS}/", STATS.replace("/v1", "//v1")):
        assert httpx.get(opened.url + path).json()["code"] == 200
    headers = {"Authorization": f"Bearer {TOKEN}"}
    for path in ("/v1/models/", "/v1//models", "/api/v1/models"):
        assert httpx.get(opened.url + path, headers=headers).json()["data"][0]["id"] == "songwright"
    assert httpx.get(f"{opened.url}/songs/", headers=headers).status_code == 404


def test_no_other_path_is_open(opened: Server) -> None:
    assert httpx.get(f"{opened.url}/songs").status_code == 401
    assert httpx.get(f"{opened.url}/api/v1/models").status_code == 401


def test_the_page_of_the_daw_may_ask_before_it_sends(opened: Server) -> None:
    asked = {"Origin": DAW, "Access-Control-Request-Method": "POST"}
    answer = httpx.options(f"{opened.url}/acestep/release_task", headers=asked)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")


def answered(home: Path, path: str, token: str = "", **doors: bool) -> httpx.Response:
    """The answer of an app that runs no engine."""
    settings = Settings(home=home, api_bearer_token=TOKEN, doors=DoorSettings(**doors))
    transport = httpx.ASGITransport(create_app(settings))
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


def test_unless_the_settings_say_otherwise_a_token_is_needed(tmp_path: Path) -> None:
    answer = answered(tmp_path, "/suno/api/get_limit")
    assert (answer.status_code, list(answer.json())) == (401, ["error"])
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answered(tmp_path, STATS).json()["code"] == 401
    assert answered(tmp_path, "/suno/api/get_limit", TOKEN).json()["credits_left"] == 5000


def test_a_door_that_is_off_is_a_path_that_there_never_was(tmp_path: Path) -> None:
    answer = answered(tmp_path, "/suno/api/get_limit", TOKEN, suno=False)
    assert (answer.status_code, answer.json()["title"]) == (404, "There is no such thing")
    assert answered(tmp_path, "/suno/api/get_limit", suno=False).status_code == 401
