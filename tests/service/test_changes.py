"""Songs that are made of others over HTTP: what is kept, what is new, and what cannot be had."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from art.contract import CoverRequest
from art.sketch.subjects.reading import subjects_of
from tests.service.server import Server, serving
from tests.vision.photos import file_of, shot

EMBEDDED = {f"SONGWRIGHT_{craft}__ENGINE": "sketch" for craft in ("LYRICS", "MUSIC", "ART")}
ASYNC = {"Prefer": "respond-async"}
WORDS = "[verse]\nMorning paints the quiet street\n[chorus]\nHold the light and let it grow"
GERMAN = "Der Mond scheint hell auf unser Haus\nund morgen gehen wir nicht hinaus"
HALF = {"start_s": 0, "end_s": 3, "seed": 2}
OTHER = "[verse]\nEvening brings a colder wind"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("home"), **EMBEDDED) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as connected:
        yield connected


@pytest.fixture(scope="module")
def parent(server: Server) -> dict[str, Any]:
    with server.client() as client:
        body = {"prompt": "pop, 120 BPM", "lyrics": WORDS, "audio_duration": 24, "seed": 5}
        return dict(client.post("/generate-with-lyrics", json=body).raise_for_status().json())


def sound(client: httpx.Client, song: dict[str, Any]) -> tuple[np.ndarray, int]:
    data = client.get(f"/songs/{song['id']}/audio").raise_for_status().content
    samples, rate_hz = soundfile.read(io.BytesIO(data))
    return samples, rate_hz


def changed(client: httpx.Client, song: dict[str, Any], task: str, **body: Any) -> dict[str, Any]:
    return dict(client.post(f"/songs/{song['id']}/{task}", json=body).raise_for_status().json())


def test_a_song_is_extended(client: httpx.Client, parent: dict[str, Any]) -> None:
    song = changed(client, parent, "extend", by_s=12, lyrics=OTHER, seed=9)
    assert song["status"] == "done"
    assert song["id"] != parent["id"]
    assert (song["parent"], song["task"]) == (parent["id"], "extend")
    assert (parent["parent"], parent["task"]) == ("", "compose")
    change = song["brief"]["change"]
    assert (change["task"], change["source"]) == ("extend", parent["id"])
    assert change["by_s"] - change["anew_s"] == pytest.approx(12)  # the old ending is no part of it
    assert song["music"]["duration_s"] == pytest.approx(parent["music"]["duration_s"] + 12, abs=0.1)
    before, rate_hz = sound(client, parent)
    after, _ = sound(client, song)
    join = len(after) - round(change["by_s"] * rate_hz)
    assert 0.5 * len(before) < join < len(before)
    kept = join - round(0.1 * rate_hz)
    assert np.array_equal(after[:kept], before[:kept])
    assert song["music"]["duration_s"] == pytest.approx(len(after) / rate_hz, abs=0.001)
    assert song["plan"]["lyrics"].endswith(OTHER)
    assert "Evening" in client.get(song["urls"]["lrc"]).text
    # The cover is that of the song, and inside the audio.
    covers = [client.get(one["urls"]["cover"]).content for one in (parent, song)]
    assert covers[0] == covers[1]
    assert song["engines"]["art"] == parent["engines"]["art"]


def test_a_part_is_repainted_with_the_same_words_or_others(
    client: httpx.Client, parent: dict[str, Any]
) -> None:
    start_s, end_s = next(
        (section["start_s"], section["end_s"])
        for section in parent["music"]["sections"]
        if section["kind"] == "verse"
    )
    before, rate_hz = sound(client, parent)
    for words, sung in (("", "Morning paints the quiet street"), (OTHER, "Evening brings a colder wind")):
        song = changed(client, parent, "repaint", start_s=start_s, end_s=end_s, lyrics=words, seed=77)
        assert sung in song["plan"]["lyrics"]
        assert "Hold the light and let it grow" in song["plan"]["lyrics"]
        after, _ = sound(client, song)
        assert len(after) == len(before)
        first, last = (round((at_s - 0.1) * rate_hz) for at_s in (start_s, end_s))
        assert np.array_equal(after[: max(first - 2, 0)], before[: max(first - 2, 0)])
        assert np.array_equal(after[last + 2 :], before[last + 2 :])
        assert not np.allclose(after[first:last], before[first:last], atol=0.01)


def test_a_song_is_sung_with_other_words(client: httpx.Client, parent: dict[str, Any]) -> None:
    song = changed(client, parent, "resing", lyrics=f"{OTHER}\n[chorus]\nEverything is warm and slow", seed=3)
    assert song["brief"]["change"]["task"] == "resing"
    text = client.get(song["urls"]["lrc"]).text
    assert "Everything" in text
    assert "light and let" not in text.partition("[re:")[2]
    for stem in ("drums", "bass"):
        one, other = (
            soundfile.read(io.BytesIO(client.get(each["urls"][f"stem:{stem}"]).content))[0]
            for each in (parent, song)
        )
        assert np.mean(one == other) > 0.95
    assert "midi" in song["assets"]


def test_a_song_is_remixed(client: httpx.Client, parent: dict[str, Any]) -> None:
    song = changed(client, parent, "remix", prompt="lazy reggae with organ", strength=0.3, seed=3)
    assert song["plan"]["genre"] == "reggae"
    assert song["plan"]["lyrics"] == parent["plan"]["lyrics"]
    assert song["brief"]["change"]["strength"] == 0.3
    assert song["music"]["tempo_bpm"] == parent["music"]["tempo_bpm"]
    assert song["music"]["sections"] == parent["music"]["sections"]
    # A remix of a song that was changed has its words and its length too.
    longer = changed(client, parent, "extend", by_s=12, lyrics=OTHER, seed=9)
    again = changed(client, longer, "remix", prompt="punk", seed=3)
    assert again["music"]["duration_s"] == longer["music"]["duration_s"]
    assert again["plan"]["lyrics"] == longer["plan"]["lyrics"]


def test_the_same_change_with_the_same_seed_is_the_same_song(
    client: httpx.Client, parent: dict[str, Any]
) -> None:
    body = {"by_s": 10, "seed": 4, "format": "flac"}
    songs = [changed(client, parent, "extend", **body) for _ in range(2)]
    assert songs[0]["id"] == songs[1]["id"]  # found again
    once_more = client.post(
        f"/songs/{parent['id']}/extend", json=body, headers={"Cache-Control": "no-cache"}
    ).json()
    assert once_more["id"] != songs[0]["id"]
    like = client.post("/generate-like", json={"like": songs[0]["id"]}).raise_for_status().json()
    assert (like["task"], like["parent"], like["like"]) == ("extend", parent["id"], songs[0]["id"])
    sounds = [client.get(song["urls"]["audio"]).content for song in (songs[0], once_more, like)]
    assert sounds[0] == sounds[1] == sounds[2]


def test_a_change_is_quoted(client: httpx.Client, parent: dict[str, Any]) -> None:
    of = {"source": parent["id"]}
    for wanted in (
        {"task": "extend", "by_s": 6},
        {"task": "repaint", "start_s": 2, "end_s": 8},
        {"task": "remix", "prompt": "reggae"},
        {"task": "resing", "lyrics": OTHER},
    ):
        quote = client.post("/quote", json=wanted | of).raise_for_status().json()
        assert list(quote["stages"]) == ["music"]
        assert quote["songs"] >= 1
        assert quote["seconds"]["p50"] > 0
        ending = parent["music"]["sections"][-1]
        anew = {"extend": 6 + round(ending["end_s"] - ending["start_s"]), "repaint": 6}
        assert ending["kind"] == "outro"
        assert f"As if {anew.get(wanted['task'], 24)} s were composed" in quote["notes"][0]
    quote = client.post("/quote", json={"task": "cover"} | of).raise_for_status().json()
    assert list(quote["stages"]) == ["cover"]
    assert quote["seconds"] == quote["stages"]["cover"]["seconds"]
    assert quote["notes"][0] == "The cover alone: nothing is composed."
    refused = client.post("/quote", json={"task": "extend", "by_s": 599} | of)
    assert (refused.status_code, refused.json()["field"]) == (422, "by_s")
    refused = client.post("/quote", json={"task": "extend"} | of)
    assert (refused.status_code, refused.json()["field"]) == (422, "by_s")
    assert client.post("/quote", json={"task": "extend", "by_s": 9, "source": "nothere"}).status_code == 404


@pytest.mark.parametrize("as_cover", [False, True])
def test_a_song_of_a_photo_is_changed_like_any_other(client: httpx.Client, *, as_cover: bool) -> None:
    fields = {"audio_duration": "6", "photo_as_cover": str(as_cover).lower()}
    photo = {"image": ("sea.jpg", file_of(shot("sea"), "JPEG"), "image/jpeg")}
    first = client.post("/generate-from-image", data=fields, files=photo).raise_for_status().json()
    assert first["engines"]["vision"]["name"] == "sketch"
    if as_cover:
        songs = [changed(client, first, "extend", by_s=5, seed=2), changed(client, first, "repaint", **HALF)]
    else:
        songs = [changed(client, first, "remix", prompt="reggae", seed=2)]
    like = client.post("/generate-like", json={"like": songs[0]["id"]}).raise_for_status().json()
    for song in (*songs, like):
        assert (song["status"], song["parent"]) == ("done", first["id"]), song["error"]
        # The cover is the parent's, whatever it was made from; the photo itself stays with the parent.
        assert song["assets"]["cover"]["sha256"] == first["assets"]["cover"]["sha256"]
        assert "photo" not in song["assets"]
        assert (song["brief"]["photo"], song["brief"]["photo_as_cover"]) == ("", False)
    other = changed(client, first, "cover", prompt="a lighthouse", seed=3)
    assert other["engines"]["art"]["name"] == "sketch"
    assert other["assets"]["cover"]["sha256"] != first["assets"]["cover"]["sha256"]
    assert np.array_equal(sound(client, other)[0], sound(client, first)[0])


def test_the_embedded_composer_does_not_change_recordings(client: httpx.Client) -> None:
    sent = client.post("/audio", files={"audio": ("loop.wav", drum_loop())}, data={"rights": "mine"})
    recording = sent.raise_for_status().json()
    assert recording["tempo_bpm"] == pytest.approx(120.0, abs=1.0)
    # The embedded composer plays from scores; models go by the sound.
    refused = client.post(f"/songs/{recording['id']}/extend", json={"by_s": 8})
    assert (refused.status_code, refused.json()["field"]) == (422, "source")
    assert "'acestep' or 'musicgen' does recordings" in refused.json()["fix"]
    gone = client.post("/songs/rec-00000000000000000000/extend", json={"by_s": 10})
    assert gone.status_code == 404


def drum_loop() -> bytes:
    """Sixteen seconds of clicks at 120 BPM over a chord."""
    rate_hz = 44_100
    t = np.arange(16 * rate_hz) / rate_hz
    beat = np.exp(-30.0 * (t % 0.5)) * np.random.default_rng(3).standard_normal(len(t))
    chord = sum(np.sin(2.0 * np.pi * hz * t) for hz in (220.0, 277.2, 329.6))
    out = io.BytesIO()
    soundfile.write(out, (0.25 * beat + 0.08 * chord).astype(np.float32), rate_hz, format="WAV")
    return out.getvalue()


def test_a_draft_is_finished_and_begins_as_the_whole_song(client: httpx.Client) -> None:
    body = {"prompt": "pop, 120 BPM", "lyrics": f"{WORDS}\n\n{OTHER}", "audio_duration": 60, "seed": 6}
    draft = client.post("/generate-with-lyrics", json=body | {"draft": True}).raise_for_status().json()
    assert (draft["brief"]["duration_s"], draft["music"]["duration_s"]) == (60, 30)
    whole = client.post(f"/songs/{draft['id']}/finish", json={}).raise_for_status().json()
    assert whole["like"] == draft["id"]
    assert whole["music"]["duration_s"] == 60
    assert (whole["seed"], whole["plan"]) == (draft["seed"], draft["plan"])
    stamps = [client.get(song["urls"]["lrc"]).text.splitlines() for song in (draft, whole)]
    sung = [line for line in stamps[0] if line.startswith("[00:")]
    assert sung
    # To the word and the hundredth; the last line may be cut in its middle.
    assert set(sung[:-1]) <= set(stamps[1])
    again = client.post(f"/songs/{whole['id']}/finish", json={})
    assert (again.status_code, again.json()["type"]) == (409, "urn:songwright:problem:conflict")


def test_children_stay_when_their_parent_is_deleted(server: Server, client: httpx.Client) -> None:
    body = {"prompt": "pop, 120 BPM", "lyrics": WORDS, "audio_duration": 12}
    song = client.post("/generate-with-lyrics", json=body).raise_for_status().json()
    child = changed(client, song, "extend", by_s=6)
    grandchild = changed(client, child, "repaint", start_s=4, end_s=9)
    assert client.delete(f"/songs/{song['id']}").status_code == 204
    assert client.delete(f"/songs/{child['id']}").status_code == 204
    left = client.get(f"/songs/{grandchild['id']}").json()
    assert left["status"] == "done"
    assert left["brief"]["change"]["source"] == child["id"]
    assert len(sound(client, left)[0])
    gone = client.post(f"/songs/{child['id']}/extend", json={"by_s": 10})
    assert gone.status_code == 404


@pytest.mark.parametrize(
    ("task", "body", "field", "fix"),
    [
        ("extend", {"by_s": 599}, "by_s", "a song has 600 s at the most"),
        ("extend", {"by_s": 0.5}, "by_s", "send 1 or more"),
        ("extend", {}, "by_s", "it is missing"),
        ("extend", {"by_s": 10, "from_s": 30}, "start_s", "the song has 24.0 s"),
        ("repaint", {"start_s": 30, "end_s": 40}, "start_s", "the song has 24.0 s"),
        ("repaint", {"start_s": 10, "end_s": 40}, "end_s", "between start_s, 10, and the song's end"),
        ("repaint", {"start_s": 10, "end_s": 10.5}, "end_s", "a bar at the least"),
        ("repaint", {"start_s": 10}, "end_s", "it is missing"),
        ("repaint", {"start_s": 0, "end_s": 9, "lyrics": GERMAN}, "lyrics", "these words are German"),
        ("resing", {"lyrics": GERMAN}, "lyrics", "'sketch' sings English"),
        ("resing", {}, "lyrics", "it is missing"),
        ("remix", {"strength": 0.5}, "prompt", "it is missing"),
        ("remix", {"prompt": "reggae", "strength": 1.5}, "strength", "send 1 or less"),
    ],
)
def test_what_cannot_be_changed_is_said_at_once(
    client: httpx.Client, parent: dict[str, Any], task: str, body: dict[str, Any], field: str, fix: str
) -> None:
    answer = client.post(f"/songs/{parent['id']}/{task}", json=body)
    assert answer.status_code in (400, 422)
    assert answer.json()["field"] == field
    assert fix in answer.json()["fix"]


def test_an_instrumental_takes_no_words(client: httpx.Client) -> None:
    body = {"full_described_song": "ambient", "instrumental": True, "audio_duration": 10}
    song = client.post("/generate-from-description", json=body).raise_for_status().json()
    refused = client.post(f"/songs/{song['id']}/extend", json={"by_s": 10, "lyrics": OTHER})
    assert (refused.status_code, refused.json()["field"]) == (422, "lyrics")
    longer = changed(client, song, "extend", by_s=10)
    assert longer["plan"]["lyrics"] == ""


def test_a_song_that_is_being_made_is_not_changed_yet(client: httpx.Client) -> None:
    body = {"full_described_song": "pop", "audio_duration": 120}
    song = client.post("/generate-from-description", json=body, headers=ASYNC).json()
    answer = client.post(f"/songs/{song['id']}/extend", json={"by_s": 10})
    if answer.status_code == 409:
        assert "change it when it is done" in answer.json()["detail"]
    client.post(f"/songs/{song['id']}/cancel")
    assert answer.status_code in (409, 200)


def test_an_engine_that_does_not_do_it_names_one_that_does(tmp_path_factory: pytest.TempPathFactory) -> None:
    with serving(tmp_path_factory.mktemp("hum")) as server, server.client() as client:
        body = {"full_described_song": "x", "audio_duration": 5}
        song = client.post("/generate-from-description", json=body).json()
        refused = client.post(f"/songs/{song['id']}/extend", json={"by_s": 10})
        assert refused.status_code == 422
        assert refused.json()["field"] == "task"
        fix = refused.json()["fix"]
        assert "engine 'hum' does not do it: 'sketch' or 'acestep' or 'musicgen' does" in fix


def test_a_song_gets_another_cover_and_keeps_its_sound(client: httpx.Client, parent: dict[str, Any]) -> None:
    song = changed(client, parent, "cover", prompt="a lighthouse in the fog", seed=77)
    assert (song["status"], song["parent"], song["task"]) == ("done", parent["id"], "cover")
    assert song["seed"] == song["engines"]["art"]["seed"] == 77
    assert song["plan"]["cover_prompt"] == "a lighthouse in the fog"
    assert np.array_equal(sound(client, song)[0], sound(client, parent)[0])
    covers = [client.get(one["urls"]["cover"]).content for one in (parent, song)]
    assert covers[0] != covers[1]
    # The new one is inside the audio, and nothing was composed or written.
    assert song["assets"]["audio"]["cover_sha256"] == song["assets"]["cover"]["sha256"]
    assert song["engines"]["music"] == parent["engines"]["music"]
    assert not {"music", "lyrics"} & song["costs"].keys()
    assert "cover" in song["costs"]
    assert song["music"] == parent["music"]
    for role in parent["assets"].keys() - {"audio", "cover"}:
        assert song["assets"][role]["sha256"] == parent["assets"][role]["sha256"], role
    assert client.get(f"/songs/{parent['id']}").json()["assets"] == parent["assets"]
    # The same request makes the same cover, and one without a seed another one.
    again = changed(client, parent, "cover", prompt="a lighthouse in the fog", seed=77)
    assert again["assets"]["cover"]["sha256"] == song["assets"]["cover"]["sha256"]
    request = CoverRequest(title="My Bicycle", prompt="", theme=song["plan"]["theme"], seed=1)
    assert [subject.name for subject in subjects_of(request)][:1] == ["lighthouse"]
    # A song that was renamed has its new name on what is made of it.
    client.patch(f"/songs/{song['id']}", json={"title": "Foghorn"}).raise_for_status()
    other = changed(client, song, "cover")
    assert other["title"] == other["plan"]["title"] == "Foghorn"
    assert other["seed"] != 77
    assert other["assets"]["cover"]["sha256"] != song["assets"]["cover"]["sha256"]
    assert other["plan"]["cover_prompt"] == "a lighthouse in the fog"
    assert client.post(f"/songs/{'0' * 15}/cover", json={}).status_code == 404
