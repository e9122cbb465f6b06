"""POST /quote over HTTP: before anything was made, after, and from a library that was there already."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from config.gpus import PRICES_OF, usd_per_second
from orchestrator.songs.library import Library
from storage.local import LocalStore
from tests.orchestrator.songs import made_song
from tests.service.server import serving
from tests.service.test_generation import describe

BODIES: list[dict[str, Any]] = [
    {"full_described_song": "a song"},
    {"prompt": "punk", "lyrics": "[verse]\nla la la"},
    {"prompt": "punk", "described_lyrics": "a kitchen"},
]


def quoted(client: httpx.Client, body: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = client.post("/quote", json=body).raise_for_status().json()
    return answer


def test_a_quote_is_empty_until_a_song_was_made_and_then_tells_seconds(tmp_path: Path) -> None:
    with serving(tmp_path) as server, server.client() as client:
        for body in BODIES:
            quote = quoted(client, body)
            assert (quote["songs"], quote["seconds"], quote["usd"], quote["stages"]) == (0, None, None, {})
            assert "No song has been measured yet" in quote["notes"][0]
        assert client.get("/songs").json()["songs"] == []  # nothing was kept, and nothing made

        answers = [client.post("/generate-from-description", json=describe(seed=seed)) for seed in (1, 2, 3)]
        songs = [answer.raise_for_status().json() for answer in answers]
        assert all(song["costs"]["music"]["seconds"] > 0 for song in songs)
        assert all(song["costs"].keys() - {"tags"} == {"lyrics", "music", "cover"} for song in songs)
        quote = quoted(client, describe(audio_duraton=60))
        assert quote["songs"] == 3
        assert quote["seconds"]["p10"] <= quote["seconds"]["p50"] <= quote["seconds"]["p90"]
        times = sorted(song["timings_s"]["music"] for song in songs)
        assert quote["stages"]["music"]["seconds"]["p50"] == pytest.approx(times[1])
        assert quote["usd"] is None
        assert "did you mean audio_duration?" in quote["notes"][0]
        assert "no price" in quote["notes"][1]


def test_a_library_that_was_there_before_tells_seconds_and_price_for_each_kind_of_request(
    tmp_path: Path,
) -> None:
    library = Library(LocalStore(tmp_path))
    for number in range(1, 11):
        duration_s = 30.0 * number
        library.save(
            made_song(
                number,
                {"lyrics": 2.0, "music": 4 + 0.1 * duration_s, "cover": 1.0, "tags": 0.5},
                {"lyrics": (1.0, "L4"), "music": (0.05 * duration_s, "L40S"), "cover": (0.5, "L4")},
                duration_s=duration_s,
            )
        )
    l4, l40s = usd_per_second("L4"), usd_per_second("L40S")
    assert l4
    assert l40s
    with serving(tmp_path) as server, server.client() as client:
        for body in BODIES:
            quote = quoted(client, body | {"audio_duration": 600, "variations": 1})
            assert (quote["songs"], quote["audio_duration"], quote["prices_of"]) == (10, 600.0, PRICES_OF)
            assert quote["seconds"]["p50"] == pytest.approx(2 + 64 + 0.5)
            assert quote["stages"]["music"]["engine_seconds"]["p90"] == pytest.approx(30)
            assert quote["stages"]["music"]["scaling"] == "line"
            assert quote["usd"]["p50"] == pytest.approx(30 * l40s + 1.5 * l4, abs=1e-6)
        four = quoted(client, describe(audio_duration=600, variations=4))
        assert four["usd"]["p50"] == pytest.approx(4 * (30 * l40s + 1.5 * l4), abs=1e-5)

        bad = client.post("/quote", json={"prompt": "punk", "lyrics": "la", "audio_duration": 1})
        assert bad.status_code == 422
        assert bad.json()["type"] == "urn:songwright:problem:invalid-request"
        assert httpx.post(f"{server.url}/quote", json=BODIES[0]).status_code == 401
        cut = client.post("/quote", content=b"{", headers={"Content-Type": "application/json"})
        assert cut.status_code == 400
