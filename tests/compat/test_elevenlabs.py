"""ElevenLabs' published client, unchanged but for its address."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator

import httpx
import pytest
import soundfile
from elevenlabs import AsyncElevenLabs, ElevenLabs
from elevenlabs.core.api_error import ApiError
from elevenlabs.errors import UnprocessableEntityError
from elevenlabs.types import MusicPrompt, SectionSource, SongSection, TimeRange, WordTimestamp

from orchestrator.compat.elevenlabs.app import MusicRequest
from tests.compat.doors import server as server
from tests.service.server import TOKEN, Server


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[ElevenLabs]:
    with httpx.Client(timeout=60) as http:  # closed at the end, as the client itself cannot be
        yield ElevenLabs(base_url=server.url, api_key=TOKEN, httpx_client=http)


def seconds(sound: bytes) -> float:
    samples, rate_hz = soundfile.read(io.BytesIO(sound))
    return float(len(samples) / rate_hz)


def test_it_composes_from_a_prompt_and_from_a_plan(client: ElevenLabs, server: Server) -> None:
    sound = b"".join(client.music.compose(prompt="a slow waltz about rain", music_length_ms=6000))
    assert seconds(sound) == pytest.approx(6, abs=0.1)
    sound = b"".join(
        client.music.stream(
            prompt="a march", music_length_ms=5000, output_format="wav", force_instrumental=True
        )
    )
    assert sound.startswith(b"RIFF")

    plan = client.music.composition_plan.create(prompt="a folk song about the sea", music_length_ms=12_000)
    assert sum(section.duration_ms for section in plan.sections) == pytest.approx(12_000, abs=10)
    assert any(section.lines for section in plan.sections)
    made = client.music.compose_detailed(
        composition_plan=plan, output_format="mp3_44100_128", with_timestamps=True
    )
    assert seconds(made.audio) == pytest.approx(12, abs=0.1)
    times = [WordTimestamp.model_validate(each) for each in made.json["words_timestamps"]]
    assert [each.start_ms for each in times] == sorted(each.start_ms for each in times)
    assert 0 <= times[0].start_ms < times[-1].end_ms <= 12_500
    headers = {"Authorization": f"Bearer {TOKEN}"}
    song = httpx.get(f"{server.url}/songs/{made.song_id}", headers=headers).json()
    sung = [line for section in plan.sections for line in section.lines]
    assert [line for line in song["brief"]["lyrics"].splitlines() if line and line[0] != "["] == sung


def test_what_is_not_used_is_in_the_songs_warnings(server: Server) -> None:
    body = {"prompt": "a waltz", "music_length_ms": 5000, "finetune_id": "mine", "sign_with_c2pa": False}
    headers = {"xi-api-key": TOKEN}
    made = httpx.post(f"{server.url}/v1/music", json=body, headers=headers, timeout=60)
    song = httpx.get(
        f"{server.url}/songs/{made.headers['song-id']}", headers={"Authorization": f"Bearer {TOKEN}"}
    ).json()
    assert "the request's fields were not used: finetune_id" in song["warnings"]


def test_a_plan_and_words_have_other_names_too() -> None:
    plan = {"sections": [{"section_name": "[Verse]\nI", "duration_ms": 6000, "lines": ["La"]}]}
    made = MusicRequest.model_validate({"music_prompt": plan, "composition_plan": None}).brief(
        "MP3_44100_128"
    )
    assert (made.lyrics, made.duration_s, made.format) == ("[Verse I]\nLa", 6.0, "mp3")
    made = MusicRequest.model_validate({"prompt": "a waltz", "lyrics_text": "La la"}).brief("auto")
    assert (made.description, made.lyrics, made.instrumental) == ("a waltz", "La la", False)


def test_it_composes_asynchronously(server: Server) -> None:
    async def compose() -> bytes:
        async with httpx.AsyncClient(timeout=60) as http:
            client = AsyncElevenLabs(base_url=server.url, api_key=TOKEN, httpx_client=http)
            pieces = client.music.compose(prompt="a waltz", music_length_ms=5000)
            return b"".join([piece async for piece in pieces])

    assert seconds(asyncio.run(compose())) == pytest.approx(5, abs=0.1)


def test_refusals_have_the_shape_that_it_reads(client: ElevenLabs, server: Server) -> None:
    with pytest.raises(UnprocessableEntityError) as short:
        list(client.music.compose(prompt="a waltz", music_length_ms=3000))
    assert short.value.body["detail"][0]["msg"] == "music_length_ms: 3000 - ask for 5 to 600 seconds"
    with pytest.raises(UnprocessableEntityError) as odd:
        list(client.music.compose(prompt="a waltz", output_format="pcm_44100"))
    assert odd.value.body["detail"][0]["loc"] == ["body", "output_format"]
    with pytest.raises(UnprocessableEntityError, match="songs are not kept for inpainting"):
        list(client.music.compose(prompt="a waltz", store_for_inpainting=True))
    taken = SectionSource(song_id="x", range=TimeRange(start_ms=0, end_ms=3000))
    plan = MusicPrompt(
        positive_global_styles=["waltz"],
        negative_global_styles=[],
        sections=[
            SongSection(
                section_name="verse",
                positive_local_styles=[],
                negative_local_styles=[],
                duration_ms=6000,
                lines=["La"],
                source_from=taken,
            )
        ],
    )
    with pytest.raises(UnprocessableEntityError) as inpainted:
        list(client.music.compose(composition_plan=plan))
    assert inpainted.value.body["detail"][0]["loc"] == ["body", "composition_plan.sections.0.source_from"]
    with pytest.raises(UnprocessableEntityError, match="send it as composition_plan"):
        client.music.composition_plan.create(prompt="a waltz", source_composition_plan=plan)
    headers = {"xi-api-key": TOKEN}
    sections = [{"section_name": "verse", "duration_ms": 3000, "lines": ["La"]}]
    for body, where in (
        ({"prompt": "x", "music_length_ms": 10**400}, "music_length_ms"),
        ({"composition_plan": {"sections": sections}}, "composition_plan.sections"),
        ({"prompt": ""}, "prompt"),
    ):
        refused = httpx.post(f"{server.url}/v1/music", json=body, headers=headers)
        assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (422, ["body", where])
    with httpx.Client() as http:
        stranger = ElevenLabs(base_url=server.url, api_key="wrong-token-0123456789", httpx_client=http)
        with pytest.raises(ApiError) as unknown:
            list(stranger.music.compose(prompt="a waltz"))
    assert unknown.value.status_code == 401
    assert unknown.value.body["detail"]["status"] == "invalid_api_key"
    # The header is a token on these paths alone.
    assert httpx.get(f"{server.url}/songs", headers={"xi-api-key": TOKEN}).status_code == 401
