"""Songs from photos in the pipeline: what is stored when, what a failure and a restart cost, what the words
become; and on the command line."""

import asyncio
import json
from pathlib import Path

import pytest

from config.engine import EngineOptions
from config.errors import EngineUnavailable, InvalidRequest, StoreUnavailable
from config.settings import Settings
from orchestrator.cli.commands import DONE, FAILED, WRONG_USAGE
from orchestrator.cli.doctor import examine
from orchestrator.pipeline.inputs.photos import keep_photo, photo_in, photo_name, photo_of
from orchestrator.pipeline.make_song import make_song
from orchestrator.pipeline.replay import again
from orchestrator.songs.brief import Brief
from orchestrator.songs.export import export
from orchestrator.songs.library import Library, asset_key
from orchestrator.songs.manifest import Song, Status, new_songs
from orchestrator.songs.stages import ignore_stages
from orchestrator.workers.in_process import InProcessWorker
from storage.contract import read
from storage.local import LocalStore
from tests.orchestrator.test_cli import QUICK, manifest, songwright
from tests.orchestrator.test_queue import Moody, songs, working
from tests.vision.photos import file_of, shot
from vision.contract import READERS
from vision.photo import kept_photo

HERE = "tests.orchestrator.engines"
PHOTO = kept_photo(file_of(shot("sea")))


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(LocalStore(tmp_path))


def settings(**engines: str) -> Settings:
    chosen = {"lyrics": "PlainWriter", "music": "HumComposer", "art": "BlankPainter"} | engines
    return Settings.model_validate(
        {
            craft: {"engine": engine if engine in ("sketch",) or ":" in engine else f"{HERE}:{engine}"}
            for craft, engine in chosen.items()
        }
    )


def make(song: Song, library: Library, **engines: str) -> Song:
    worker = InProcessWorker(settings(**engines), library.store)
    try:
        return asyncio.run(make_song(song, worker, library, ignore_stages))
    finally:
        worker.close()


def begun(library: Library, **fields: object) -> Song:
    brief = Brief.model_validate({"photo": photo_name(PHOTO), "duration_s": 5.0, "seed": 7} | fields)
    return library.save(keep_photo(library, new_songs(brief)[0], PHOTO))


def test_a_photo_is_read_once_and_its_scene_is_in_the_manifest(library: Library) -> None:
    song = make(begun(library), library)
    assert song.status is Status.DONE
    assert song.scene is not None
    assert "the open sea" in song.scene.elements
    assert song.engines["vision"].name == "sketch"
    assert {"numpy", "pillow", "songwright"} <= song.engines["vision"].libraries.keys()
    assert library.load(song.id) == song
    assert read(library.store, asset_key(song.id, "photo.png")) == PHOTO


def test_a_song_whose_composer_failed_goes_on_without_reading_its_photo_again(library: Library) -> None:
    song = begun(library)
    with pytest.raises(EngineUnavailable):
        make(song, library, music="absent:Engine")
    kept = library.load(song.id)
    assert kept.scene is not None
    done = make(kept, library, vision="absent:Engine")
    assert done.status is Status.DONE
    assert done.scene == kept.scene


def test_a_reader_that_is_not_there_fails_the_song_in_the_photo(library: Library) -> None:
    song = begun(library)
    with pytest.raises(EngineUnavailable, match="absent"):
        make(song, library, vision="absent:Engine")
    failed = library.load(song.id)
    assert failed.error is not None
    assert failed.error.step == "photo"
    assert make(failed, library).status is Status.DONE


def test_a_photo_as_the_cover_needs_no_painter(library: Library) -> None:
    song = make(begun(library, photo_as_cover=True), library, art="absent:Engine")
    assert song.engines["art"].name == "photo"
    assert song.engines["art"].licence == "the giver's"
    assert song.assets["cover"].sha256 != song.assets["photo"].sha256


def test_a_song_like_it_has_its_photo_and_scene_even_with_another_painter(library: Library) -> None:
    first = make(begun(library, photo_as_cover=True), library)
    [song], photo, _ = again(first, library, settings(art="BlankPainter"), {"seed": 9})
    assert photo == PHOTO
    assert song.scene == first.scene
    other = make(library.save(keep_photo(library, song, photo)), library, vision="absent:Engine")
    assert other.assets["cover"].sha256 == first.assets["cover"].sha256
    assert photo_of(library, other) == PHOTO
    plain = make(library.save(new_songs(Brief(description="x", duration_s=5.0))[0]), library)
    assert photo_of(library, plain) == b""


def test_a_store_that_fails_leaves_nothing_of_songs_that_were_not_taken(tmp_path: Path) -> None:
    store = Moody(tmp_path)
    waiting = songs(2)
    store.refused = {f"put {asset_key(waiting[1].id, 'song.json')}"}

    async def journey() -> None:
        async with working(store) as jobs:
            with pytest.raises(StoreUnavailable):
                await jobs.submit(waiting, PHOTO)
            store.refused = set()
            taken = await jobs.submit(waiting, PHOTO)
            assert all(song.assets["photo"].size_bytes == len(PHOTO) for song in taken)

    asyncio.run(journey())
    assert len([key for key in store.list("songs/") if key.endswith("photo.png")]) == 2


def test_a_store_that_fails_is_left_empty(tmp_path: Path) -> None:
    store = Moody(tmp_path)
    [song] = songs()
    store.refused = {f"put {asset_key(song.id, 'song.json')}"}

    async def journey() -> None:
        async with working(store) as jobs:
            with pytest.raises(StoreUnavailable):
                await jobs.submit([song], PHOTO)

    asyncio.run(journey())
    assert list(store.list("")) == []


def test_a_photo_whose_song_never_came_is_cleared_away_at_the_next_start(library: Library) -> None:
    kept = begun(library)
    lost = new_songs(Brief(description="x"))[0]
    keep_photo(library, lost, PHOTO)  # and here the process ends
    later = Library(library.store)
    assert [song.id for song in later.unsettled()] == [kept.id]
    assert not list(library.store.list(f"songs/{lost.id}"))
    assert not list(library.store.list(f"open/{lost.id}"))


def test_a_brief_needs_a_photo_for_its_cover_and_nothing_else_beside_one() -> None:
    assert Brief(photo="0" * 64).description == ""
    with pytest.raises(InvalidRequest, match="photo_as_cover"):
        Brief(description="x", photo_as_cover=True)


def test_copies_of_the_files_have_the_photo_beside_the_cover(library: Library, tmp_path: Path) -> None:
    song = make(begun(library, description="Sea"), library)
    out = tmp_path / "out"
    export(song, library.store, out)
    pictures = sorted(path.name for path in out.glob("*.png"))
    assert len(pictures) == 2
    assert pictures[0].endswith(" photo.png")
    assert (out / pictures[0]).read_bytes() == PHOTO


def test_a_file_that_is_no_photo_or_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    with pytest.raises(InvalidRequest, match="No such file"):
        photo_in(path, 1000)
    with path.open("wb") as file:
        file.truncate(100_000_000_000)  # none of which is on the disk, and none of which is read
    with pytest.raises(InvalidRequest, match="1,000 bytes at the most"):
        photo_in(path, 1000)


def test_doctor_looks_at_the_reader_too(tmp_path: Path) -> None:
    found = {finding.subject: finding for finding in examine(Settings(home=tmp_path))}
    assert found["vision"].ok
    assert "sketch 1" in found["vision"].detail
    assert READERS.check("sketch", EngineOptions()).commercial


def test_make_takes_a_photo_and_words_and_can_make_it_the_cover(tmp_path: Path) -> None:
    photo = tmp_path / "holiday.jpg"
    photo.write_bytes(file_of(shot("sunset"), "JPEG"))
    home = tmp_path / "home"
    song = manifest(home, "slow folk", "--image", str(photo), "--photo-as-cover", "--seed", "3")
    assert song["title"].startswith("slow folk; a ")
    assert song["engines"]["art"]["name"] == "photo"
    assert song["assets"]["photo"]["key"].endswith("/photo.png")
    assert "a burning sunset" in song["scene"]["elements"]
    like = songwright(home, "make", "--like", song["id"], "--json")
    assert like.returncode == DONE, like.stderr
    assert json.loads(like.stdout)["assets"]["cover"]["sha256"] == song["assets"]["cover"]["sha256"]
    shown = songwright(home, "show", song["id"])
    assert f"songwright make --like {song['id']}" in shown.stdout


def test_make_refuses_what_is_no_photo_in_a_line(tmp_path: Path) -> None:
    drawing = tmp_path / "drawing.png"
    drawing.write_text("<svg/>")
    for arguments, says in (
        (["--image", str(drawing)], "PNG, JPEG, WebP"),
        (["--image", str(tmp_path)], "name a photo"),
        (["a song", "--photo-as-cover"], "send a photo"),
    ):
        result = songwright(tmp_path, "make", *arguments)
        assert result.returncode == WRONG_USAGE, result.stderr
        assert says in result.stderr
        assert len(result.stderr.splitlines()) == 1
    photo = tmp_path / "photo.png"
    photo.write_bytes(PHOTO)
    broken = QUICK | {"SONGWRIGHT_VISION__ENGINE": "absent:Engine"}
    result = songwright(tmp_path, "make", "--image", str(photo), variables=broken)
    assert result.returncode == FAILED
    assert "absent" in result.stderr
