"""The service with a writer that asks a server."""

from __future__ import annotations

import json
from pathlib import Path

from tests.lyrics.openai_servers import MODEL, PLAN, Reply, playing, streamed
from tests.service.server import serving
from tests.service.test_generation import describe

KEY = "sk-of-the-service-0123456789"


def test_plans_songs_and_quotes_come_of_it_and_its_failure_is_a_document_without_the_key(
    tmp_path: Path,
) -> None:
    refused = Reply(401, json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}"}}))
    whole = Reply(200, streamed(json.dumps(PLAN)))
    with playing(whole) as asked:
        variables = {
            "SONGWRIGHT_LYRICS__ENGINE": "openai",
            "SONGWRIGHT_LYRICS__MODEL": MODEL,
            "SONGWRIGHT_OPENAI__BASE_URL": asked.url,
            "SONGWRIGHT_OPENAI__API_KEY": KEY,
        }
        with serving(tmp_path, **variables) as server, server.client() as client:
            body = describe("a synthwave song about rain", audio_duration=5)
            assert client.post("/plan", json=body).raise_for_status().json()["title"] == PLAN["title"]
            song = client.post("/generate-from-description", json=body).raise_for_status().json()
            assert song["engines"]["lyrics"]["name"] == "openai"
            assert song["plan"]["genre"] == PLAN["genre"]
            quote = client.post("/quote", json=body).raise_for_status().json()
            assert quote["songs"] == 1
            assert quote["stages"]["lyrics"]["seconds"]["p50"] > 0
            asked.replies = [refused]
            answer = client.post("/plan", json=body | {"seed": 4})
        log = "\n".join(server.lines)
    assert answer.status_code == 503
    assert "does not take the key (401, Incorrect API key provided: ***)" in answer.json()["detail"]
    assert all(headers["authorization"] == f"Bearer {KEY}" for _, headers, _ in asked.asked)
    kept = "".join(path.read_text() for path in tmp_path.rglob("*.json"))
    assert KEY not in f"{answer.text}{log}{kept}"
