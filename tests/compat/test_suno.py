"""suno-api's API under ``/suno``: the calls of its README (github.com/gcui-art/suno-api, as of March 2026),
whose samples are what most of its clients were made from, and what its routes answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.orchestrator.early import HOLD
from tests.service.server import TOKEN, Server, ended, holding

INFO = {
    *("id", "title", "image_url", "lyric", "audio_url", "video_url", "created_at", "model_name", "status"),
    *("gpt_description_prompt", "prompt", "type", "tags", "negative_tags", "duration", "error_message"),
}
"""``AudioInfo`` of its ``src/lib/SunoApi.ts``."""
SHORT = "a 12 second song about war, slowly and melodiously"


@pytest.fixture
def suno(opened: Server) -> Iterator[httpx.Client]:
    """As a program that has the token in its URL, since it knows none."""
    address = opened.url.replace("://", f"://:{TOKEN}@") + "/suno"
    with httpx.Client(base_url=address, timeout=60.0) as client:
        yield client


def made(suno: httpx.Client, path: str = "/api/generate", **body: Any) -> list[dict[str, Any]]:
    answer = suno.post(path, json={"prompt": SHORT} | body)
    assert answer.status_code == 200, answer.text
    infos: list[dict[str, Any]] = answer.json()
    return infos


def asked(suno: httpx.Client, *ids: str) -> list[dict[str, Any]]:
    infos: list[dict[str, Any]] = suno.get("/api/get", params={"ids": ",".join(ids)}).json()
    return infos


def until(suno: httpx.Client, ids: list[str], state: str) -> dict[str, Any]:
    """The first of these songs that is in ``state``."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        infos = asked(suno, *ids)
        for info in infos:
            if info["status"] == state:
                return info
        time.sleep(0.05)
    raise AssertionError(infos)


def test_the_readmes_program_gets_two_songs_that_play_while_they_are_made(
    opened: Server, suno: httpx.Client
) -> None:
    with holding(opened.home / HOLD) as let_go:
        data = made(suno, make_instrumental=False, wait_audio=False)
        assert [set(info) for info in data] == [INFO, INFO]
        assert {info["status"] for info in data} == {"submitted"}
        ids = [info["id"] for info in data]
        told = until(suno, ids, "streaming")  # whichever is made first
        with httpx.stream("GET", told["audio_url"]) as live:  # without a token
            assert live.status_code == 200
            assert live.headers["content-type"] == "audio/wav"
            assert next(live.iter_raw())[:4] == b"RIFF"
        let_go()
    done = [until(suno, [song_id], "complete") for song_id in ids]
    for info in done:
        assert info["duration"] == 12.0
        assert info["gpt_description_prompt"] == SHORT
        sound = httpx.get(info["audio_url"], headers={"Origin": "https://other.example"}).headers
        assert (sound["content-type"], sound["access-control-allow-origin"]) == ("audio/mpeg", "*")
        unsigned = httpx.get(
            info["audio_url"].partition("?")[0], headers={"Authorization": f"Bearer {TOKEN}"}
        )
        assert (unsigned.status_code, "access-control-allow-origin" in unsigned.headers) == (200, False)
        assert httpx.get(info["image_url"]).headers["content-type"] == "image/png"
        assert TOKEN not in info["audio_url"]
        assert httpx.get(told["audio_url"]).headers["content-type"] == "audio/mpeg"


def test_streaming_is_said_once_of_a_song_that_was_done_before_anybody_asked(
    opened: Server, suno: httpx.Client
) -> None:
    first, second = made(suno)
    with opened.client() as own:
        for info in (first, second):
            assert ended(own, info["id"])["status"] == "done"
    listed = suno.get("/api/get").json()
    assert {info["status"] for info in listed if info["id"] in (first["id"], second["id"])} == {"complete"}
    states = [[info["status"] for info in asked(suno, first["id"], second["id"])] for _ in range(2)]
    assert states == [["streaming", "streaming"], ["complete", "complete"]]


def test_own_words_a_style_and_a_title_are_sung_and_the_answer_waits(
    opened: Server, suno: httpx.Client
) -> None:
    infos = made(
        suno,
        "/api/custom_generate",
        prompt="[verse]\nOne line to sing\n\nAnd another",
        tags=["folk", "6 seconds"],
        title='My "own" title',
        negative_tags="drums, piano",
        persona_id="mine",
        wait_audio=True,
    )
    for info in infos:
        assert info["status"] in ("streaming", "complete")
        assert info["lyric"] == "[verse]\nOne line to sing\nAnd another"
        assert info["title"].startswith("folk, 6 seconds, without drums, without piano, titled")
        with opened.client() as own:
            warnings = own.get(f"/songs/{info['id']}").json()["warnings"]
        assert "the request's fields were not used: persona_id" in warnings
    ids = [info["id"] for info in infos]
    several = suno.get("/api/get", params={"ids": ids}).json()  # as some libraries send a list
    assert [info["id"] for info in several] == ids
    assert httpx.get(several[0]["audio_url"]).status_code == 200


def test_a_song_that_failed_has_no_audio_and_says_why(opened: Server, suno: httpx.Client) -> None:
    with holding(opened.home / HOLD), opened.client() as own:
        ids = [info["id"] for info in made(suno)]
        for song_id in ids:
            assert own.post(f"/songs/{song_id}/cancel").status_code == 200
        for info in asked(suno, *ids, "123456789012345", "no id"):
            assert (info["status"], info["audio_url"]) == ("error", "")
            assert info["error_message"] == "The song was cancelled."


def test_a_song_goes_on_and_is_taken_apart_and_has_the_times_of_its_words(suno: httpx.Client) -> None:
    first = made(suno, wait_audio=True)[0]["id"]
    until(suno, [first], "complete")
    words = suno.get("/api/get_aligned_lyrics", params={"song_id": first}).json()
    assert words[0] == {"word": "la ", "start_s": 0.5, "end_s": 1.0, "success": True, "p_align": 1.0}
    assert words[-1]["word"] == "la\n"

    for wish, name in (
        ({"continue_at": -5}, "continue_at: -5.0"),
        ({"continue_at": "99:00"}, "continue_at"),
        ({"prompt": "la " * 4000}, "prompt"),
        ({"tags": "x" * 2001}, "tags"),
    ):
        refused = suno.post("/api/extend_audio", json={"audio_id": first, **wish})
        assert (refused.status_code, name in refused.json()["error"]) == (400, True), refused.text
    longer = made(suno, "/api/extend_audio", audio_id=first, continue_at="0:04", prompt="More words")
    whole = suno.post("/api/concat", json={"clip_id": longer[0]["id"]}).json()
    assert (set(whole), whole["id"]) == (INFO, longer[0]["id"])
    assert until(suno, [longer[0]["id"]], "complete")["duration"] == pytest.approx(64.0, abs=2.0)

    (submitted,) = suno.post("/api/generate_stems", json={"audio_id": first}).json()
    assert submitted["stem_from_id"] == first
    until(suno, [submitted["id"]], "complete")
    stems = suno.post("/api/generate_stems", json={"audio_id": submitted["id"]}).json()
    assert {stem["id"] for stem in stems} == {f"{submitted['id']}.{name}" for name in ("vocals", "other")}
    clip = suno.get("/api/clip", params={"id": stems[0]["id"]}).json()
    assert httpx.get(clip["audio_url"]).headers["content-type"] == "audio/flac"


def test_lyrics_credits_pages_and_the_chat(suno: httpx.Client) -> None:
    lyrics = suno.post("/api/generate_lyrics", json={"prompt": "a song about tea"}).json()
    assert lyrics == {"text": "[verse]\nla la la\n", "title": "a song about tea", "status": "complete"}
    limit = suno.get("/api/get_limit").json()
    assert limit["credits_left"] == limit["monthly_limit"] - limit["monthly_usage"] > 0
    assert limit["period"] == "month"
    assert suno.get("/api/get", params={"page": 400}).json() == []
    messages = [{"role": "system", "content": "x"}, {"role": "user", "content": SHORT}]
    answer = suno.post("/v1/chat/completions", json={"messages": messages})
    assert answer.headers["content-type"].startswith("text/plain")
    title, cover, *_, link = answer.text.splitlines()
    assert title == f"## Song Title: {SHORT}"
    assert cover.startswith("![Song Cover](http")
    assert httpx.get(link.removeprefix("### Listen to the song: ")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "says"),
    [
        ("POST", "/api/extend_audio", {}, 400, "Audio ID is required"),
        ("POST", "/api/concat", {}, 400, "Clip id is required"),
        ("POST", "/api/generate_stems", {"audio_id": ""}, 400, "Audio ID is required"),
        ("POST", "/api/generate", {"prompt": ""}, 400, "prompt"),
        ("POST", "/api/generate", {"prompt": ["a"]}, 400, "send a text"),
        ("POST", "/api/custom_generate", {"make_instrumental": True}, 400, "tags"),
        ("POST", "/api/concat", {"clip_id": "../../token"}, 404, "no song"),
        ("POST", "/v1/chat/completions", {"messages": []}, 400, "Prompt message is required"),
        ("GET", "/api/clip", None, 400, "Missing parameter id"),
        ("GET", "/api/get_aligned_lyrics", None, 400, "Song ID is required"),
        ("GET", "/api/persona?id=1", None, 404, "no persona"),
        ("GET", "/api/get?page=-1", None, 400, "page"),
        ("GET", f"/api/get?page={'9' * 5000}", None, 400, "page"),
        ("POST", "/api//extend_audio/", {}, 400, "Audio ID is required"),  # of a URL that ends in a slash
        ("GET", "/api/nothing", None, 404, "no path"),
        ("PUT", "/api/get", None, 405, "PUT"),
    ],
)
def test_errors_are_in_its_form_and_pages_may_read_them(
    suno: httpx.Client, method: str, path: str, body: object, status: int, says: str
) -> None:
    answer = suno.request(method, path, json=body)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    assert says in answer.json()["error"]
    assert answer.headers["access-control-allow-origin"] == "*"


def test_a_body_that_is_no_json_is_refused(suno: httpx.Client) -> None:
    answer = suno.post("/api/generate", content=b'{"prompt": ')
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
