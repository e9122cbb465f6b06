"""Runs the table through a real service with the embedded engines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.service.server import serving
from tests.typed.table import Row, mismatch

FILES = sorted(path.stem for path in Path(__file__).parent.glob("rows_*.py"))
ROWS: list[Row] = [row for name in FILES for row in import_module(f"tests.typed.{name}").ROWS]
EMBEDDED = {
    "SONGWRIGHT_LYRICS__ENGINE": "sketch",
    "SONGWRIGHT_MUSIC__ENGINE": "sketch",
    "SONGWRIGHT_ART__ENGINE": "sketch",
}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with serving(tmp_path_factory.mktemp("typed"), **EMBEDDED) as server, server.client() as client:
        yield client


def _name(row: Row) -> str:
    words = next(str(value) for value in row.body.values())
    if row.body.get("lyrics"):
        words = str(row.body["lyrics"])
    return f"{row.kind}-{row.door}-{re.sub(r'[^a-z0-9]+', '-', words.lower())[:40]}"


@pytest.mark.parametrize("row", ROWS, ids=_name)
def test_what_is_typed_is_read_right(row: Row, client: httpx.Client) -> None:
    found = _plan(row, client) if row.door == "plan" else _song(row, client)
    wrong = {field: mismatch(_field(found, field), value) for field, value in row.expected.items()}
    assert not {field: why for field, why in wrong.items() if why}, row.body


def _plan(row: Row, client: httpx.Client) -> dict[str, Any]:
    answer = client.post("/plan", json=dict(row.body))
    return _known(answer)


def _song(row: Row, client: httpx.Client) -> dict[str, Any]:
    route = next(
        route
        for field, route in (
            ("full_described_song", "/generate-from-description"),
            ("described_lyrics", "/generate-with-described-lyrics"),
            ("prompt", "/generate-with-lyrics"),
        )
        if field in row.body
    )
    answer = client.post(route, json={"audio_duration": 5.0, **row.body})
    found = _known(answer)
    if answer.status_code == 200:
        for role in ("lyrics", "lrc"):
            if role in found["assets"]:
                found[role] = client.get(f"/songs/{found['id']}/{role}").raise_for_status().text
        lines = [line for line in found.get("lrc", "").splitlines() if "<" in line]
        found["sung"] = " ".join(re.sub(r"[\[<]\d+:\d+\.\d+[\]>]", " ", " ".join(lines)).split())
        found["kinds"] = [section["kind"] for section in found["music"]["sections"]]
    return found


def _known(answer: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = answer.json()
    return found | {"status_code": answer.status_code, "error": found.get("detail", "")}


def _field(found: Any, path: str) -> Any:
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found
