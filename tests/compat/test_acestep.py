"""ACE-Step 1.5's REST API under ``/acestep``: the calls of its command (``skills/acestep/scripts/acestep.sh``
of github.com/ace-step/ACE-Step-1.5), of its DAW (``src/services/aceStepApi.ts`` of ace-step/ACE-Step-DAW) and
of its plug-in (``PluginBackendClient.cpp`` of ace-step/acestep.vst3), as of April 2026, and what they read of
the answers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.music.recordings import file_of, tone
from tests.orchestrator.early import BUG
from tests.service.server import TOKEN, Server

ENVELOPE = {"data", "code", "error", "timestamp", "extra"}
SHORT = {"audio_duration": 6, "batch_size": 1}
COMMAND: dict[str, Any] = {  # what acestep.sh sends
    "prompt": "upbeat pop song",
    "lyrics": "Hello world",
    "sample_query": "",
    "thinking": True,
    "use_format": True,
    "use_cot_caption": True,
    "use_cot_language": True,
    "vocal_language": "en",
    "audio_format": "mp3",
    "use_random_seed": True,
    "audio_duration": 6,
    "bpm": 100,
    "batch_size": 2,
}
PLUG_IN: dict[str, Any] = {  # and the plug-in
    "prompt": "a hum",
    "lyrics": "",
    "task_type": "text2music",
    "audio_duration": 6,
    "batch_size": 1,
    "audio_format": "wav",
    "thinking": False,
    "use_random_seed": False,
    "seed": 7,
    "inference_steps": 8,
    "guidance_scale": 7.0,
    "model": "acestep-v15-turbo",
}
DAW = {  # and the DAW, as a form, with the project's sound even where nothing is to be done with it
    "task_type": "text2music",
    "prompt": "a hum",
    "lyrics": "la la",
    "audio_duration": "6",
    "key_scale": "",
    "time_signature": "",
    "inference_steps": "50",
    "guidance_scale": "7",
    "shift": "3",
    "batch_size": "1",
    "audio_format": "wav",
    "thinking": "true",
    "model": "",
    "seed": "11",
    "use_random_seed": "false",
}


@pytest.fixture
def acestep(opened: Server) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=f"{opened.url}/acestep", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60.0
    ) as client:
        yield client


def data_of(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert set(body) == ENVELOPE
    assert (body["code"], body["error"]) == (200, None)
    return body["data"]


def released(acestep: httpx.Client, **body: Any) -> str:
    data = data_of(acestep.post("/release_task", json=SHORT | body))
    assert data["status"] == "queued"
    assert data["queue_position"] >= 1
    task_id: str = data["task_id"]
    return task_id


def result(acestep: httpx.Client, task_id: str, status: int = 1) -> list[dict[str, Any]]:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        (entry,) = data_of(acestep.post("/query_result", json={"task_id_list": [task_id]}))
        items: list[dict[str, Any]] = json.loads(entry["result"])
        if entry["status"] == status:
            return items
        assert entry["status"] == 0, items
        assert {"file", "status", "progress", "stage", "error"} <= set(items[0])
        time.sleep(0.05)
    raise AssertionError(items)


def fetched(acestep: httpx.Client, item: dict[str, Any]) -> httpx.Response:
    """As the DAW and the plug-in: the address as it stands, behind the server's, and without a token."""
    assert item["file"].startswith("/v1/audio?path=")
    answer = httpx.get(str(acestep.base_url).rstrip("/") + item["file"])
    assert answer.status_code == 200
    return answer


def test_the_command_gets_its_songs(acestep: httpx.Client) -> None:
    assert acestep.get("/health").json()["data"]["status"] == "ok"
    items = result(acestep, released(acestep, **COMMAND))
    assert len(items) == 2
    for item in items:
        assert item["metas"] | {"keyscale": "C major"} == {
            "bpm": 100 if item["metas"]["bpm"] == 100 else 120,  # the quick writer reads none
            "duration": 6.0,
            "genres": "pop",
            "keyscale": "C major",
            "timesignature": "4",
        }
        assert item["prompt"] == "upbeat pop song, 100 BPM"
        assert item["lyrics"] == "Hello world"
        assert len(item["seed_value"].split(",")) == 2
        assert "were not used: " in item["generation_info"]
        assert fetched(acestep, item).headers["content-type"] == "audio/mpeg"


def test_the_plug_in_gets_an_instrumental_with_its_seed(acestep: httpx.Client) -> None:
    (item,) = result(acestep, released(acestep, **PLUG_IN))
    assert (item["lyrics"], item["seed_value"]) == ("", "7")
    assert item["file"].endswith(".wav")  # it takes the file's extension from the address
    assert fetched(acestep, item).content[:4] == b"RIFF"


def test_the_daw_sends_a_form_with_a_file_that_a_new_song_does_not_need(
    opened: Server, acestep: httpx.Client
) -> None:
    files = {"src_audio": ("src_audio.wav", b"RIFF of silence", "audio/wav")}
    task_id = data_of(acestep.post("/release_task", data=DAW, files=files))["task_id"]
    (item,) = result(acestep, task_id)
    assert (item["lyrics"], item["seed_value"]) == ("la la", "11")
    inventory = data_of(acestep.get("/v1/model_inventory"))
    assert inventory["models"][0]["is_loaded"]
    assert "cover" in inventory["models"][0]["supported_task_types"]
    with opened.client() as own:
        assert own.get("/audio").json() == {"recordings": []}


@pytest.mark.parametrize("token", [TOKEN, "wrong-token-0123456789"])
def test_the_token_may_be_in_the_body_or_without_bearer(opened: Server, token: str) -> None:
    fields = {"task_id_list": "[]", "ai_token": token}
    ways: list[dict[str, Any]] = [
        {"json": fields},
        {"data": fields},
        {"files": {name: (None, value) for name, value in fields.items()}},
        {"json": {"task_id_list": []}, "headers": {"Authorization": token}},
    ]
    for way in ways:
        answer = httpx.post(f"{opened.url}/acestep/query_result", **way)
        if token == TOKEN:
            assert data_of(answer) == []
        else:
            assert answer.status_code == 401
            assert answer.json()["detail"] == answer.json()["error"]


def test_the_token_may_be_in_a_form_with_a_recording(opened: Server) -> None:
    upload = {"src_audio": ("tape.wav", bytes(1_500_000), "audio/wav")}
    for token, status in ((TOKEN, 400), ("wrong-token-0123456789", 401), ("", 401)):
        answer = httpx.post(
            f"{opened.url}/acestep/release_task",
            data={"ai_token": token, "task_type": "lego"},
            files=upload,
            headers={"Origin": "https://other.example"},
        )
        assert answer.status_code == status, answer.text


def test_a_file_that_nobody_has_chosen_is_none(acestep: httpx.Client) -> None:
    form = (
        '--x\r\nContent-Disposition: form-data; name="src_audio"; filename=""\r\n'
        "Content-Type: application/octet-stream\r\n\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="task_type"\r\n\r\ncover\r\n--x--\r\n'
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = acestep.post("/release_task", content=form, headers=headers)
    assert answer.json()["detail"].startswith('src_audio: "" - send the recording')


def test_the_chat_is_at_the_same_address(acestep: httpx.Client) -> None:
    body = {
        "model": "acestep/acestep-v15-turbo",
        "modalities": ["audio"],
        "audio": {"format": "mp3"},
        "messages": [{"role": "user", "content": "a hum"}],
        "seed": "7,8",
        "audio_config": {"duration": "6", "time_signature": "3/4", "bpm": "", "instrumental": True},
    }
    assert data_of(acestep.post("/v1/init", json={"init_llm": False}))["loaded_model"]
    assert data_of(acestep.get("/health"))["models_initialized"] is True
    answer = acestep.post("/v1/chat/completions", json=body).json()
    message = answer["choices"][0]["message"]
    assert message["audio"][0]["audio_url"]["url"].startswith("data:audio/mpeg;base64,")
    (item,) = result(acestep, answer["id"].removeprefix("chatcmpl-"))
    assert (item["prompt"], item["seed_value"]) == ("a hum, in 3/4 time", "7")
    for wrong in ({"task_type": "cover"}, {"seed": [1]}, {"seed": "x"}):
        refused = acestep.post("/v1/chat/completions", json=body | wrong)
        assert refused.status_code == 400
        assert refused.json()["detail"].startswith(f"{next(iter(wrong))}: ")
    assert "messages" in acestep.post("/v1/chat/completions", content=b"{}").json()["detail"]


def test_a_recording_is_made_into_another_song(opened: Server, acestep: httpx.Client) -> None:
    upload = file_of(tone(8.0))
    fields = {"task_type": "cover", "prompt": "slow bossa nova", "cover_strength": "0.6", "lyrics": "la"}
    files = {"ctx_audio": ("tape.wav", upload, "audio/wav")}
    answer = acestep.post("/release_task", data=fields | {"batchSize": "1"}, files=files)
    (item,) = result(acestep, data_of(answer)["task_id"])
    assert "task remix" in item["generation_info"]
    assert "strength=0.4" in item["generation_info"]
    assert "were not used: lyrics" in item["generation_info"]
    with opened.client() as own:
        (recording,) = own.get("/audio").json()["recordings"]
    assert (recording["name"], recording["rights"]) == ("tape.wav", "licensed")
    reference = {"reference_audio_path": recording["id"], "prompt": "a song of its own", "batch_size": 1}
    (item,) = result(acestep, released(acestep, **reference))
    assert "task reference" in item["generation_info"]


def test_a_song_of_a_result_is_changed_by_its_path(acestep: httpx.Client) -> None:
    task_id = released(acestep, prompt="a hum", lyrics="la la la", audio_duration=12)
    (item,) = result(acestep, task_id)
    path = parse_qs(urlsplit(item["file"]).query)["path"][0]
    repaint = {"task_type": "repaint", "srcAudioPath": path, "repaintingStart": 4, "repaintingEnd": 8}
    longer = {"task_type": "repaint", "src_audio_path": item["file"], "repainting_end": 30}
    longer |= {"bpm": 90, "param_obj": {"shift": 3.0}}
    parts = {"task_type": "extract", "src_audio_path": task_id, "track_name": "vocals"}
    cover = {"task_type": "cover", "prompt": "x", "use_random_seed": False}
    for wrong, name in (
        (repaint | {"repaintingStart": 700}, "repainting_start: 700.0"),
        (repaint | {"repaintingStart": -0.5}, "repainting_start"),
        (longer | {"repainting_end": 5000}, "repainting_end"),
        (cover | {"srcAudioPath": path, "prompt": "x" * 2001}, "prompt"),
        (cover | {"srcAudioPath": path, "seed": 2**60}, "seed"),
    ):
        refused = acestep.post("/release_task", json=wrong)
        assert (refused.status_code, refused.json()["detail"].startswith(name)) == (400, True), refused.text
    ids = [released(acestep, **body) for body in (repaint, longer, parts)]
    (painted,), (extended,), stems = (result(acestep, each) for each in ids)
    assert "task repaint: start_s=4.0 end_s=8.0" in painted["generation_info"]
    assert "task extend" in extended["generation_info"]
    assert "by_s=18.0" in extended["generation_info"]
    assert "were not used: shift, audio_duration, bpm" in extended["generation_info"]
    assert {stem["track"] for stem in stems} == {"vocals", "other"}
    assert fetched(acestep, stems[0]).headers["content-type"] == "audio/flac"


def test_a_task_that_failed_says_why_and_so_does_one_that_is_not_there(acestep: httpx.Client) -> None:
    (item,) = result(acestep, released(acestep, prompt="x", seed=BUG, use_random_seed=False), status=2)
    assert item["file"] == ""
    assert "a bug in the engine" in item["error"]
    (item,) = result(acestep, "550e8400-e29b-41d4-a716-446655440000", status=2)
    assert "no song" in item["error"]


def test_the_form_is_filled_and_the_figures_are_told(acestep: httpx.Client) -> None:
    planned = data_of(
        acestep.post(
            "/format_input", json={"prompt": "pop rock", "lyrics": "Walking", "param_obj": '{"duration": 60}'}
        )
    )
    assert planned["lyrics"] == "Walking"
    assert (planned["duration"], planned["time_signature"], planned["vocal_language"]) == (60.0, "4", "en")
    simple = data_of(acestep.post("/create_random_sample", json={"sample_type": "simple_mode"}))
    assert set(simple) == {"description", "instrumental", "vocal_language"}
    custom = data_of(acestep.post("/create_random_sample", json={"sample_type": "custom_mode"}))
    assert {"caption", "lyrics", "bpm", "duration", "keyscale", "timesignature"} <= set(custom)
    stats = data_of(acestep.get("/v1/stats"))
    assert stats["jobs"]["total"] == sum(stats["jobs"].values()) - stats["jobs"]["total"]
    drawn = data_of(acestep.post("/release_task", json={"sample_mode": True, **SHORT}))
    assert result(acestep, drawn["task_id"])[0]["prompt"]


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"task_type": "lego"}, 400, "task_type"),
        ({"task_type": "cover", "prompt": "x"}, 400, "src_audio"),
        ({"task_type": "cover", "src_audio_path": "/etc/passwd"}, 400, "src_audio_path"),
        ({"task_type": "cover", "prompt": "x", "src_audio_path": "123456789012345"}, 404, "song"),
        ({"prompt": "x", "audio_duration": 5000}, 400, "audio_duration"),
        ({"prompt": "x", "audio_duration": "long"}, 400, "audio_duration"),
        ({"prompt": "x", "audio_duration": 10**400}, 400, "audio_duration"),
        ({"prompt": "", "bpm": "auto", "audio_duration": "N/A"}, 400, "prompt"),
        ({"task_type": "cover", "src_audio_path": "http://["}, 400, "src_audio_path"),
        ({"prompt": "x", "batch_size": 8}, 400, "batch_size"),
        ({"prompt": "x", "audio_format": "opus"}, 400, "audio_format"),
        ({}, 400, "prompt"),
    ],
)
def test_what_cannot_be_done_is_refused_in_its_form(
    acestep: httpx.Client, body: dict[str, Any], status: int, says: str
) -> None:
    answer = acestep.post("/release_task", json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["code"] == status
    assert says in answer.json()["detail"]
    assert answer.json()["error"] == answer.json()["detail"]


def test_no_other_file_is_read_and_no_token_means_no_song(opened: Server, acestep: httpx.Client) -> None:
    (item,) = result(acestep, released(acestep, prompt="a hum"))
    expires, signature, *key = parse_qs(urlsplit(item["file"]).query)["path"][0].split("/")
    other = "0" if signature[0] != "0" else "1"
    with httpx.Client(
        base_url=f"{opened.url}/acestep", headers={"Origin": "https://other.example"}
    ) as stranger:
        for path, status in (
            ("/".join((expires, other + signature[1:], *key)), 403),
            ("/".join((str(int(expires) + 300), signature, *key)), 403),
            ("/".join((expires, signature, "songs/123456789012345/audio.mp3")), 403),
            ("/".join(key), 401),
            ("/etc/passwd", 401),
        ):
            assert stranger.get("/v1/audio", params={"path": path}).status_code == status, path
        assert stranger.post("/release_task", json=COMMAND).status_code == 401
        assert stranger.get("/v1/models").status_code == 401
    assert acestep.get("/v1/audio", params={"path": "/etc/passwd"}).status_code == 404
    assert acestep.get("/v1/audio", params={"path": "/".join(key)}).status_code == 200
