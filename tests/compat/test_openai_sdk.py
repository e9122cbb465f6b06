"""OpenAI's published client, unchanged but for its address."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
import soundfile
from openai import AsyncOpenAI, OpenAI
from openai.types.chat.chat_completion_chunk import ChoiceDeltaAudio

from config.errors import InvalidRequest
from orchestrator.compat.chat.bodies import ChatRequest, SpeechRequest
from tests.compat.doors import server as server
from tests.orchestrator.early import BUG, HOLD
from tests.service.server import TOKEN, Server, holding

MESSAGES = [
    {"role": "system", "content": "You sing."},
    {"role": "user", "content": "a slow waltz about rain"},
]
AUDIO = {"voice": "onyx", "format": "wav"}
SHORT = {"duration": 5, "seed": 4}
NOTHING = ChoiceDeltaAudio()


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{server.url}/v1", api_key=TOKEN, max_retries=0, timeout=60) as opened:
        yield opened


def song_of(server: Server, song_id: str) -> dict[str, Any]:
    answer = httpx.get(f"{server.url}/songs/{song_id}", headers={"Authorization": f"Bearer {TOKEN}"})
    found: dict[str, Any] = answer.json()
    return found


def seconds(sound: bytes) -> float:
    samples, rate_hz = soundfile.read(io.BytesIO(sound))
    return float(len(samples) / rate_hz)


def test_the_models_are_ours(client: OpenAI) -> None:
    models = [model.id for model in client.models.list()]
    assert models[0] == "songwright"
    assert client.models.retrieve(models[1]).id == models[1]
    with pytest.raises(openai.NotFoundError, match="no model"):
        client.models.retrieve("gpt-5/x")


def test_a_chat_answers_with_audio_in_each_form(client: OpenAI, server: Server) -> None:
    made = client.chat.completions.create(
        model="gpt-audio", messages=MESSAGES, modalities=["text", "audio"], audio=AUDIO, extra_body=SHORT
    )
    audio = made.choices[0].message.audio
    assert audio
    assert seconds(base64.b64decode(audio.data)) == pytest.approx(5, abs=0.1)
    assert "hum" in audio.transcript or audio.transcript

    body = {"audio_config": {"duration": 5, "bpm": 90, "vocal_language": "de", "format": "mp3"}}
    tagged = [{"role": "user", "content": "<prompt>folk</prompt>\n<lyrics>[verse]\nOne line</lyrics>"}]
    # The client's own type of `audio` is OpenAI's; ACE-Step's users read the JSON.
    raw = client.chat.completions.with_raw_response.create(model="acestep", messages=tagged, extra_body=body)  # type: ignore[arg-type]
    answer = raw.http_response.json()
    message = answer["choices"][0]["message"]
    url: str = message["audio"][0]["audio_url"]["url"]
    assert url.startswith("data:audio/mpeg;base64,")
    assert seconds(base64.b64decode(url.partition(",")[2])) == pytest.approx(5, abs=0.1)
    assert "## Lyrics\n[verse]\nOne line" in message["content"]
    assert song_of(server, answer["id"].removeprefix("chatcmpl-"))["brief"]["description"] == "folk, 90 BPM"

    made = client.chat.completions.create(
        model="songwright", messages=MESSAGES, temperature=0.3, extra_body=SHORT | {"audio": {"speed": 2}}
    )
    assert song_of(server, made.id.removeprefix("chatcmpl-"))["warnings"][:2] == [
        "the request's field messages: only the last message of the user was used, none before it",
        "the request's fields were not used: temperature, audio.speed",
    ]
    made = client.chat.completions.create(model="songwright", messages=MESSAGES[1:], extra_body=SHORT)
    content = made.choices[0].message.content or ""
    address = content.partition("[audio](")[2].partition(")")[0]
    assert httpx.get(address).headers["content-type"] == "audio/mpeg"


def test_a_chat_streams_its_audio(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model="x",
        messages=MESSAGES,
        modalities=["text", "audio"],
        audio=AUDIO,
        stream=True,
        stream_options={"include_usage": True},
        extra_body=SHORT,
    )
    data, transcript, ends = "", "", []
    *parts, last = stream
    assert (last.choices, last.usage.total_tokens if last.usage else None) == ([], 0)
    for part in parts:
        choice = part.choices[0]
        audio = choice.delta.audio
        data += (audio.data if audio else None) or ""
        transcript += (audio.transcript if audio else None) or ""
        ends.append(choice.finish_reason)
    assert seconds(base64.b64decode(data)) == pytest.approx(5, abs=0.1)
    assert transcript
    assert ends[-1] == "stop"


def test_a_song_is_heard_while_it_is_made_and_one_that_fails_is_not_made_again(
    client: OpenAI, server: Server
) -> None:
    with holding(server.home / HOLD) as let_go:
        stream = client.chat.completions.create(
            model="x", messages=MESSAGES, modalities=["audio"], audio=AUDIO, stream=True, extra_body=SHORT
        )
        heard = next(part for part in stream if (part.choices[0].delta.audio or NOTHING).data)
        assert base64.b64decode(heard.choices[0].delta.audio.data).startswith(b"RIFF")  # type: ignore[union-attr]
        let_go()
        assert list(stream)[-1].choices[0].finish_reason == "stop"
    with (
        holding(server.home / HOLD),
        client.audio.speech.with_streaming_response.create(
            model="x", voice="ash", input="a waltz", response_format="wav", extra_body=SHORT
        ) as answer,
    ):
        assert next(answer.iter_bytes(4)) == b"RIFF"
    with pytest.raises(openai.InternalServerError) as failed:
        client.with_options(max_retries=2).chat.completions.create(
            model="x", messages=MESSAGES, extra_body=SHORT | {"seed": BUG}
        )
    assert failed.value.code == "engine-failed"
    assert failed.value.response.headers["x-should-retry"] == "false"
    with pytest.raises(openai.APIError, match="bug in the engine"):
        list(
            client.chat.completions.create(
                model="x", messages=MESSAGES, stream=True, extra_body=SHORT | {"seed": BUG}
            )
        )


def test_speech_is_the_songs_bytes(server: Server) -> None:
    words = "[verse]\nA line to sing\nAnd another line"
    song = song_of(server, asyncio.run(_speaks(server, words)))
    assert song["brief"]["lyrics"] == words
    assert song["brief"]["description"] == "female vocal"
    assert "the request's fields were not used: speed" in song["warnings"]


async def _speaks(server: Server, words: str) -> str:
    """The id of the song."""
    async with AsyncOpenAI(base_url=f"{server.url}/v1", api_key=TOKEN, max_retries=0) as client:
        for name in ("wav", "mp3", "flac"):
            async with client.audio.speech.with_streaming_response.create(
                model="tts-1", voice="nova", input=words, response_format=name, speed=1.5, extra_body=SHORT
            ) as answer:
                sound = await answer.read()
                song = answer.headers["song-id"]
            assert seconds(sound) == pytest.approx(5, abs=0.1)
    return song


def test_speech_can_be_events(client: OpenAI) -> None:
    answer = client.audio.speech.create(
        model="x", voice="nova", input="a waltz", response_format="mp3", stream_format="sse", extra_body=SHORT
    )
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
    sound = b"".join(base64.b64decode(event.get("audio", "")) for event in events)
    assert seconds(sound) == pytest.approx(5, abs=0.1)
    assert events[-1]["type"] == "speech.audio.done"


FOUR_LINES = "a slow song\nin a minor key\nwith strings\nand rain"
TAGGED = "<prompt>lo-fi</prompt>"


@pytest.mark.parametrize(
    ("content", "more", "brief"),
    [
        ("a waltz", {"seed": "42,123"}, {"description": "a waltz", "seed": 42, "instrumental": False}),
        ("a waltz", {"seed": "", "duration": -1, "bpm": ""}, {"duration_s": 180.0}),
        (
            "a waltz",
            {"inference_steps": 8, "guidance_scale": "7.5"},
            {"infer_step": 8, "guidance_scale": 7.5},
        ),
        (FOUR_LINES, {}, {"description": "", "lyrics": FOUR_LINES}),
        (FOUR_LINES, {"lyrics": "La la"}, {"description": FOUR_LINES.replace("\n", " "), "lyrics": "La la"}),
        (FOUR_LINES, {"sample_mode": True}, {"lyrics": "", "instrumental": False}),
        (TAGGED, {}, {"description": "lo-fi", "instrumental": True}),
        (TAGGED, {"audio_config": {"instrumental": False}}, {"instrumental": False}),
        (TAGGED + "<lyrics>[Inst]</lyrics>", {}, {"lyrics": "", "instrumental": True}),
        ("a", {"audio_config": {"time_signature": "6", "format": "WAV"}}, {"description": "a, in 6/8 time"}),
    ],
)
def test_wishes_are_read_as_their_own_servers_read_them(
    content: str, more: dict[str, Any], brief: dict[str, Any]
) -> None:
    body = ChatRequest.model_validate({"messages": [{"role": "user", "content": content}], **more})
    made = body.brief(body.form).model_dump()
    assert {name: made[name] for name in brief} == brief


def test_the_form_of_the_answer_is_the_clients() -> None:
    message = {"messages": [{"role": "user", "content": "a waltz"}]}
    audio = {"modalities": ["text", "audio"], "audio": {"voice": "nova"}}
    for form, more in (
        ("text", {}),
        ("openai", audio),
        ("openai", audio | {"model": "ACE-Step/acestep-v15-turbo"}),  # as it is called on the hub
        ("acestep", audio | {"model": "acestep/acestep-v15-turbo"}),
        ("acestep", {"audio_config": {}}),
        ("acestep", {"sample_mode": True}),
    ):
        assert ChatRequest.model_validate(message | more).form == form, more


def test_no_words_make_no_song() -> None:
    for fields in (
        {"input": " ", "voice": "nova"},
        {"input": ""},
        {"input": FOUR_LINES, "instrumental": True},
    ):
        with pytest.raises(InvalidRequest, match="input"):
            SpeechRequest.model_validate(fields).brief()


def test_refusals_have_the_shape_that_it_reads(client: OpenAI, server: Server) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.audio.speech.create(model="x", voice="nova", input="a waltz", response_format="opus")
    assert refused.value.body == {
        "message": 'response_format: "opus" - use one of wav, mp3, flac',
        "type": "invalid_request_error",
        "param": "response_format",
        "code": "invalid-request",
    }
    with pytest.raises(openai.BadRequestError, match="duration: 2"):
        client.chat.completions.create(model="x", messages=MESSAGES, extra_body={"duration": 2})
    part = {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}
    with pytest.raises(openai.BadRequestError, match="only text is read here"):
        client.chat.completions.create(model="x", messages=[{"role": "user", "content": [part]}])  # type: ignore[list-item]
    with pytest.raises(openai.BadRequestError, match="messages"):
        client.chat.completions.create(model="x", messages=[])
    with pytest.raises(openai.AuthenticationError) as unknown:
        client.with_options(api_key="wrong-token-0123456789").models.list()
    assert unknown.value.code == "invalid_api_key"
